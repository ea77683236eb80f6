"""News of this room. Payloads hold keys and kinds only."""

CONSENT_GIVEN = "sharing.consent.given"
CONSENT_WITHDRAWN = "sharing.consent.withdrawn"
AGREEMENT_CHANGED = "sharing.agreement.changed"
DATA_AGREEMENT_CHANGED = "sharing.data_agreement.changed"
DATA_AGREEMENT_ESCALATED = "sharing.data_agreement.escalated"
