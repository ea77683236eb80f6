"""The doors of the review desk, called (migrations/0016_import_review.sql). Each decides itself whether the officer may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.population.importing.review import Count, Review, Waiting
from dancu.population.store.gate import _session


def _who(actor: Actor, purpose: Purpose) -> tuple[Any, ...]:
    return (actor.kind, actor.actor_id, _session(actor), purpose.code, purpose.legal_basis)


_WHO = "%s, %s::bigint, %s::bytea, %s, %s"


async def listed(
    conn: Conn, actor: Actor, purpose: Purpose, *, settled: bool, run_id: int | None, reason: str | None,
    after: tuple[int, int] | None, most: int,
) -> tuple[str, list[Waiting]]:  # fmt: skip
    """(verdict, rows of the officer's area); the rows are empty where the verdict is not 'ok'."""
    cursor = await conn.execute(
        "SELECT verdict, run_id, line, file_name, profile, codes, candidates, created_at, settled_at, settled_name, outcome"
        f" FROM population.reviews({_WHO}, %s, %s::bigint, %s, %s::bigint, %s::bigint, %s::int)",
        (*_who(actor, purpose), "settled" if settled else "waiting", run_id, reason, *(after or (None, None)), most),
    )
    found = await cursor.fetchall()
    if found and found[0][0] != "ok":
        return found[0][0], []
    return "ok", [
        Waiting(run, line, name, profile, tuple(codes), count, made, at, by or "", outcome)
        for _, run, line, name, profile, codes, count, made, at, by, outcome in found
    ]


async def counts(conn: Conn, actor: Actor, purpose: Purpose) -> tuple[str, list[Count]]:
    """(verdict, how many rows wait by run and reason)."""
    cursor = await conn.execute(
        "SELECT verdict, run_id, file_name, profile, started_at, reason, waiting"
        f" FROM population.review_counts({_WHO})",
        _who(actor, purpose),
    )
    found = await cursor.fetchall()
    if found and found[0][0] != "ok":
        return found[0][0], []
    return "ok", [Count(*row[1:]) for row in found]


async def row(
    conn: Conn, actor: Actor, purpose: Purpose, run_id: int, line: int, *, deciding: bool
) -> tuple[str, Review | None]:
    """(verdict, row). To show it leaves an entry of evidence; with `deciding` it is locked instead until the
    transaction ends."""
    cursor = await conn.execute(
        "SELECT verdict, run_id, line, file_name, profile, as_of, header, fingerprint, cells, typed, reasons, candidates,"
        " created_at, settled_at, settled_by, settled_name, outcome, person_key, detail, erased_at"
        " FROM population.review_row(%s, %s::bigint, %s, %s::bytea, %s, %s, %s, %s, %s, %s::bigint, %s::bigint, %s)",
        (
            actor.kind, actor.actor_id, actor.org_code, _session(actor), purpose.code, purpose.legal_basis,
            purpose.case_ref or None, actor.request_id, actor.channel, run_id, line, deciding,
        ),
    )  # fmt: skip
    found = await cursor.fetchone()
    if found is None or found[0] != "ok":
        return (found[0] if found else "not_found"), None
    (_, run, at, file_name, profile, as_of, header, fingerprint, cells, typed, reasons, candidates, created, settled,
     by, name, outcome, person, detail, erased) = found  # fmt: skip
    return "ok", Review(
        run_id=run, line=at, file_name=file_name, profile=profile, as_of=as_of, header=tuple(header or ()),
        fingerprint=fingerprint.hex, cells=cells, typed=typed, reasons=tuple((code, field) for code, field in reasons),
        candidates=tuple(candidates), created_at=created, settled_at=settled, settled_by=by, settled_name=name,
        outcome=outcome, person_key=person, detail=detail, erased_at=erased,
    )  # fmt: skip


async def settle(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, outcome: str, *, person_key: int | None = None,
    detail: str = "", fingerprints: Sequence[str] = (), record_key: str | None = None,
) -> bool:  # fmt: skip
    """False where the row does not wait any more."""
    answer = await (
        await conn.execute(
            f"SELECT population.review_settle({_WHO}, %s::bigint, %s::bigint, %s, %s::bigint, %s, %s, %s::uuid[], %s::uuid)",
            (
                *_who(actor, purpose), review.run_id, review.line, outcome, person_key, actor.name, detail,
                list(dict.fromkeys(fingerprints)), record_key,
            ),
        )
    ).fetchone()  # fmt: skip
    return bool(answer and answer[0])


async def retype(
    conn: Conn, actor: Actor, purpose: Purpose, review: Review, cells: Mapping[str, str],
    reasons: Sequence[tuple[str, str]], candidates: Sequence[int], areas: Sequence[int],
) -> bool:  # fmt: skip
    """Keep what was typed, and why the row goes on waiting. False where it does not wait any more."""
    answer = await (
        await conn.execute(
            f"SELECT population.review_retype({_WHO}, %s::bigint, %s::bigint, %s::jsonb, %s::jsonb, %s::bigint[], %s::int[])",
            (
                *_who(actor, purpose), review.run_id, review.line, json.dumps(dict(cells), ensure_ascii=False),
                json.dumps([list(r) for r in reasons], ensure_ascii=False), list(candidates), list(areas),
            ),
        )
    ).fetchone()  # fmt: skip
    return bool(answer and answer[0])


async def candidates(
    conn: Conn, actor: Actor, purpose: Purpose, numbers: Sequence[str], record_key: str | None, name: str,
    terms: Sequence[str],
) -> AsyncIterator[tuple[str, str, str, int]]:  # fmt: skip
    """(how, kind, number, person key) of everybody a row may be about; `how`: 'number', 'record', 'name'."""
    cursor = await conn.execute(
        f"SELECT how, kind, number, person_key FROM population.review_candidates({_WHO}, %s::text[], %s::uuid, %s, %s::text[])",
        (*_who(actor, purpose), list(numbers), record_key, name, list(terms)),
    )
    async for found in cursor:
        yield found


async def household(conn: Conn, actor: Actor, purpose: Purpose, file_number: str) -> tuple[int, int | None, int | None] | None:
    """(key, head, one present member) of the household with this file number; None where there is none."""
    answer = await (
        await conn.execute(
            f"SELECT household_key, head_key, member_key FROM population.review_household({_WHO}, %s)",
            (*_who(actor, purpose), file_number),
        )
    ).fetchone()
    return (answer[0], answer[1], answer[2]) if answer else None


async def overdue(conn: Conn) -> tuple[int, int, str]:
    """Erase what has been kept long enough (role worker): (rows refused, contents of rows decided, the law). Fingerprint,
    reasons and outcome of a decided row stay: they are nobody's data, and the row must not be asked about again."""
    refused = await conn.execute(
        "DELETE FROM population.import_reject j USING population.import_run r, population.import_retention k"
        " WHERE r.run_id = j.run_id AND r.state = 'done' AND k.what = 'reject' AND k.valid @> current_date"
        " AND r.finished_at < now() - make_interval(days => k.days)"
    )
    decided = await conn.execute(
        "UPDATE population.import_review q SET cells = '{}', typed = NULL, erased_at = now()"
        " FROM population.import_retention k WHERE k.what = 'review' AND k.valid @> current_date"
        " AND q.erased_at IS NULL AND q.settled_at < now() - make_interval(days => k.days)"
    )
    law = await (
        await conn.execute(
            "SELECT legal_basis FROM population.import_retention WHERE what = 'review' AND valid @> current_date"
        )
    ).fetchone()
    return refused.rowcount, decided.rowcount, law[0] if law else ""
