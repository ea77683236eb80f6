"""C2SP tlog-tiles: the Merkle tree cut into tiles of 256 hashes, and leaves into bundles of 256. Pure.

Tile (level L, n) holds nodes (8·L, n·256 …) of merkle.py. The rightmost tile of each level may be partial; only full
tiles are hashed into the level above.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dancu.audit.merkle import HASH_SIZE as HASH_SIZE
from dancu.audit.merkle import fold, range_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
FULL = WIDTH * HASH_SIZE

Key = tuple[int, int]  # (level, n)

_PATH = re.compile(r"^(\d{1,2}|entries)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?$")


@dataclass(frozen=True, slots=True)
class Address:
    """What a path under `tile/` asks for. `level` is None for an entry bundle; `width` 256 for a full tile."""

    level: int | None
    n: int
    width: int


def index_path(n: int) -> str:
    """1234067 → x001/x234/067."""
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.append(f"x{n % 1000:03d}")
    return "/".join(reversed(parts))


def tile_path(level: int | None, n: int, width: int = WIDTH) -> str:
    """tile/<L>/<N>[.p/<W>], or tile/entries/… where `level` is None."""
    name = "entries" if level is None else str(level)
    return f"tile/{name}/{index_path(n)}" + ("" if width == WIDTH else f".p/{width}")


def parse_path(path: str) -> Address | None:
    """Parse what follows `tile/`; None where it is not exactly the canonical spelling."""
    found = _PATH.match(path)
    if not found:
        return None
    name, digits, partial = found.groups()
    if len(digits) > 28:
        return None
    address = Address(
        level=None if name == "entries" else int(name),
        n=int(digits.replace("x", "").replace("/", "")),
        width=int(partial) if partial else WIDTH,
    )
    if (address.level or 0) > 63 or (partial and address.width >= WIDTH):
        return None
    return address if tile_path(address.level, address.n, address.width) == f"tile/{path}" else None


def widths(size: int) -> list[int]:
    """Hashes per level of a tree of `size`: level L has size >> 8·L nodes."""
    counts = []
    while size:
        counts.append(size)
        size >>= HEIGHT
    return counts


def addresses(size: int) -> Iterator[Address]:
    """Every tile and bundle a tree of `size` consists of: what an export holds."""
    for level, count in enumerate(widths(size)):
        for n in range(-(-count // WIDTH)):
            width = min(WIDTH, count - n * WIDTH)
            if level == 0:
                yield Address(None, n, width)
            yield Address(level, n, width)


def tile_of(level: int, index: int) -> Key:
    """The tile in which node (level, index) can be computed."""
    return level // HEIGHT, (index << (level % HEIGHT)) >> HEIGHT


def node_reader(tiles: Mapping[Key, bytes]) -> Callable[[int, int], bytes]:
    """A reader of nodes over tile contents. KeyError where a tile is missing or too short."""

    def node(level: int, index: int) -> bytes:
        below = level % HEIGHT
        first = (index << below) & (WIDTH - 1)
        hashes = tiles[tile_of(level, index)]
        part = hashes[first * HASH_SIZE : (first + (1 << below)) * HASH_SIZE]
        if len(part) != HASH_SIZE << below:
            raise KeyError((level, index))
        return fold([part[i : i + HASH_SIZE] for i in range(0, len(part), HASH_SIZE)])

    return node


def edge(size: int) -> list[Key]:
    """The partial tiles of a tree of `size`: all that is needed to go on appending."""
    return [(level, count // WIDTH) for level, count in enumerate(widths(size)) if count % WIDTH]


class TileWriter:
    """Appends leaf hashes to a tree of which only the right edge is at hand.

    `tiles` are the contents of `edge(size)`, of which longer ones are cut to size. After `extend`, `touched` holds
    the new contents of every tile that changed, and `root()` is the tree's root.
    """

    def __init__(self, size: int, tiles: Mapping[Key, bytes]) -> None:
        self.size = size
        self.touched: dict[Key, bytes] = {}
        self._rows: list[list[bytes]] = []
        for level, count in enumerate(widths(size)):
            width = count % WIDTH
            held = tiles[level, count // WIDTH] if width else b""
            if len(held) < width * HASH_SIZE:
                raise KeyError((level, count // WIDTH))
            self._rows.append([held[i * HASH_SIZE : (i + 1) * HASH_SIZE] for i in range(width)])

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        changed = 0
        for hashed in leaf_hashes:
            self.size += 1
            changed = max(changed, self._push(0, hashed))
        for level in range(len(self._rows)):
            row = self._rows[level]
            if row and level <= changed:
                self.touched[level, (self.size >> (HEIGHT * level)) >> HEIGHT] = b"".join(row)

    def _push(self, level: int, hashed: bytes) -> int:
        """Append to a level, closing full tiles upwards; returns the highest level touched."""
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(hashed)
        if len(row) < WIDTH:
            return level
        n = ((self.size >> (HEIGHT * level)) >> HEIGHT) - 1
        self.touched[level, n] = b"".join(row)
        top = fold(row)
        row.clear()
        return self._push(level + 1, top)

    def root(self) -> bytes:
        """Root hash: every complete subtree of `size` lies in the partial tile of its level."""

        def node(level: int, index: int) -> bytes:
            below = level % HEIGHT
            first = (index << below) & (WIDTH - 1)
            return fold(self._rows[level // HEIGHT][first : first + (1 << below)])

        return range_hash(0, self.size, node)


def pack_bundle(leaves: Iterable[bytes]) -> bytes:
    """Entry bundle: each leaf after its length as big-endian uint16."""
    return b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves)


def unpack_bundle(data: bytes) -> list[bytes]:
    """ValueError where the lengths do not add up."""
    leaves, at = [], 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("truncated bundle")
        (length,) = struct.unpack_from(">H", data, at)
        at += 2
        if at + length > len(data):
            raise ValueError("truncated bundle")
        leaves.append(data[at : at + length])
        at += length
    return leaves
