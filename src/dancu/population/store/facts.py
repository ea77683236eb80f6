"""Reading facts as of a day and as known at a moment: one statement, one round trip, whatever the number of
persons.

A row level policy shows the application only persons the gate opened in this transaction, so a person who was
not opened is simply not in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn
from dancu.population.models import Fact, PersonView
from dancu.population.store.tables import HOUSEHOLD, TABLES, Table, read, selected

#: The field of PersonView each table fills.
_VIEW_FIELD = {
    "person_name": "names", "person_birth": "births", "person_trait": "traits", "person_number": "numbers",
    "residence": "residences", "household_member": "memberships", "household": "households", "kinship": "kin",
    "marital": "marital", "card": "cards", "contact": "contacts", "life": "life", "other_data": "other",
}  # fmt: skip

Known = Literal["now", "then", "ever"]
_KNOWN: dict[str, str] = {
    "now": "upper_inf({t}.recorded)",
    "then": "{t}.recorded @> %(known_at)s::timestamptz",
    "ever": "true",
}


def _rows(table: Table, where: str) -> str:
    """A scalar subquery: the rows of a table as a JSON array of arrays, by valid time."""
    return (
        f"(SELECT json_agg(json_build_array({selected(table)})"
        " ORDER BY lower(f.valid) NULLS FIRST, f.fact_id)"
        f" FROM {table.qualified} f WHERE {where}) AS {table.name}"
    )


@cache
def _person_query(known: Known) -> str:
    at = _KNOWN[known].format(t="f")
    of_households = (
        "f.household_key = ANY (ARRAY(SELECT m.household_key FROM population.household_member m"
        f" WHERE m.person_key = p.person_key AND {_KNOWN[known].format(t='m')})) AND {at}"
    )
    parts = [_rows(t, f"f.person_key = p.person_key AND {at}") for t in TABLES]
    parts.append(_rows(HOUSEHOLD, of_households))
    return (
        "SELECT p.person_key, p.areas, NULLIF(p.alive_until, 'infinity'), p.merged_into, p.last_recorded,"
        f" p.missing, {', '.join(parts)}"
        " FROM population.person p WHERE p.person_key = ANY (%(keys)s::bigint[])"
    )


async def load_view(
    conn: Conn, keys: Sequence[int], as_of: date | None = None, known_at: datetime | None = None
) -> dict[int, PersonView]:
    """The opened ones of `keys`, by key: all facts known at `known_at` (None: now), to be read as of `as_of`
    (None: today). "What did the registry say on 1/3 about 1/1?" is as_of=1/1, known_at=1/3.

    A person recorded only after `known_at` comes without facts. A death or merge registered later than
    `known_at` still shows in `alive_until` and `merged_into`: these are of now; `death` is of then.
    """
    query = _person_query("now" if known_at is None else "then")
    cursor = await conn.execute(query, {"keys": list(keys), "known_at": known_at})
    on = as_of or SYSTEM_CLOCK.today()
    return {row[0]: _view(row, on, known_at) for row in await cursor.fetchall()}


async def load_history(conn: Conn, key: int) -> tuple[Fact, ...]:
    """Everything the registry ever said of one person, newest record first; empty if the person is not
    open."""
    cursor = await conn.execute(_person_query("ever"), {"keys": [key]})
    row = await cursor.fetchone()
    if row is None:
        return ()
    facts: list[Fact] = []
    for table, rows in zip((*TABLES, HOUSEHOLD), row[6:], strict=True):
        facts.extend(read(table, r) for r in rows or ())
    return tuple(sorted(facts, key=lambda f: (f.stored.known_from, f.stored.fact_id) if f.stored else (), reverse=True))


def _view(row: Sequence[Any], as_of: date, known_at: datetime | None) -> PersonView:
    key, areas, alive_until, merged_into, last_recorded, missing = row[:6]
    parts = {
        _VIEW_FIELD[table.name]: tuple(read(table, r) for r in rows or ())
        for table, rows in zip((*TABLES, HOUSEHOLD), row[6:], strict=True)
    }
    return PersonView(
        person_key=key,
        as_of=as_of,
        known_at=known_at,
        areas=tuple(areas),
        alive_until=alive_until,
        merged_into=merged_into,
        last_recorded=last_recorded,
        missing=tuple(missing),
        **parts,
    )


def view_of_parts(tables: Sequence[Table]) -> tuple[str, Callable[[Sequence[Any]], dict[str, Any]]]:
    """For a reader that needs few tables: select-list columns over a person `p`, as known now, and the
    function that makes fields of PersonView of them."""
    at = _KNOWN["now"].format(t="f")
    columns = ", ".join(_rows(t, f"f.person_key = p.person_key AND {at}") for t in tables)

    def fields(values: Sequence[Any]) -> dict[str, Any]:
        return {
            _VIEW_FIELD[t.name]: tuple(read(t, r) for r in rows or ()) for t, rows in zip(tables, values, strict=True)
        }

    return columns, fields
