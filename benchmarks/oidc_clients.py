"""Clients of the benchmarks: registered with the provider, and what they send."""

from __future__ import annotations

import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey

SCOPE = "registry.statistics"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(key: ec.EllipticCurvePrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JWT, signed with ES256."""
    text = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims))}"
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass(frozen=True)
class BenchClient:
    client_id: str
    secret: str
    key: ECKey

    @property
    def basic(self) -> str:
        return "Basic " + b64encode(f"{self.client_id}:{self.secret}".encode()).decode()

    def assertion(self, issuer: str) -> str:
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": issuer, "iat": now, "exp": now + 280, "jti": secrets.token_urlsafe(12)}
        return signed(self.key.private_key, {"alg": "ES256", "kid": self.key.kid, "typ": "JWT"}, claims)

    def public(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=False), "kid": self.key.kid, "use": "sig", "alg": "ES256"}


def make(prefix: str, count: int) -> list[BenchClient]:
    return [BenchClient(f"{prefix}-{n}", secrets.token_urlsafe(32), ECKey.generate_key("P-256", {"kid": f"k{n}"})) for n in range(count)]


async def register(dsn: str, clients: list[BenchClient], *, way: str, claims: frozenset[str] = frozenset(), back: str = "") -> None:
    """With the provider. `way`: "secret", "key", "fapi2". With `back`, for sign-ins too, under an agreement for `claims`."""
    import psycopg

    from dancu.kernel.actor import SYSTEM
    from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
    from dancu.oidc.service.authenticate import hash_secret
    from dancu.oidc.store import clients as store
    from dancu.sharing import service as sharing
    from dancu.sharing.models import Terms

    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        for one in clients:
            proof: dict[str, Any] = (
                {"auth_method": AuthMethod.SECRET_BASIC, "secret_hash": hash_secret(one.secret)}
                if way == "secret"
                else {"auth_method": AuthMethod.PRIVATE_KEY_JWT, "jwks": {"keys": [one.public()]}}
            )
            made = Client(
                client_no=0, client_id=one.client_id, name=one.client_id, org_code="bench", sector=one.client_id,
                profile=Profile.FAPI2 if way == "fapi2" else Profile.BASIC, state=ClientState.LIVE, bound="dpop" if way == "fapi2" else "",
                redirect_uris=(back,) if back else (), scopes=(SCOPE,),
                grant_types=frozenset({"client_credentials", *(["authorization_code"] if back else [])}), **proof,
            )  # fmt: skip
            number = await store.insert(conn, made)
            if claims:
                await sharing.set_agreement(
                    conn, SYSTEM, number, Terms(claims, {"online_service": "69/2024/NĐ-CP"}), client_name=one.client_id, org_code="bench"
                )
