"""Bulk writing: everything arrives, once, with its evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.audit import facts as commitment
from dancu.kernel.actor import SYSTEM, Purpose
from dancu.population import bulk
from dancu.population import models as m
from dancu.population.store.facts import load_view
from tests.importing.drafts import BOOK, simple, whole

PURPOSE = Purpose("import", "104/2022/NĐ-CP")


@pytest_asyncio.fixture
async def loader(database) -> AsyncIterator[psycopg.AsyncConnection]:
    conn = await psycopg.AsyncConnection.connect(database.dsn("import"), autocommit=True)
    yield conn
    await conn.close()


async def rows(conn: psycopg.AsyncConnection, query: str, *params: object) -> list[tuple]:
    return await (await conn.execute(query, params)).fetchall()


def bare(facts: tuple[m.Fact, ...]) -> list[str]:
    """Facts without their record, in an order of their own."""
    return sorted(repr(replace(fact, stored=None)) for fact in facts)


async def digest_of(admin: psycopg.AsyncConnection, entry_id: int) -> bytes:
    """The facts digest of one entry, from the rows as they lie in the database."""
    lines = []
    for table, key, columns in await rows(admin, "SELECT table_name, key_column, columns FROM audit.fact_source"):
        select = ", ".join("lower(recorded)" if c == "recorded" else c for c in columns)
        for row in await rows(admin, f"SELECT {key}, fact_id, {select} FROM {table} WHERE entry_id = %s", entry_id):
            lines.append(commitment.opened(table, row[0], row[1], row[2:]))
    return commitment.facts_digest(lines)


async def test_every_fact_arrives_and_is_committed_to(loader, admin) -> None:
    keys, households = await bulk.reserve(loader, persons=1, households=1)
    draft = whole(keys[0], households[0])
    house = m.HouseholdFact(source=BOOK, household_key=households[0], head_key=keys[0], address="12 Phan Bội Châu")
    result = await bulk.load(loader, [house, draft], actor=SYSTEM, purpose=PURPOSE)
    assert (result.persons, result.households, result.facts) == (1, 1, 16)

    view = (await load_view(admin, [keys[0]], date(2023, 1, 1)))[keys[0]]
    assert bare(view.facts()) == bare(draft.facts())
    assert view.households == (house,)
    assert view.alive_until == date(2022, 12, 31)
    assert "origin" not in view.missing

    ((entry_id, facts, subject, fields),) = await rows(
        admin, "SELECT entry_id, facts, subject, fields FROM audit.pending"
    )
    assert subject == keys[0]
    assert {"birth_name", "other_name", "kin", "life_status", "temporary_absence"} <= set(fields)
    assert facts == await digest_of(admin, entry_id)
    assert entry_id in result.entries[0]
    await admin.rollback()


async def test_lanes_and_chunks_lose_and_double_nothing(loader, database, admin) -> None:
    helper = await psycopg.AsyncConnection.connect(database.dsn("import"), autocommit=True)
    seen: list[int] = []
    result = await bulk.load(
        loader, (simple(10_000 + n) for n in range(1_050)), actor=SYSTEM, purpose=PURPOSE, chunk=100,
        helpers=[helper], progress=seen.append,
    )  # fmt: skip
    await helper.close()
    assert result.persons == 1_050
    assert seen[-1] == 1_050
    of = "(SELECT count(*) FROM {} WHERE {} = ANY (array_agg(d.person_key)))"
    also = [
        ("kit.outbox", "person_key"),
        ("audit.pending", "subject"),
        ("population.person_search", "person_key"),
    ]
    counts = await rows(
        admin,
        f"SELECT count(*), count(DISTINCT person_key), {', '.join(of.format(*name) for name in also)}"
        " FROM population.directory d WHERE number LIKE '00000001%%'",
    )
    assert counts == [(1_050,) * 5]


async def test_a_number_known_already_fails_its_chunk_whole(loader, admin) -> None:
    await bulk.load(loader, [simple(77)], actor=SYSTEM, purpose=PURPOSE)
    before = await rows(admin, "SELECT count(*) FROM population.person")
    with pytest.raises(psycopg.errors.UniqueViolation, match="directory_personal_id_once"):
        await bulk.load(loader, [simple(78), simple(77)], actor=SYSTEM, purpose=PURPOSE)
    await admin.rollback()
    assert await rows(admin, "SELECT count(*) FROM population.person") == before


async def test_it_refuses_a_connection_in_a_transaction(importer) -> None:
    await importer.execute("SELECT 1")
    with pytest.raises(RuntimeError, match="outside a transaction"):
        await bulk.load(importer, [simple(1)], actor=SYSTEM, purpose=PURPOSE)


async def test_it_stops_where_evidence_is_not_sequenced(loader, admin) -> None:
    await admin.execute("UPDATE audit.pending SET at = now() - interval '2 minutes'")
    await admin.commit()
    with pytest.raises(psycopg.Error) as error:
        await bulk.load(loader, [simple(99)], actor=SYSTEM, purpose=PURPOSE, sequencer=True)
    assert error.value.sqlstate == "DA001"
