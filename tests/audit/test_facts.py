"""`verify --facts`: whatever is changed in the rows behind the verbs is found, by the entry that wrote them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from dancu.audit import facts, service
from dancu.audit.store import scan

from .log_helpers import OFFICER, RESIDENCE, SIGNER, scalar

COLUMNS = ["born", "entry_id", "fact_id", "name", "origins", "places", "recorded", "seen", "thing_key", "valid", "yes"]
T1 = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
T2 = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module")
async def filled(make_database: Any) -> Any:
    """A room of one table with every kind of column, twelve facts written by verbs, three of them closed."""
    database = make_database()
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as admin:
        for statement in (
            "CREATE SCHEMA things",
            """CREATE TABLE things.thing (thing_key bigint, fact_id bigint GENERATED ALWAYS AS IDENTITY, name text,
               born date, seen timestamptz, valid daterange, places int[], origins jsonb, yes boolean,
               recorded tstzrange NOT NULL, entry_id bigint NOT NULL, closed_by bigint, alive_until date)""",
            "GRANT USAGE ON SCHEMA things TO dancu_verify",
            "GRANT SELECT ON things.thing TO dancu_verify",
        ):
            await admin.execute(statement)
        await admin.execute("INSERT INTO audit.fact_source VALUES ('things.thing', 'thing_key', %s)", (COLUMNS,))
        for key in range(1, 13):
            await _write(admin, key, close=key - 9 if key > 9 else None)
        await admin.commit()
    async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker:
        await service.drain(worker, SIGNER)
    return database


async def _write(conn: Any, key: int, close: int | None) -> None:
    """A verb: write one fact, close another, and record both under the entry that was reserved."""
    (entry_id,) = await service.reserve(conn, 1)
    values: dict[str, Any] = {
        "born": date(1990, 1, key) if key % 2 else None,
        "name": f"Nguyễn Thị {key} \"ờ\" \\",
        "origins": {"z": 1, "a": ["é", None]} if key % 3 else None,
        "places": [key, 2],
        "seen": T1,
        "valid": Range(date(2020, 1, 1), None if key % 2 else date(2021, 1, 1), "[)"),
        "yes": key % 2 == 0,
    }
    names = ", ".join(values)
    fact_id = await scalar(
        conn,
        f"INSERT INTO things.thing (thing_key, entry_id, recorded, {names})"
        " VALUES (%s, %s, tstzrange(%s, NULL), %s, %s, %s, %s, %s, %s, %s) RETURNING fact_id",
        key, entry_id, T1, *[Jsonb(v) if isinstance(v, dict) else v for v in values.values()],
    )  # fmt: skip
    row = {**values, "entry_id": entry_id, "fact_id": fact_id, "recorded": T1, "thing_key": key}
    lines = [facts.opened("things.thing", key, fact_id, [row[c] for c in COLUMNS])]
    if close is not None:
        closed_fact = await scalar(
            conn,
            "UPDATE things.thing SET recorded = tstzrange(lower(recorded), %s), closed_by = %s WHERE thing_key = %s"
            " RETURNING fact_id",
            T2, entry_id, close,
        )  # fmt: skip
        lines.append(facts.closed("things.thing", close, closed_fact, T2))
    await service.record(
        conn, OFFICER, RESIDENCE, action="write", subjects=[key], fields=["name"],
        facts=service.facts_digest(lines), entry_ids=[entry_id],
    )  # fmt: skip


@pytest_asyncio.fixture
async def root(filled: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    async def begin(conn: Any) -> None:
        await conn.execute("SET LOCAL datestyle = 'ISO, YMD'")

    monkeypatch.setattr(scan, "begin", begin)  # verify inside the superuser's open transaction
    async with await psycopg.AsyncConnection.connect(filled.dsn("admin")) as conn:
        yield conn
        await conn.rollback()


async def test_facts_left_alone_are_sound(filled: Any) -> None:
    async with await psycopg.AsyncConnection.connect(filled.dsn("verify")) as conn:
        report = await service.verify(conn, SIGNER.verifier, facts=True)
    assert report.ok, report.findings
    assert report.facts == 12 + 3


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (f"UPDATE things.thing SET {setting} WHERE thing_key = 5", {"facts.altered": 1})
        for setting in (
            "name = 'x'", "name = NULL", "born = born + 1", "valid = daterange('2020-01-01', '2020-01-02')",
            "valid = 'empty'", "valid = NULL", "places = '{5}'", "places = NULL", "origins = '{\"a\": [\"é\", null], \"z\": 2}'",
            "yes = NULL", "seen = seen + interval '1 microsecond'", "thing_key = 55",
            "recorded = tstzrange('2025-01-01', NULL)",
        )
    ]
    + [
        ("DELETE FROM things.thing WHERE thing_key = 5", {"facts.altered": 1}),
        ("UPDATE things.thing SET entry_id = entry_id + 1 WHERE thing_key = 5", {"facts.altered": 2}),
        ("UPDATE things.thing SET entry_id = 9999 WHERE thing_key = 5", {"facts.altered": 1, "facts.unwitnessed": 1}),
        # A closed fact opened again, closed at another time, by another entry; an open one closed by nobody's verb.
        ("UPDATE things.thing SET closed_by = NULL, recorded = tstzrange(lower(recorded), NULL) WHERE thing_key = 1",
         {"facts.altered": 1}),
        ("UPDATE things.thing SET recorded = tstzrange(lower(recorded), '2026-02-02') WHERE thing_key = 1",
         {"facts.altered": 1}),
        ("UPDATE things.thing SET closed_by = closed_by - 1 WHERE thing_key = 1", {"facts.altered": 2}),
        ("UPDATE things.thing SET closed_by = 9999, recorded = tstzrange(lower(recorded), '2026-02-02')"
         " WHERE thing_key = 7", {"facts.unwitnessed": 1}),
        ("INSERT INTO things.thing (thing_key, entry_id, recorded) SELECT 5, entry_id, recorded FROM things.thing"
         " WHERE thing_key = 5", {"facts.altered": 1}),
        ("INSERT INTO things.thing (thing_key, entry_id, recorded) VALUES (5, 9999, '[2020-01-01,)')",
         {"facts.unwitnessed": 1}),
        ("DELETE FROM audit.fact_source WHERE table_name = 'things.thing'", {"facts.altered": 12, "facts.uncommitted": 1}),
        ("UPDATE audit.fact_source SET columns = array_remove(columns, 'name') WHERE table_name = 'things.thing'",
         {"facts.altered": 12, "facts.uncommitted": 1}),
        *((f"UPDATE audit.fact_source SET {change} WHERE table_name = 'things.thing'",
           {"facts.altered": 12, "facts.source": 1, "facts.uncommitted": uncommitted})
          for change, uncommitted in (("table_name = 'things.thong'", 1), ("table_name = 'a\"b'", 1))),
        *((f"UPDATE audit.fact_source SET key_column = '{column}' WHERE table_name = 'things.thing'",
           {"facts.altered": 12, "facts.source": 1}) for column in ("gone", "name")),
        # Ended, and no entry named for it: hidden from every page, and no entry's digest would know.
        ("UPDATE things.thing SET recorded = tstzrange(lower(recorded), '2026-02-02') WHERE thing_key = 7",
         {"facts.ended_unwitnessed": 1}),
        ("UPDATE things.thing SET recorded = 'empty' WHERE thing_key = 7",
         {"facts.altered": 1, "facts.ended_unwitnessed": 1}),
        # Ended by an entry that is there and committed to something else.
        ("UPDATE things.thing SET recorded = tstzrange(lower(recorded), '2026-02-02'), closed_by = entry_id"
         " WHERE thing_key = 7", {"facts.altered": 1}),
        ("UPDATE things.thing SET alive_until = '2020-01-01'", {}),  # derived, not committed
    ],
)  # fmt: skip
async def test_changes_behind_the_verbs(root: Any, change: str, found: dict[str, int]) -> None:
    await root.execute(change)
    assert (await service.verify(root, SIGNER.verifier, facts=True)).counts == found


async def test_a_write_whose_record_was_removed_while_it_waited(root: Any) -> None:
    await _write(root, 50, None)
    assert (await service.verify(root, SIGNER.verifier, facts=True)).counts == {}
    await root.execute("DELETE FROM audit.pending")
    assert (await service.verify(root, SIGNER.verifier, facts=True)).counts == {"facts.unwitnessed": 1}


async def test_facts_of_an_erased_entry_stay_verifiable(root: Any) -> None:
    entry_id = await scalar(root, "SELECT entry_id FROM things.thing WHERE thing_key = 5")
    await service.erase(root, OFFICER, RESIDENCE, entry_id)
    assert (await service.verify(root, SIGNER.verifier, facts=True)).counts == {}
    await root.execute("UPDATE things.thing SET name = 'x' WHERE thing_key = 5")
    assert (await service.verify(root, SIGNER.verifier, facts=True)).counts == {"facts.altered": 1}


def test_lines() -> None:
    line = facts.opened("a.b", 3, 4, [None, True, 5, "é\n", date(2020, 1, 2), T1, Range(None, date(2021, 1, 1)),
                                      Range(empty=True), [1, 2], {"b": 1, "a": []}])  # fmt: skip
    assert line.decode() == (
        '+|a.b|3|4|[null,true,5,"é\\n","2020-01-02","2026-01-02T03:04:05.000006Z","[,2021-01-01)","empty",[1,2],'
        '{"a":[],"b":1}]'
    )
    assert facts.closed("a.b", 3, 4, T2) == b"-|a.b|3|4|2026-01-02T03:04:06.000000Z"
    assert facts.facts_digest([b"b", b"a"]) == facts.facts_digest(iter([b"a", b"b"]))


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text())))
def test_canonical_is_json(values: list[Any]) -> None:
    try:
        encoded = facts.canonical(values)
    except TypeError:  # lone surrogates cannot be in a database either
        return
    assert json.loads(encoded) == values
