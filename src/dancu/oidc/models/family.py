"""What one sign-in at one client became."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class Family(NamedTuple):
    """Everything issued from one authorization code. `claims`: the request's `claims` parameter; `details`: RFC 9396;
    `sid` is the citizen's session (what the client sees is derived from it); `acr` the number of the level; `jkt`,
    `x5t`: the key or certificate its tokens are bound to, "" for none; `generation` counts rotated refresh tokens. In the order in which the database answers."""

    person_key: int
    family_id: bytes
    client_no: int
    scope: tuple[str, ...]
    claims: dict[str, Any]
    details: list[dict[str, Any]]
    purpose: str
    legal_basis: str
    sid: str
    acr: int
    amr: tuple[str, ...]
    auth_time: datetime
    lock_version: int
    jkt: str
    x5t: str
    offline: bool
    generation: int
    created_at: datetime
    used_at: datetime
    expires_at: datetime
