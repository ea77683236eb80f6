"""Verification of the database: every row of the log, against the tree, the checkpoints and the citizens' counters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import orjson

from dancu.audit import entry, note, tiles
from dancu.audit.merkle import leaf_hash
from dancu.audit.models import Action, Report
from dancu.audit.store import publish
from dancu.audit.store import scan as store
from dancu.audit.verify.facts import check_facts
from dancu.audit.verify.foreign import Strangers
from dancu.audit.verify.tree import Expected, TreeCheck, open_remembered
from dancu.kit.db import Conn

STALE_SECONDS = 60.0
Progress = Callable[[int, int], None]
Derived = Callable[[Conn, Report], Awaitable[None]]

_ENTRY_ID, _AT, _ACTION, _ORG, _SUBJECT, _SEQ, _BASIS, _NOTE = 0, 1, 2, 3, 4, 5, 9, 15  # places in entry.COLUMNS


async def verify(
    conn: Conn,
    verifier: note.Verifier,
    *,
    remembered: Iterable[str] = (),
    facts: bool = False,
    derived: Iterable[Derived] = (),
    progress: Progress | None = None,
) -> Report:
    """Check the whole database at one moment (role verify; `conn` must not be in a transaction).

    `remembered`: notes of checkpoints kept elsewhere. `facts`: also recompute what every entry commits to from the
    rows of the rooms, and let each of `derived` (a room's own check of what it keeps worked out from its facts) add to
    the report, within the same moment. Memory does not grow with the log. Findings are in the report; nothing is raised for them.
    """
    report = Report()
    async with conn.transaction():
        await store.begin(conn)
        head = await publish.head(conn)
        report.size = size = head.size if head else 0
        expected = [*await _checkpoints(conn, report, verifier), *open_remembered(report, remembered, verifier)]
        tree = TreeCheck(report, size, expected, _reader(conn))
        log = _Log(conn, report, size)
        hashes: list[bytes | None] = []
        n = 0
        async for hashed in log.leaf_hashes():
            hashes.append(hashed)
            if len(hashes) == tiles.WIDTH:
                await tree.feed(n, hashes)
                hashes, n = [], n + 1
                if progress and n % 100 == 0:
                    progress(n * tiles.WIDTH, size)
        if hashes:
            await tree.feed(n, hashes)
        tree.finish()
        await _extra_tiles(conn, report, size)
        await log.check_erasures()
        async for rows in store.gaps(conn):
            for subject, held, highest in rows:
                report.add(
                    "seq.gap", "Số thứ tự của một công dân không liền: có {held} mục, số cao nhất {highest}.",
                    subject=subject, held=held, highest=highest,
                )  # fmt: skip
        await _check_waiting(conn, report)
        if facts:
            await check_facts(conn, report)
            for check in derived:
                await check(conn, report)
    return report


def _reader(conn: Conn) -> Callable[[int, int], Any]:
    async def read_tile(level: int, n: int) -> bytes:
        return (await publish.tiles(conn, [(level, n)])).get((level, n), b"")

    return read_tile


async def _checkpoints(conn: Conn, report: Report, verifier: note.Verifier) -> list[Expected]:
    """Checkpoints of the database whose signature holds and says what their row says."""
    found = []
    strangers = Strangers()
    async for rows in store.checkpoints(conn):
        for size, root, text in rows:
            try:
                signed = note.open_checkpoint(text, [verifier])
            except note.BadNote:
                if strangers.take(text, verifier):
                    continue
                report.add("checkpoint.signature", "Mốc ở kích thước {size} không mang chữ ký hợp lệ.", size=size)
                continue
            if (signed.size, signed.root) != (size, root):
                report.add("checkpoint.altered", "Mốc ở kích thước {size} khác với nội dung đã ký.", size=size)
            found.append(Expected(signed.size, signed.root, remembered=False))
    strangers.report_stored(report, verifier, (one.size for one in found))
    return found


async def _extra_tiles(conn: Conn, report: Report, size: int) -> None:
    counts = tiles.widths(size)
    for level, (held, highest) in (await store.tile_counts(conn)).items():
        wanted = -(-counts[level] // tiles.WIDTH) if level < len(counts) else 0
        if held > wanted or highest >= wanted:
            report.add("tile.extra", "Ô băm tầng {level} số {n} dài hơn nhật ký.", level=level, n=highest)


async def _check_waiting(conn: Conn, report: Report) -> None:
    report.pending, report.oldest_pending_seconds = await store.waiting(conn)
    if report.oldest_pending_seconds > STALE_SECONDS:
        report.add(
            "pending.stale", "Có mục đã chờ {seconds} giây: tiến trình ghi sổ không chạy.",
            seconds=round(report.oldest_pending_seconds),
        )  # fmt: skip
    for entry_id in await store.replayed(conn):
        report.add("pending.replayed", "Mục {entry_id} đang chờ dù đã có trong sổ.", entry_id=entry_id)


class _Log:
    """Walks leaves and contents side by side."""

    def __init__(self, conn: Conn, report: Report, size: int) -> None:
        self._conn = conn
        self._report = report
        self._size = size
        self._erased: dict[int, tuple[int, int, int | None, int | None]] = {}  # by erasure: idx, entry, subject, seq
        self._erasures: dict[int, tuple[int | None, str | None, Any]] = {}  # by entry: subject, basis, note

    async def leaf_hashes(self) -> AsyncIterator[bytes | None]:
        """Hash of every leaf 0 … size-1, None where it is missing; findings for what content does not match."""
        leaves = _by_index(store.leaves(self._conn), self._report, self._size, "leaf.extra")
        contents = _by_index(store.contents(self._conn), self._report, self._size, "content.extra")
        leaf, content = await anext(leaves, None), await anext(contents, None)
        for idx in range(self._size):
            data: bytes | None = None
            if leaf is not None and leaf[0] == idx:
                data = leaf[1]
                leaf = await anext(leaves, None)
                yield leaf_hash(data)
            else:
                self._report.add("leaf.missing", "Thiếu mục {idx} trong sổ công bố.", idx=idx)
                yield None
            if content is not None and content[0] == idx:
                self._content(idx, content[1], content[2:], data)
                content = await anext(contents, None)
            else:
                self._report.add("content.missing", "Nội dung mục {idx} bị mất mà không có quyết định xóa.", idx=idx)
        # What stands behind the last index was reported by _by_index on the way.

    def _content(self, idx: int, erased_by: int | None, row: tuple[Any, ...], leaf: bytes | None) -> None:
        self._report.entries += 1
        if erased_by is not None:
            self._report.erased += 1
            self._erased[erased_by] = (idx, row[_ENTRY_ID], row[_SUBJECT], row[_SEQ])
            same = leaf is None or _clear_parts(leaf) == (
                row[_ACTION], row[_ORG], entry.timestamp(row[_AT])
            )  # fmt: skip
        else:
            try:
                same = leaf is None or entry.make_leaf(row) == leaf
            except (TypeError, ValueError, AttributeError):
                same = False
        if not same:
            self._report.add("content.altered", "Nội dung mục {idx} không khớp với cam kết trong sổ.", idx=idx)
        elif row[_ACTION] == Action.ERASE and erased_by is None:
            said = orjson.loads(row[_NOTE]) if row[_NOTE] else None
            self._erasures[row[_ENTRY_ID]] = (row[_SUBJECT], row[_BASIS], said)

    async def check_erasures(self) -> None:
        """Every erased content needs its own erasure entry, in the log or waiting, that names it and its legal basis."""
        for entry_id, subject, basis, said in await store.pending_erasures(self._conn):
            self._erasures[entry_id] = (subject, basis, said)
        for erased_by, (idx, entry_id, subject, seq) in self._erased.items():
            by, basis, said = self._erasures.get(erased_by, (None, None, None))
            named = said if isinstance(said, dict) else {}
            if not basis or by != subject or (
                named.get("erased"), named.get("erased_idx"), named.get("erased_seq")
            ) != (entry_id, idx, seq):  # fmt: skip
                self._report.add(
                    "content.erased_unlawfully", "Nội dung mục {idx} đã bị xóa mà không có mục xóa nêu căn cứ.", idx=idx
                )


def _clear_parts(leaf: bytes) -> tuple[Any, Any, Any]:
    try:
        said = orjson.loads(leaf)
        return said["action"], said["org"], said["t"]
    except (ValueError, KeyError, TypeError):
        return None, None, None


async def _by_index(
    blocks: AsyncIterator[list[Any]], report: Report, size: int, code: str
) -> AsyncIterator[tuple[Any, ...]]:
    """Rows of 0 … size-1, each index once; findings for all others."""
    last = -1
    async for rows in blocks:
        for row in rows:
            if row[0] <= last or row[0] >= size:
                report.add(code, "Hàng {idx} nằm ngoài sổ: đã được chèn thêm.", idx=row[0])
            else:
                last = row[0]
                yield row
