"""The tree part of a verification, the same for a database and for an exported copy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from dancu.audit import merkle, note, tiles
from dancu.audit.merkle import HASH_SIZE
from dancu.audit.models import Report
from dancu.audit.verify.foreign import Strangers

ReadTile = Callable[[int, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Expected:
    """A root that must be found at `size`. `remembered`: known from outside what is being verified."""

    size: int
    root: bytes
    remembered: bool


def open_remembered(report: Report, notes: Iterable[str], verifier: note.Verifier) -> list[Expected]:
    """Remembered checkpoints whose signature holds; a finding for each that does not."""
    found = []
    strangers = Strangers()
    for text in notes:
        try:
            checkpoint = note.open_checkpoint(text, [verifier])
        except note.BadNote:
            if strangers.take(text, verifier):
                continue
            report.add("checkpoint.not_ours", "Một mốc đã ghi nhớ không mang chữ ký hợp lệ của nhật ký này.")
            continue
        found.append(Expected(checkpoint.size, checkpoint.root, remembered=True))
    strangers.report_remembered(report, verifier)
    return found


class TreeCheck:
    """Fed with the hashes of 256 leaves at a time; compares them with the stored tiles, these with each other, and
    their root with every checkpoint. Leaves are compared one by one, so a finding names the leaf; the tree is built
    on the stored hashes, so that one altered leaf does not look like an altered log."""

    def __init__(self, report: Report, size: int, expected: Iterable[Expected], read_tile: ReadTile) -> None:
        self._report = report
        self._size = size
        self._read = read_tile
        self._tree = merkle.CompactRange()
        self._writer = tiles.TileWriter(0, {})
        self._waiting = sorted(expected, key=lambda e: -e.size)
        self._sound_until = 0
        self._check_roots()

    async def feed(self, n: int, leaf_hashes: Sequence[bytes | None]) -> None:
        """`leaf_hashes` of leaves n·256 … (None where one is missing), up to the tree's size."""
        stored = await self._read(0, n)
        if len(stored) > len(leaf_hashes) * HASH_SIZE:
            self._report.add("tile.extra", "Ô băm tầng {level} số {n} dài hơn nhật ký.", level=0, n=n)
        held: list[bytes] = []
        for place, hashed in enumerate(leaf_hashes):
            in_tile = stored[place * HASH_SIZE : (place + 1) * HASH_SIZE]
            if len(in_tile) != HASH_SIZE:
                self._report.add("tile.missing", "Thiếu giá trị băm của mục {idx}.", idx=n * tiles.WIDTH + place)
                in_tile = hashed or bytes(HASH_SIZE)
            elif hashed is not None and hashed != in_tile:
                self._report.add(
                    "leaf.altered", "Mục {idx} không khớp với giá trị băm đã lưu.", idx=n * tiles.WIDTH + place
                )
            held.append(in_tile)
            self._tree.append(in_tile)
            if self._waiting and self._waiting[-1].size == self._tree.size:
                self._check_roots()
        self._writer.extend(held)
        await self._check_tiles(last=self._tree.size == self._size)

    async def _check_tiles(self, *, last: bool) -> None:
        """Full tiles as soon as they are full; partial ones, which still grow, at the end."""
        for (level, n), hashes in list(self._writer.touched.items()):
            if last or len(hashes) == tiles.FULL:
                del self._writer.touched[level, n]
                if level and await self._read(level, n) != hashes:
                    self._report.add("tile.altered", "Ô băm tầng {level} số {n} không đúng.", level=level, n=n)

    def _check_roots(self) -> None:
        root = self._tree.root()
        while self._waiting and self._waiting[-1].size == self._tree.size:
            expected = self._waiting.pop()
            self._report.checkpoints += 1
            if expected.root == root:
                self._sound_until = expected.size
            elif expected.remembered:
                self._report.add(
                    "log.rewritten",
                    "Nhật ký không còn chứa mốc đã ghi nhớ ở kích thước {size}: đã bị sửa từ sau mục {sound}.",
                    size=expected.size, sound=self._sound_until,
                )  # fmt: skip
            else:
                self._report.add(
                    "checkpoint.root",
                    "Gốc của nhật ký ở kích thước {size} khác với mốc đã ký: đã bị sửa từ sau mục {sound}.",
                    size=expected.size, sound=self._sound_until,
                )  # fmt: skip

    def finish(self) -> None:
        """After the last leaf: root, and checkpoints the log does not reach."""
        self._report.root = self._tree.root()
        for expected in self._waiting:
            self._report.add(
                "log.rolled_back",
                "Đã ghi nhớ mốc ở kích thước {size} nhưng nhật ký chỉ còn {now} mục: đã bị quay lui hoặc cắt đuôi.",
                size=expected.size, now=self._tree.size,
            )  # fmt: skip
