"""Proofs that one entry stands in the signed log, for people to keep and check without us (verify_proof.py)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from dancu.audit import entry, merkle, tiles
from dancu.audit.store import log, publish
from dancu.kernel.actor import Purpose
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.db import Conn

FORMAT = "dancu-proof/1"
_LARGEST = 2**63 - 1  # of a bigint: the database cannot even be asked for more
CITIZEN = ("subject", "seq", "content")  # what a citizen's proof opens: all but the officer's key
PROGRAM = ("content", "officer")  # what a program's proof opens: not whom it concerns
EVERYTHING = ("subject", "seq", "content", "officer")


@dataclass(frozen=True, slots=True)
class Proof:
    """A leaf, the openings of some of its commitments, and its path to a signed root."""

    idx: int
    size: int
    leaf: bytes
    openings: tuple[entry.Opening, ...]
    path: tuple[bytes, ...]
    checkpoint: str
    vkey: str

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "index": self.idx,
            "leaf": self.leaf.decode(),
            "opened": {
                o.label: {"key": b64encode(o.key).decode(), "value": o.value.decode()} for o in self.openings
            },
            "path": [b64encode(h).decode() for h in self.path],
            "checkpoint": self.checkpoint,
            "vkey": self.vkey,
        }


async def hashes(conn: Conn, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
    """Merkle hashes of subtrees, from the few tiles they need, in one query. Conflict where tiles are missing."""
    keys = {tiles.tile_of(level, index) for lo, hi in ranges for level, index in merkle.nodes_of(lo, hi)}
    node = tiles.node_reader(await publish.tiles(conn, sorted(keys)))
    try:
        return [merkle.range_hash(lo, hi, node) for lo, hi in ranges]
    except KeyError as error:
        raise Conflict("audit.tile.missing", "Thiếu dữ liệu băm của nhật ký; hãy chạy `dancu audit verify`.") from error


async def inclusion(conn: Conn, idx: int, size: int) -> list[bytes]:
    """The inclusion path of leaf `idx` in the tree of `size`."""
    return await hashes(conn, merkle.inclusion_ranges(idx, size))


async def consistency(conn: Conn, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `old` is a prefix of the tree of `new`."""
    return await hashes(conn, merkle.consistency_ranges(old, new))


def content_of_client(entry_id: int, purpose: Purpose, request_id: str, fields: Sequence[str], note: dict[str, Any]) -> bytes:
    """The canonical content of an entry that a program caused, where what was recorded is known without asking: what its leaf
    will commit to under the label `content`."""
    said = (
        entry_id, None, "", "", None, None, "client", 0, purpose.code, purpose.legal_basis, purpose.case_ref or None, _text(tuple(fields)),
        request_id, "api", None, _text(tuple(note.items()), pairs=True), None,
    )  # fmt: skip
    return entry.content_value(said)


@lru_cache(1024)
def _text(said: tuple[Any, ...], *, pairs: bool = False) -> str:
    return orjson.dumps(dict(said) if pairs else said).decode()


async def contents_of_client(conn: Conn, entry_ids: Sequence[int], client_no: int) -> list[tuple[int, bytes]]:
    """(entry_id, canonical content) of entries that a program caused and that wait, recorded in this transaction: what their
    leaf will commit to under the label `content`."""
    if not entry_ids:
        return []
    rows = await log.waiting_of_client(conn, entry_ids, client_no)
    return [(row[0], entry.content_value(row)) for row in rows]


async def proof(
    conn: Conn,
    entry_id: int | None = None,
    *,
    idx: int | None = None,
    disclose: Iterable[str] = CITIZEN,
    vkey: str = "",
    client_no: int | None = None,
) -> Proof:
    """Proof of one entry, named by its id or its index in the log. As role app the entry's subject must have been
    opened in this transaction, or a program (`client_no`) have caused it. NotFound where there is no such entry, it waits, or its content was erased; Conflict
    where the log does not hold what it says."""
    if (entry_id is None) == (idx is None):
        raise ValueError("either entry_id or idx")
    asked = idx if entry_id is None else entry_id
    in_range = asked is not None and 0 <= asked <= _LARGEST
    found = await log.content_row(conn, idx=idx, entry_id=entry_id, client_no=client_no) if in_range else None
    if found is None:
        raise NotFound("audit.entry.unknown", "Không có mục nhật ký này, hoặc mục còn đang chờ ghi vào sổ.")
    place, row = found
    if row[-1] is None:
        raise NotFound("audit.entry.erased", "Nội dung của mục này đã được xóa theo luật; chỉ còn dấu vết của việc xóa.")
    head = await publish.head(conn)
    leaf = await publish.leaves(conn, place, 1)
    if head is None or head.size <= place or not leaf or entry.make_leaf(row) != leaf[0]:
        raise Conflict("audit.entry.altered", "Mục này không khớp với nhật ký; hãy chạy `dancu audit verify`.")
    path = await inclusion(conn, place, head.size)
    if not merkle.verify_inclusion(merkle.leaf_hash(leaf[0]), place, head.size, path, head.root):
        raise Conflict("audit.entry.altered", "Mục này không khớp với nhật ký; hãy chạy `dancu audit verify`.")
    opened = tuple(entry.openings(row, sorted(set(disclose))))
    return Proof(place, head.size, leaf[0], opened, tuple(path), head.note, vkey)
