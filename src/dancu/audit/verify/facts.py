"""Are the facts still those the entries committed to? Merges all fact tables by entry id and recomputes each digest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from heapq import heapify, heappop, heapreplace
from typing import Any

from dancu.audit.facts import canonical, facts_digest
from dancu.audit.models import Report
from dancu.audit.store import facts as store
from dancu.audit.store import scan
from dancu.kit.db import Conn

Line = tuple[int, bytes]


async def check_facts(conn: Conn, report: Report) -> None:
    """Findings: facts changed, removed or added behind the verbs (facts.altered, by entry) and rows that name an
    entry nobody holds (facts.unwitnessed). One pass, memory bounded by the largest entry."""
    streams: list[AsyncIterator[list[Line]]] = []
    await _uncommitted(conn, report)
    unreadable = await store.unreadable(conn)
    for table in unreadable:
        report.add("facts.source", "Không đọc được bảng {table} mà nhật ký cam kết.", table=table)
    for number, source in enumerate(await store.sources(conn, unreadable)):
        await _ended_by_nobody(conn, report, source)
        streams += [_opened(conn, number, source), _closed(conn, number, source)]
    groups = _groups(_merge(streams))
    group = await anext(groups, None)
    rows = 0
    async for block in scan.digests(conn):
        for entry_id, digest in block:
            while group is not None and group[0] < entry_id:
                _unwitnessed(report, group)
                rows += len(group[1])
                group = await anext(groups, None)
            lines: list[bytes] = []
            if group is not None and group[0] == entry_id:
                lines = group[1]
                group = await anext(groups, None)
            rows += len(lines)
            if digest is None and lines:
                _unwitnessed(report, (entry_id, lines))
            elif digest is not None and facts_digest(lines) != digest:
                report.add(
                    "facts.altered", "Dữ liệu do mục {entry_id} ghi đã bị thay đổi ngoài nghiệp vụ.", entry_id=entry_id
                )
    while group is not None:
        _unwitnessed(report, group)
        rows += len(group[1])
        group = await anext(groups, None)
    report.facts = rows


async def _uncommitted(conn: Conn, report: Report) -> None:
    """Bitemporal tables of which no entry could commit to every column: their rows could change unseen."""
    for table, columns in await store.uncommitted(conn):
        report.add(
            "facts.uncommitted", "Bảng {table} có cột không được nhật ký cam kết: {columns}.",
            table=table, columns=", ".join(columns),
        )  # fmt: skip


async def _ended_by_nobody(conn: Conn, report: Report, source: store.Source) -> None:
    """A fact whose recorded time was ended without naming an entry: the verbs always name theirs."""
    async for rows in store.ended_by_nobody(conn, source):
        for key, fact_id in rows:
            report.add(
                "facts.ended_unwitnessed",
                "Thông tin {fact} của {key} trong bảng {table} bị kết thúc mà không mục nào của nhật ký chứng nhận.",
                table=source.table, key=key, fact=fact_id,
            )  # fmt: skip


def _unwitnessed(report: Report, group: tuple[int, list[bytes]]) -> None:
    report.add(
        "facts.unwitnessed",
        "Có {rows} hàng dữ liệu ghi là do mục {entry_id} mà nhật ký không chứng nhận.",
        entry_id=group[0], rows=len(group[1]),
    )  # fmt: skip


async def _opened(conn: Conn, number: int, source: store.Source) -> AsyncIterator[list[Line]]:
    head = f"+|{source.table}|".encode()
    async for rows in store.opened(conn, number, source):
        yield [(row[0], b"%b%d|%d|%b" % (head, row[1], row[2], canonical(row[3:]))) for row in rows]


async def _closed(conn: Conn, number: int, source: store.Source) -> AsyncIterator[list[Line]]:
    head = f"-|{source.table}|".encode()
    async for rows in store.closed(conn, number, source):
        yield [(row[0], b"%b%d|%d|%b" % (head, row[1], row[2], (row[3] or "").encode())) for row in rows]


async def _merge(streams: list[AsyncIterator[list[Line]]]) -> AsyncIterator[Line]:
    """k-way merge by entry id of streams that come in blocks."""
    heap: list[tuple[int, int, int, list[Line]]] = []  # entry id, stream, place in block, block
    for number, stream in enumerate(streams):
        if block := await anext(stream, None):
            heap.append((block[0][0], number, 0, block))
    heapify(heap)
    while heap:
        _, number, place, block = heap[0]
        yield block[place]
        place += 1
        if place == len(block):
            following = await anext(streams[number], None)
            if not following:
                heappop(heap)
                continue
            place, block = 0, following
        heapreplace(heap, (block[place][0], number, place, block))


async def _groups(lines: AsyncIterator[Line]) -> AsyncIterator[tuple[int, list[Any]]]:
    """Lines of one entry together."""
    current: int | None = None
    held: list[bytes] = []
    async for entry_id, line in lines:
        if entry_id != current:
            if current is not None:
                yield current, held
            current, held = entry_id, []
        held.append(line)
    if current is not None:
        yield current, held
