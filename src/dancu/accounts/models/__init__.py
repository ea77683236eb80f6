"""Accounts, sign-ins, applications: the nouns of the room."""

from dancu.accounts.models.core import ACR, Account, AccountState, Contacts, Happening, SignIn

__all__ = ["ACR", "Account", "AccountState", "Contacts", "Happening", "SignIn"]
