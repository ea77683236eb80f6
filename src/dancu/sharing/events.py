"""News of this room. Payloads hold keys and kinds only."""

CONSENT_GIVEN = "sharing.consent.given"
CONSENT_WITHDRAWN = "sharing.consent.withdrawn"
AGREEMENT_CHANGED = "sharing.agreement.changed"
