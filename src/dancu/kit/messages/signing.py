"""The signature over what goes to a provider and comes back from it: HMAC-SHA-256 of the moment and the body."""

from __future__ import annotations

import hashlib
import hmac
import time

SIGNATURE, MOMENT = "x-dancu-signature", "x-dancu-timestamp"
_MAX_AGE = 300


def sign(secret: str, body: bytes, *, at: int | None = None) -> dict[str, str]:
    """The two headers of a signed call."""
    moment = str(int(time.time()) if at is None else at)
    return {MOMENT: moment, SIGNATURE: _mac(secret, moment, body)}


def signed_by(secret: str, body: bytes, moment: str, signature: str, *, now: float | None = None) -> bool:
    """Whether the call was signed with `secret` in the last five minutes. Without a secret nothing is."""
    if not secret or not (moment.isascii() and moment.isdigit() and len(moment) < 12):
        return False
    fresh = abs((time.time() if now is None else now) - int(moment)) <= _MAX_AGE
    return hmac.compare_digest(_mac(secret, moment, body).encode(), signature.encode()) and fresh


def _mac(secret: str, moment: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
