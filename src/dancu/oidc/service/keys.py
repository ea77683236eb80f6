"""Signing keys: files under $DATA/keys/oidc (key_series). What we sign is ES256; RS256 is for ID and logout tokens of legacy clients whose
libraries know nothing else (OIDC Core §15.1 demands it of every provider), and has no key before the first of them signs in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dancu.oidc.jose import Compact, ES256Signer, JoseError, Signer, new_key
from dancu.oidc.jose.signing import RS256Signer, new_rsa_key
from dancu.oidc.service.key_series import LEAD_SECONDS as LEAD_SECONDS
from dancu.oidc.service.key_series import LIFE_SECONDS as LIFE_SECONDS
from dancu.oidc.service.key_series import OVERLAP_SECONDS as OVERLAP_SECONDS
from dancu.oidc.service.key_series import Key, Series
from dancu.oidc.service.recent import Recent

if TYPE_CHECKING:
    from dancu.oidc.service.tokens import Access

#: What ID tokens and logout tokens may be signed with.
ID_TOKEN_ALGS = ("ES256", "RS256")
_ALGS = frozenset(ID_TOKEN_ALGS)
_MOST_OWN = 2048


class UnknownKey(JoseError):
    """Signed with none of the keys in the set: a stranger's, or one of ours past its overlap."""


class SigningKeys:
    """The keys of one installation as this process sees them."""

    def __init__(self, directory: Path) -> None:
        self._series = {
            "ES256": Series(directory, "sign", new_key, ES256Signer.from_pem),
            "RS256": Series(directory, "rs256", new_rsa_key, RS256Signer.from_pem, lazy=True),
        }
        self._own: Recent[tuple[str, Access]] = Recent(_MOST_OWN)

    def signer(self, now: float | None = None, alg: str = "ES256") -> Signer:
        """The key that signs at `now` with `alg`."""
        return self._series[alg].signer(time.time() if now is None else now)

    def published(self, now: float | None = None) -> list[Key]:
        """Keys to be found in the key set, those of ES256 first."""
        now = time.time() if now is None else now
        return [key for series in self._series.values() for key in series.published(now)]

    def jwks(self, now: float | None = None) -> dict[str, Any]:
        return {"keys": [key.signer.jwk for key in self.published(now)]}

    def verify(self, token: Compact) -> None:
        """Raises JoseError unless one of our published keys signed it."""
        kid = token.header.get("kid")
        now = time.time()
        for series in self._series.values():
            for key in series.published(now):
                if key.public.thumbprint == kid:
                    key.public.verify(token, _ALGS)
                    return
        raise UnknownKey("unknown key")

    def remember(self, token: str, kid: str, said: Access) -> str:
        """The same token, just signed here with the key `kid` and about to come back: to know it byte for byte says what its signature
        says, and what is in it needs no reading. The last `_MOST_OWN` are remembered."""
        self._own.keep(token, (kid, said))
        return token

    def recalled(self, token: str) -> Access | None:
        """What a token says that is remembered, while its key is published; None for every other."""
        known = self._own.get(token)
        return known[1] if known is not None and self._series["ES256"].shows(known[0], time.time()) else None

    def rotate(self, now: float | None = None, *, force: bool = False) -> bool:
        """Lay down the next keys where the newest have served (or `force`) and drop what is past use; whether one was made."""
        now = time.time() if now is None else now
        made = [series.rotate(now, force=force) for series in self._series.values()]
        return any(made)
