"""Signing keys: files under $DATA/keys/oidc, one per key, named by when it begins to sign.

A key is published before it signs (clients keep the key set for an hour) and stays published after it stopped, until
nothing it signed is valid. Which key signs now follows from the clock and the names alone, so processes need not agree
about anything; a rotation is a new file with a beginning in the future.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancu.kit import keys as files
from dancu.oidc.jose import Compact, ES256Signer, JoseError, PublicKey, Signer, new_key, public_key

LEAD_SECONDS = 2 * 3600
LIFE_SECONDS = 30 * 24 * 3600
OVERLAP_SECONDS = 2 * 24 * 3600
_LOOK_SECONDS = 5.0
_NAME = re.compile(r"sign-(\d{1,12})\.pem", re.ASCII)
_ALGS = frozenset({"ES256"})


@dataclass(frozen=True, slots=True)
class _Key:
    begins: int
    signer: ES256Signer
    public: PublicKey


class SigningKeys:
    """The keys of one installation as this process sees them; looks for new files every few seconds."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys: tuple[_Key, ...] = ()
        self._looked = 0.0
        self._lock = threading.Lock()

    def signer(self, now: float | None = None) -> Signer:
        """The key that signs at `now`: the newest that has begun, else the first there is."""
        now = time.time() if now is None else now
        keys = self._current()
        return next((key.signer for key in reversed(keys) if key.begins <= now), keys[0].signer)

    def published(self, now: float | None = None) -> list[_Key]:
        """Keys to be found in the key set: those to come, the one that signs, those whose signatures may still be valid."""
        now = time.time() if now is None else now
        keys = self._current()
        ends = [key.begins for key in keys[1:]] + [None]
        return [key for key, end in zip(keys, ends, strict=True) if end is None or end + OVERLAP_SECONDS > now]

    def jwks(self, now: float | None = None) -> dict[str, Any]:
        return {"keys": [key.signer.jwk for key in self.published(now)]}

    def verify(self, token: Compact) -> None:
        """Raises JoseError unless one of our published keys signed it."""
        kid = token.header.get("kid")
        for key in self.published():
            if key.public.thumbprint == kid:
                key.public.verify(token, _ALGS)
                return
        raise JoseError("unknown key")

    def rotate(self, now: float | None = None, *, force: bool = False) -> bool:
        """Lay down the next key when the newest has served (or `force`): it begins after LEAD_SECONDS. Safe to call from
        several machines at once: the name holds the day, and who comes second finds it there. Drops what is past use."""
        now = time.time() if now is None else now
        keys = self._current(fresh=True)
        made = force or keys[-1].begins + LIFE_SECONDS <= now
        if made:
            begins = int(now) + LEAD_SECONDS
            if not force:
                begins -= begins % 3600  # two workers of one hour make one key
            files.secret(self._directory, f"sign-{begins}.pem", new_key)
        shown = {key.begins for key in self.published(now)}
        for key in keys:
            if key.begins not in shown:
                (self._directory / f"sign-{key.begins}.pem").unlink(missing_ok=True)
        self._current(fresh=True)
        return made

    def _current(self, *, fresh: bool = False) -> tuple[_Key, ...]:
        if not fresh and self._keys and time.monotonic() - self._looked < _LOOK_SECONDS:
            return self._keys
        with self._lock:
            names = sorted(int(found[1]) for path in self._directory.glob("sign-*.pem") if (found := _NAME.fullmatch(path.name)))
            if not names:
                begins = int(time.time()) // 3600 * 3600
                files.secret(self._directory, f"sign-{begins}.pem", new_key)
                names = [begins]
            known = {key.begins: key for key in self._keys}
            self._keys = tuple(known.get(begins) or self._read(begins) for begins in names)
            self._looked = time.monotonic()
        return self._keys

    def _read(self, begins: int) -> _Key:
        signer = ES256Signer.from_pem(files.secret(self._directory, f"sign-{begins}.pem", new_key))
        return _Key(begins, signer, public_key(signer.jwk))
