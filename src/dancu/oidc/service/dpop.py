"""DPoP (RFC 9449): a proof that the caller holds the key its tokens are bound to.

A proof is believed by its age, or, where the caller's clock is wrong, by a nonce of ours: such a caller is told
`use_dpop_nonce` and comes back. Nonces are made from the time and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from dancu.oidc.jose import LEEWAY, JoseError, b64u, public_key, split
from dancu.oidc.jose.times import seconds
from dancu.oidc.models import Mark
from dancu.oidc.policy import FAPI_ALGS, NONCE_SECONDS, PROOF_SECONDS
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.seal import Sealer
from dancu.oidc.service.wire import Wire

_MOST = 8 * 1024
_MOST_JTI = 256
ALGS = sorted(FAPI_ALGS)


class Proof(NamedTuple):
    """`jkt`: thumbprint of the key. `mark`: what must come only once, in the statement of the work."""

    jkt: str
    mark: Mark


class WrongProof(Exception):
    """Not a proof for this call; `stale` where only its time is wrong, which a nonce mends."""

    def __init__(self, why: str, *, stale: bool = False) -> None:
        super().__init__(why)
        self.stale = stale


def nonce(sealer: Sealer, now: float | None = None) -> str:
    """The nonce of this stretch of time."""
    return _nonce(sealer, int((time.time() if now is None else now) // NONCE_SECONDS))


@lru_cache(8)
def _nonce(sealer: Sealer, slot: int) -> str:
    return b64u(slot.to_bytes(5, "big") + sealer.mac("nonce", slot.to_bytes(8, "big"))[:12])


def _ours(sealer: Sealer, given: str, now: float) -> bool:
    slot = int(now // NONCE_SECONDS)
    return any(hmac.compare_digest(given.encode(), _nonce(sealer, s).encode()) for s in (slot, slot - 1))


def read(sealer: Sealer, wire: Wire, *, token: str = "", now: float | None = None) -> Proof | None:
    """The proof that came with a request, None where none came. `token`: the access token it must fit (`ath`). Raises
    WrongProof."""
    if not wire.dpop:
        return None
    if len(wire.dpop) > 1:
        raise WrongProof("more than one DPoP header")
    now = time.time() if now is None else now
    try:
        proof = split(wire.dpop[0], most=_MOST)
        if proof.typ != "dpop+jwt":
            raise JoseError("typ is not dpop+jwt")
        jwk = proof.header.get("jwk")
        key = public_key(jwk if isinstance(jwk, dict) else {})
        key.verify(proof, FAPI_ALGS)
        made = seconds(proof.claims, "iat")
    except JoseError as error:
        raise WrongProof(str(error)) from error
    jti = proof.text("jti")
    if not 0 < len(jti) <= _MOST_JTI or made is None:
        raise WrongProof("jti or iat is missing")
    if proof.text("htm") != wire.method or not _called(proof.text("htu"), wire):
        raise WrongProof("made for another request")
    if token and not hmac.compare_digest(proof.text("ath").encode(), b64u(hashlib.sha256(token.encode()).digest()).encode()):
        raise WrongProof("made for another token")
    given = proof.claims.get("nonce")
    if given is not None:
        if not isinstance(given, str) or not given.isascii() or not _ours(sealer, given, now):
            raise WrongProof("nonce is not current", stale=True)
    elif not now - PROOF_SECONDS <= made <= now + LEEWAY:
        raise WrongProof("made too long ago or in the future", stale=True)
    digest = hashlib.sha256(f"dpop|{key.thumbprint}|{jti}".encode()).digest()
    remembered = 2 * NONCE_SECONDS if given is not None else PROOF_SECONDS + LEEWAY
    return Proof(key.thumbprint, Mark(digest, remembered + LEEWAY))


class SeenProofs:
    """Proofs of the last minutes, as this process saw them. That one is good once is the database's word; this tells, for the name of the
    refusal, whether it was the proof that came again or the client's assertion beside it."""

    def __init__(self, most: int = 20_000) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._most = most

    def again(self, proof: Proof) -> bool:
        """Whether it was here before; from now on it was."""
        known = proof.mark.digest in self._seen
        self._seen[proof.mark.digest] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return known


def replayed() -> OAuthError:
    return OAuthError("invalid_dpop_proof", "the proof was used before")


def refusal(wrong: WrongProof, sealer: Sealer) -> OAuthError:
    """As a token endpoint says it."""
    return OAuthError("use_dpop_nonce" if wrong.stale else "invalid_dpop_proof", str(wrong), 400, {"DPoP-Nonce": nonce(sealer)})


def _called(given: str, wire: Wire) -> bool:
    """Is it the address of this call: ours, or where callers show their certificates and this one did?"""
    if _same_url(given, wire.url):
        return True
    return bool(wire.front) and wire.certificate is not None and _same_url(given, wire.front + wire.path)


def _same_url(given: str, ours: str) -> bool:
    """Scheme and host regardless of case, default ports left out, query and fragment passed over (RFC 9449 §4.3)."""
    return given == ours or _normal(given) == _normal(ours) != None  # noqa: E711


def _normal(url: str) -> tuple[str, str, int, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower(), 0)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    return parts.scheme.lower(), parts.hostname.lower(), port, parts.path or "/"
