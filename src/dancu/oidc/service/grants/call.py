"""A call of the token endpoint by a client that proved itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from dancu.oidc.models import Client, Mark
from dancu.oidc.service import mtls
from dancu.oidc.service.dpop import Proof
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.parsing.details import narrow
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.wire import Wire


class Call(NamedTuple):
    """`marks`: what must be spent with the work; `proof`: the DPoP proof, if one came; `demo`: nobody here is real."""

    provider: Provider
    wire: Wire
    client: Client
    marks: tuple[Mark, ...]
    proof: Proof | None = None
    demo: bool = False

    @property
    def jkt(self) -> str:
        return self.proof.jkt if self.proof else ""

    @property
    def x5t(self) -> str:
        """The certificate tokens are bound to: for clients that bind to one, and for a program that sent its certificate where it
        might have sent a proof. Either way a stolen token is of no use."""
        if self.wire.certificate is None:
            return ""
        instead = self.client.bound == "dpop" and self.proof is None and self.client.grant_types == {"client_credentials"}
        return mtls.thumbprint(self.wire.certificate) if instead or self.client.bound == "mtls" else ""

    def param(self, name: str) -> str:
        """A parameter this grant cannot do without. Raises OAuthError invalid_request."""
        value = self.wire.params.get(name, "")
        if not value:
            raise invalid_request(f"{name} is missing")
        return value

    def details(self, granted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What of the granted authorization_details the token is for. Raises OAuthError invalid_authorization_details."""
        return narrow(self.wire.params.get("authorization_details", ""), granted)

    def demand_binding(self) -> None:
        """Raises OAuthError where the client's tokens must be bound and nothing came to bind them to."""
        if self.client.bound == "dpop" and self.proof is None and not self.x5t:
            raise OAuthError("invalid_dpop_proof", "this client must send a DPoP proof")
        if self.client.bound == "mtls" and not self.x5t:
            raise invalid_request("this client must use its certificate")
