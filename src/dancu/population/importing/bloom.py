"""Names and years of birth of people without a number, in sixteen megabytes however many they are."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_BITS: Final = 1 << 27
_HASHES: Final = 5


class Bloom:
    """A set that may say yes to what is not in it (at ten million members: one time in two hundred), never no to what
    is. A wrong yes costs one look-up."""

    def __init__(self) -> None:
        self._bits: bytearray | None = None  # most imports need none

    @property
    def used(self) -> bool:
        return self._bits is not None

    def add(self, item: tuple[str, int | None]) -> None:
        if self._bits is None:
            self._bits = bytearray(_BITS // 8)
        for place in _places(item):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, item: tuple[str, int | None]) -> bool:
        bits = self._bits
        return bits is not None and all(bits[place >> 3] >> (place & 7) & 1 for place in _places(item))


def _places(item: tuple[str, int | None]) -> list[int]:
    digest = int.from_bytes(blake2b(f"{item[0]}|{item[1]}".encode(), digest_size=24).digest(), "big")
    return [digest >> (32 * n) & (_BITS - 1) for n in range(_HASHES)]
