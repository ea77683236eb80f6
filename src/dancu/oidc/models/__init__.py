"""The provider's things: clients, requests, families of tokens."""

from dancu.oidc.models.client import AuthMethod, Client, ClientState, Profile
from dancu.oidc.models.family import Family
from dancu.oidc.models.request import AuthRequest, Mark

__all__ = ["AuthMethod", "AuthRequest", "Client", "ClientState", "Family", "Mark", "Profile"]
