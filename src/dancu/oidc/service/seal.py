"""Values that travel through other people's hands and come back: sealed with a key of this installation, so that nobody
reads or makes them, each kind opened only where it belongs. State that is sealed needs no row."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import orjson

from dancu.kernel.errors import Unavailable
from dancu.kit.keys import KeyRing
from dancu.oidc.jose import JoseError, b64u, unb64u

_MOST = 12_000
_MOST_PLAIN = 64 * 1024
# What is sealed is short: clearing the tables of the usual window costs six times what compressing it does.
_LEVEL, _WINDOW_BITS, _TABLES = 6, 12, 5
_SHORT = 1024


class Sealer:
    """`use` names the kind ("code", "refresh", …); what was sealed for one use does not open for another."""

    def __init__(self, directory: Path) -> None:
        self._ring = KeyRing.open(directory)

    def seal(self, use: str, plain: bytes) -> str:
        return b64u(self._ring.encrypt(plain, table="oidc", row=use, column="sealed"))

    def open(self, use: str, text: str) -> bytes | None:
        """What was sealed, None for anything else."""
        if not text or len(text) > _MOST or not text.isascii():
            return None
        try:
            return self._ring.decrypt(unb64u(text), table="oidc", row=use, column="sealed")
        except (JoseError, Unavailable, ValueError):
            return None

    def seal_json(self, use: str, value: Any) -> str:
        return self.seal(use, _small(orjson.dumps(value)))

    def open_json(self, use: str, text: str) -> Any:
        """What was sealed, None for anything else."""
        plain = self.open(use, text)
        if plain is None:
            return None
        return orjson.loads(plain if plain[:1] in b"[{" else zlib.decompressobj().decompress(plain, _MOST_PLAIN))

    def mac(self, use: str, message: bytes) -> bytes:
        """32 bytes that only this installation can make, the same for ever."""
        return self._ring.mac(f"oidc|{use}", message)


def _small(plain: bytes) -> bytes:
    """Compressed where that shortens what travels; what a browser asks for seldom is so long. Neither kind begins like the other."""
    if len(plain) <= _SHORT:
        return plain
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _TABLES)
    return packer.compress(plain) + packer.flush()
