"""The demonstration services at the provider: registered, their agreements in force, and each given its file."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dancu.access import service as access
from dancu.demo.relying_parties import config
from dancu.demo.relying_parties.config import ELECTRICITY, PORTAL, Config
from dancu.kernel.actor import SYSTEM
from dancu.kit.db import Conn
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
from dancu.oidc.service import clients
from dancu.oidc.service.authenticate import hash_secret
from dancu.oidc.service.ciba import GRANT as CIBA
from dancu.oidc.store import clients as store
from dancu.sharing import service as sharing
from dancu.sharing.models import Terms

_BASIS = "69/2024/NĐ-CP"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the provider knows a service by, besides its addresses and keys."""

    client_id: str
    name: str
    name_en: str
    org_code: str
    org_name: str
    profile: Profile
    terms: Terms


SERVICES = {
    PORTAL: Registered(
        "demo-portal", "Cổng dịch vụ công tỉnh", "Province's public-service portal", "DEMO", "Ủy ban nhân dân tỉnh (trình diễn)",
        Profile.FAPI2, Terms(frozenset({"name", "birthdate", "gender", "personal_id", "address", "organisations"}), {"online_service": _BASIS}),
    ),
    ELECTRICITY: Registered(
        "demo-electricity", "Điện lực", "Electricity company", "EVN", "Tập đoàn Điện lực Việt Nam",
        Profile.BASIC, Terms(frozenset({"name", "birthdate", "gender", "personal_id"}), {"online_service": _BASIS}),
    ),
}  # fmt: skip


async def register(conn: Conn, data: Path, issuer: str, homes: dict[str, str]) -> None:
    """Make provider and services know each other at these addresses. Again and again the same: what is there stays, only
    addresses follow the port of this start."""
    for service, known in SERVICES.items():
        org = await access.organisation(conn, known.org_code)
        known = replace(known, org_name=org.name) if org else known
        folder = config.folder_of(data, service)
        kept = config.read(folder)
        made = replace(kept, issuer=issuer, home=homes[service]) if kept else _new(service, known.client_id, issuer, homes[service])
        client = _client(known, made)
        clients.check(client)
        there = await store.by_id(conn, known.client_id)
        if there is None:
            number = await store.insert(conn, client)
            assert number is not None  # nobody else gives these ids
            client = replace(client, client_no=number)
        elif not _same(there, client):
            client = replace(client, client_no=there.client_no)
            await store.update(conn, client)
        else:
            client = there
        if await sharing.agreement(conn, client.client_no) is None:
            await sharing.set_agreement(
                conn, SYSTEM, client.client_no, known.terms, client_name=known.name, client_name_en=known.name_en,
                org_code=known.org_code, org_name=known.org_name,
            )  # fmt: skip
        if made != kept:
            config.write(folder, made)


def _new(service: str, client_id: str, issuer: str, home: str) -> Config:
    if service == ELECTRICITY:
        return Config(service, issuer, home, client_id, secret=secrets.token_urlsafe(32))
    return Config(service, issuer, home, client_id, key=_key(), proof_key=_key())


def _key() -> dict[str, Any]:
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256")
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def _client(known: Registered, made: Config) -> Client:
    basic = known.profile is Profile.BASIC
    proof: dict[str, Any] = (
        {"auth_method": AuthMethod.SECRET_BASIC, "secret_hash": hash_secret(made.secret)}
        if basic
        else {"auth_method": AuthMethod.PRIVATE_KEY_JWT, "bound": "dpop", "jwks": {"keys": [_public(made.key or {})]}}
    )
    return Client(
        client_no=0, client_id=known.client_id, name=known.name, name_en=known.name_en, org_code=known.org_code, org_name=known.org_name,
        profile=known.profile, state=ClientState.LIVE, sector=known.client_id, redirect_uris=(made.back,), home_uri=made.home,
        post_logout_redirect_uris=(f"{made.home}/signed-out",), backchannel_logout_uri=f"{made.home}/backchannel-logout",
        grant_types=frozenset({"authorization_code", "client_credentials", CIBA} if basic else {"authorization_code"}),
        scopes=("linking.match",) if basic else (), **proof,
    )  # fmt: skip


def _public(key: dict[str, Any]) -> dict[str, Any]:
    return {**{name: key[name] for name in ("kty", "crv", "x", "y", "kid")}, "use": "sig", "alg": "ES256"}


def _same(there: Client, client: Client) -> bool:
    return replace(client, client_no=there.client_no) == there
