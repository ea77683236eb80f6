"""The gate's functions for comparing rows of a file (migrations/0036_reconcile.sql, 0093, 0099), called for a chunk at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.arrays import numbers, texts
from dancu.kit.db import Conn
from dancu.population import matching as words
from dancu.population.models.linkage import Candidate, Probe
from dancu.population.store.sentences import in_words

_MOST_AREAS: Final = 4
_CONTEXT: Final = "%s, %s::bigint, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::text[]"
_NUMBERS: Final = (
    f"SELECT * FROM population.link_numbers({_CONTEXT}, %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
)
_TRAITS: Final = (
    f"SELECT * FROM population.link_traits({_CONTEXT}, %s::int[], %s::text[], %s::int[], %s::int[], %s::int[], %s::text[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])"
)


def _context(actor: Actor, purpose: Purpose, note: Mapping[str, Any], fields: Sequence[str]) -> tuple[Any, ...]:
    return (
        actor.kind, actor.actor_id, actor.org_code, purpose.code, purpose.legal_basis, purpose.case_ref or None,
        actor.request_id, actor.channel, json.dumps(note), list(fields),
    )  # fmt: skip


def _areas(probe: Probe) -> str:
    return "{" + ",".join(map(str, probe.areas)) + "}"


def _households(probes: Sequence[Probe]) -> tuple[str, ...]:
    """What rows say of head and place, as columns."""
    return (
        texts(p.head_number or None for p in probes),
        texts(p.head_folded or None for p in probes),
        texts(p.head_name or None for p in probes),
        texts(_areas(p) if p.areas else None for p in probes),
    )


async def by_numbers(
    conn: Conn, actor: Actor, purpose: Purpose, note: Mapping[str, Any], fields: Sequence[str], probes: Sequence[Probe]
) -> tuple[str, list[Candidate]]:
    """(verdict, candidates) of every row that names a number; lines count from 1."""
    asked = [(line, number, probe) for line, probe in enumerate(probes, 1) for number in probe.numbers]
    if not asked:
        return "ok", []
    lines, digits, rows = zip(*asked, strict=True)
    parameters = (*_context(actor, purpose, note, fields), numbers(lines), texts(digits), *_households(rows))
    return await _candidates(conn, _NUMBERS, parameters)


async def by_traits(
    conn: Conn, actor: Actor, purpose: Purpose, note: Mapping[str, Any], fields: Sequence[str], probes: Sequence[Probe],
    lines: Sequence[int], *, widely: bool,
) -> tuple[str, list[Candidate]]:  # fmt: skip
    """(verdict, candidates) of the rows at `lines` (from 1), by name, birth and household; `widely`: by single words of the
    name and by the head's name too, which takes the database ten times as long."""
    if not lines:
        return "ok", []
    rows = [probes[line - 1] for line in lines]
    near = [p.areas[:_MOST_AREAS] if widely else () for p in rows]
    parameters = (
        *_context(actor, purpose, note, fields), numbers(lines), texts(p.name or None for p in rows),
        numbers(p.year for p in rows), numbers(p.month for p in rows), numbers(p.day for p in rows),
        texts(words.initials(p.name) or None for p in rows), texts(words.initials(words.turned(p.name)) or None for p in rows),
        texts(p.name.rpartition(" ")[2] or None for p in rows),
        texts(words.linked_terms(p.name, p.year, areas) or None for p, areas in zip(rows, near, strict=True)),
        texts(words.head_terms(p.head_name, areas) or None for p, areas in zip(rows, near, strict=True)), *_households(rows),
    )  # fmt: skip
    return await _candidates(conn, _TRAITS, parameters)


async def _candidates(conn: Conn, query: str, parameters: tuple[Any, ...]) -> tuple[str, list[Candidate]]:
    with in_words():
        cursor = await conn.execute(query, parameters, prepare=True, binary=True)
    rows = await cursor.fetchall()
    if rows and rows[0][-1] != "ok":
        return str(rows[0][-1]), []
    return "ok", [Candidate._make(row[:-1]) for row in rows]


async def size(conn: Conn) -> int:
    """About how many people the registry knows."""
    row = await (await conn.execute("SELECT population.size_about()")).fetchone()
    return int(row[0]) if row else 1000


async def entries(conn: Conn) -> tuple[int, int, int]:
    """(first, last, how many) evidence entries of comparing in this transaction; zeros where there are none."""
    row = await (await conn.execute("SELECT current_setting('dancu.linked_entries', true)")).fetchone()
    first, last, count = (row[0] if row and row[0] else "0 0 0").split()
    return int(first), int(last), int(count)
