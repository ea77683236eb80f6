"""Integrated documents: papers of ministries that a citizen carries in the account, live from their source."""
