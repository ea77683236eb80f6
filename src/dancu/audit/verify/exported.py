"""Verification of an exported copy: no database, only files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dancu.audit import note, tiles
from dancu.audit.merkle import leaf_hash
from dancu.audit.models import Report
from dancu.audit.verify.tree import Expected, TreeCheck, open_remembered
from dancu.kernel.errors import Invalid


async def verify_export(
    directory: Path, *, verifier: note.Verifier | None = None, remembered: Iterable[str] = ()
) -> Report:
    """Check a folder that `export` wrote: every entry bundle, every tile, the checkpoint, and remembered checkpoints
    (notes). `verifier`: the log's key as you know it; without one the copy's own `vkey` is used, which proves that
    the copy is whole, not whose it is. Invalid where the folder is not such a copy."""
    report = Report()
    try:
        verifier = verifier or note.parse_vkey((directory / "vkey").read_text("utf-8"))
        text = (directory / "checkpoint").read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Invalid("audit.export.unreadable", "Thư mục này không phải bản xuất của nhật ký.") from error
    try:
        head = note.open_checkpoint(text, [verifier])
    except note.BadNote:
        report.add("checkpoint.signature", "Mốc của bản xuất không mang chữ ký hợp lệ.", size=None)
        return report
    report.size = report.entries = head.size

    async def read_tile(level: int, n: int) -> bytes:
        width = min(tiles.WIDTH, (head.size >> (tiles.HEIGHT * level)) - n * tiles.WIDTH)
        return _read(directory / tiles.tile_path(level, n, width))

    expected = [Expected(head.size, head.root, remembered=False), *open_remembered(report, remembered, verifier)]
    tree = TreeCheck(report, head.size, expected, read_tile)
    for n in range(-(-head.size // tiles.WIDTH)):
        width = min(tiles.WIDTH, head.size - n * tiles.WIDTH)
        data = _read(directory / tiles.tile_path(None, n, width))
        try:
            leaves = tiles.unpack_bundle(data)
        except ValueError:
            leaves = []
        if len(leaves) != width:
            report.add("bundle.broken", "Gói mục số {n} thiếu hoặc hỏng.", n=n)
        hashes: list[bytes | None] = [leaf_hash(leaf) for leaf in leaves[:width]]
        await tree.feed(n, hashes + [None] * (width - len(hashes)))
    tree.finish()
    return report


def _read(path: Path) -> bytes:
    """Contents, empty where the file is missing: the tree check reports what is not there."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
