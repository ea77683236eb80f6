"""Who may see which fields of a citizen, for what purpose, until when: agreements of organisations, consents of citizens,
and the signed receipts of both."""
