"""By which name a citizen, and a citizen's session, is known to a client: pairwise, so that two services cannot tell by
their own data that they serve the same person (OIDC Core §8.1)."""

from __future__ import annotations

from functools import lru_cache

from dancu.oidc.jose import b64u
from dancu.oidc.models import Client
from dancu.oidc.service.seal import Sealer


def subject_of(sealer: Sealer, client: Client, person_key: int) -> str:
    """`sub`: the same for ever for one person in one sector; for clients of type public the same everywhere."""
    return _subject(sealer, client.sector if client.subject_type == "pairwise" else "", person_key)


@lru_cache(4096)  # asked for at the token and again at UserInfo
def _subject(sealer: Sealer, sector: str, person_key: int) -> str:
    return b64u(sealer.mac("subject", f"{sector}\x1f{person_key}".encode()))


def session_of(sealer: Sealer, client: Client, sid: str) -> str:
    """`sid` as this client sees it."""
    return b64u(sealer.mac("sid", f"{client.client_id}\x1f{sid}".encode())[:18])
