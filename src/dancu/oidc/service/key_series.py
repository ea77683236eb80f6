"""One series of signing keys of one algorithm: files in a folder, named by when each begins to sign.

A key is published before it signs (clients keep the key set for an hour) and stays published after it stopped, until
nothing it signed is valid. Which key signs now follows from the clock and the names alone, so processes need not agree
about anything; a rotation is a new file with a beginning in the future.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dancu.kit import keys as files
from dancu.oidc.jose import PublicKey, public_key
from dancu.oidc.jose.signing import FileSigner

LEAD_SECONDS = 2 * 3600
LIFE_SECONDS = 30 * 24 * 3600
OVERLAP_SECONDS = 2 * 24 * 3600
_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Key:
    begins: int
    signer: FileSigner
    public: PublicKey


class Series:
    """The keys `{prefix}-{beginning}.pem` as this process sees them; looks for new files every few seconds. `lazy`: the first is made
    when something is to be signed, not before."""

    def __init__(self, directory: Path, prefix: str, new: Callable[[], bytes], read: Callable[[bytes], FileSigner], *, lazy: bool = False) -> None:
        self._directory, self._prefix, self._new, self._from_pem, self._lazy = directory, prefix, new, read, lazy
        self._pattern = re.compile(rf"{prefix}-(\d{{1,12}})\.pem", re.ASCII)
        self._keys: tuple[Key, ...] = ()
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def signer(self, now: float) -> FileSigner:
        """The key that signs at `now`: the newest that has begun, else the first there is."""
        keys = self._current() or self._current(fresh=True, make=True)
        if keys[-1].begins <= now:  # as nearly always
            return keys[-1].signer
        for key in reversed(keys):
            if key.begins <= now:
                return key.signer
        return keys[0].signer

    def published(self, now: float) -> list[Key]:
        """Keys to be found in the key set: those to come, the one that signs, those whose signatures may still be valid."""
        keys = self._current()
        return [key for key, after in pairwise((*keys, None)) if key and (after is None or after.begins + OVERLAP_SECONDS > now)]

    def shows(self, kid: str, now: float) -> bool:
        """Is the key of this name to be found in the key set? The newest is, for ever."""
        keys = self._current()
        return bool(keys) and (keys[-1].signer.kid == kid or any(key.signer.kid == kid for key in self.published(now)))

    def rotate(self, now: float, *, force: bool = False) -> bool:
        """Lay down the next key when the newest has served (or `force`): it begins after LEAD_SECONDS. Safe to call from
        several machines at once: the name holds the day, and who comes second finds it there. Drops what is past use."""
        keys = self._current(fresh=True)
        if not keys:
            return False
        made = force or keys[-1].begins + LIFE_SECONDS <= now
        if made:
            begins = int(now) + LEAD_SECONDS
            if not force:
                begins -= begins % 3600  # two workers of one hour make one key
            files.secret(self._directory, self._name(begins), self._new)
        shown = {key.begins for key in self.published(now)}
        for key in keys:
            if key.begins not in shown:
                (self._directory / self._name(key.begins)).unlink(missing_ok=True)
        self._current(fresh=True)
        return made

    def _name(self, begins: int) -> str:
        return f"{self._prefix}-{begins}.pem"

    def _current(self, *, fresh: bool = False, make: bool = False) -> tuple[Key, ...]:
        if not fresh and time.monotonic() - self._looked < _LOOK_SECONDS:
            return self._keys
        with self._lock:
            found = (self._pattern.fullmatch(path.name) for path in self._directory.glob(f"{self._prefix}-*.pem"))
            begun = sorted(int(one[1]) for one in found if one)
            if not begun and (make or not self._lazy):
                begun = [int(time.time()) // 3600 * 3600]
            known = {key.begins: key for key in self._keys}
            self._keys = tuple(known.get(begins) or self._read(begins) for begins in begun)
            self._looked = time.monotonic()
        return self._keys

    def _read(self, begins: int) -> Key:
        signer = self._from_pem(files.secret(self._directory, self._name(begins), self._new))
        return Key(begins, signer, public_key(signer.jwk))
