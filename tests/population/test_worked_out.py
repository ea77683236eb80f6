"""`audit verify --facts` on a registry of people: after acts of every kind all is sound, and whatever a superuser changes
behind the verbs, in facts or in what is kept beside them, is found and named by table and key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.audit import service as audit
from dancu.audit.note import new_signer
from dancu.audit.store import scan
from dancu.kernel.dates import PartialDate
from dancu.population import service
from dancu.population.models import NumberFact, NumberKind, ResidenceKind, Sex
from dancu.population.service import worked_out

from .conftest import Office, draft, place
from .test_evidence import a_busy_year
from .test_merge import SOURCE

SIGNER = new_signer("test.dancu.vn/log")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(registry: Any, officers: Any) -> dict[str, int]:
    """A year of acts; one record merged into another and left so; one dead; one without a home."""
    found: dict[str, int] = {}
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        office = Office(conn, officers["ward_police"], officers["civil_status_clerk"])
        found["he"], found["she"], found["child"] = await a_busy_year(office)
        cmnd = (NumberFact(source=SOURCE, kind=NumberKind.CMND, number="205123499"),)
        found["kept"] = await office.person("Lê Thị Mai", year=1970, number="049170000077")
        twice = draft("Lê Thị Mai", year=1970, number="049170000078")
        found["gone"] = (await office(service.register, replace(twice, numbers=twice.numbers + cmnd))).person_key
        await office(service.merge, found["gone"], kept_key=found["kept"])
        found["dead"] = await office.person("Phạm Văn Cũ", sex=Sex.MALE, year=1940)
        await office(service.die, found["dead"], on=PartialDate(2026, 2, 3))
        found["homeless"] = await office.person("Võ Thị Xa", unit=None)
        await office(
            service.move, found["homeless"], kind=ResidenceKind.TEMPORARY, place=place(), since=date(2026, 1, 2)
        )
        await conn.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker"), autocommit=True) as worker:
        await audit.drain(worker, SIGNER)
    return found


@pytest_asyncio.fixture
async def root(registry: Any, people: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A superuser with foreign keys off, whose changes verification sees and who is rolled back after."""

    async def begin(conn: Any) -> None:
        await conn.execute("SET LOCAL datestyle = 'ISO, YMD'")

    monkeypatch.setattr(scan, "begin", begin)
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        yield conn
        await conn.rollback()


async def verify(conn: Any) -> audit.Report:
    return await audit.verify(conn, SIGNER.verifier, facts=True, derived=[worked_out.check])


async def test_a_registry_left_alone_is_sound(registry: Any, people: Any) -> None:
    async with await psycopg.AsyncConnection.connect(registry.dsn("verify")) as conn:
        report = await verify(conn)
    assert report.ok, [(f.code, f.where) for f in report.findings]


FACT_TABLES = (
    "person_name", "person_birth", "person_trait", "person_number", "residence", "household", "household_member",
    "kinship", "marital", "card", "contact", "life", "other_data",
)  # fmt: skip


@pytest.mark.parametrize("table", FACT_TABLES)
async def test_every_table_of_facts(root: Any, table: str) -> None:
    """Ended by nobody, ended by an entry of something else, changed, removed: each red in each table."""
    key = "household_key" if table == "household" else "person_key"
    one = f"({key}, fact_id) = (SELECT {key}, fact_id FROM population.{table} WHERE upper_inf(recorded) LIMIT 1)"
    ended = "recorded = tstzrange(lower(recorded), clock_timestamp())"
    for change, code in (
        (f"UPDATE population.{table} SET {ended} WHERE {one}", "facts.ended_unwitnessed"),
        (f"UPDATE population.{table} SET {ended}, closed_by = entry_id WHERE {one}", "facts.altered"),
        (f"UPDATE population.{table} SET source_ref = source_ref || 'x' WHERE {one}", "facts.altered"),
        (f"UPDATE population.{table} SET {key} = {key} + 100000 WHERE {one}", "facts.altered"),
        (f"DELETE FROM population.{table} WHERE {one}", "facts.altered"),
    ):
        await root.execute("SAVEPOINT whole")
        assert (await root.execute(change)).rowcount == 1, change
        assert code in (await verify(root)).counts, change
        await root.execute("ROLLBACK TO whole")


@pytest.mark.parametrize(
    ("change", "code", "who"),
    [
        # The directory: a number that names somebody else, nobody, or one person more.
        ("UPDATE population.directory SET person_key = {child} WHERE number = '049170000077'", "directory.missing", "kept"),
        ("UPDATE population.directory SET person_key = {child} WHERE number = '049170000077'", "directory.leads_astray", "child"),
        ("UPDATE population.directory SET person_key = {child} WHERE number = '205123499'", "directory.missing", "kept"),
        ("DELETE FROM population.directory WHERE number = '049170000077'", "directory.missing", "kept"),
        ("DELETE FROM population.directory WHERE number = '049170000078'", "directory.missing", "gone"),
        ("DELETE FROM population.directory WHERE number = '049090000001' AND state = 'replaced'", "directory.missing", "he"),
        ("INSERT INTO population.directory VALUES ('049170000099', 'personal_id', {child})", "directory.leads_astray", "child"),
        ("UPDATE population.directory SET number = '049170000070' WHERE number = '049170000077'", "directory.missing", "kept"),
        ("UPDATE population.directory SET state = 'cancelled' WHERE number = '049170000077'", "directory.state", "kept"),
        # The person's row.
        ("UPDATE population.person SET areas = '{{}}' WHERE person_key = {she}", "person.areas", "she"),
        ("UPDATE population.person SET areas = areas || 13788 WHERE person_key = {she}", "person.areas", "she"),
        ("UPDATE population.person SET merged_into = {he} WHERE person_key = {she}", "person.merged_into", "she"),
        ("UPDATE population.person SET merged_into = NULL WHERE person_key = {gone}", "person.merged_into", "gone"),
        ("UPDATE population.person SET merged_into = {she} WHERE person_key = {gone}", "person.merged_into", "gone"),
        ("UPDATE population.person SET alive_until = '2026-01-01' WHERE person_key = {she}", "person.alive_until", "she"),
        ("UPDATE population.person SET alive_until = 'infinity' WHERE person_key = {dead}", "person.alive_until", "dead"),
        ("UPDATE population.residence SET alive_until = '2099-01-01' WHERE person_key = {she}", "person.orphan", "she"),
        ("UPDATE population.person SET last_recorded = '2020-01-01' WHERE person_key = {she}", "person.last_recorded", "she"),
        ("UPDATE population.person SET last_recorded = now() + interval '1 day' WHERE person_key = {she}",
         "person.last_recorded", "she"),
        ("DELETE FROM population.person WHERE person_key = {she}", "person.orphan", "she"),
        ("INSERT INTO population.person (person_key, last_recorded) VALUES (999999, now())", "person.empty", 999999),
        ("INSERT INTO population.person (person_key, last_recorded) VALUES (999999, now())", "person.last_recorded", 999999),
        # What no verb could have written.
        ("UPDATE population.life SET event_day = 31, event_month = 2 WHERE person_key = {dead}", "person.unreadable", "dead"),
        ("UPDATE population.person_name SET full_name = '1' WHERE person_key = {she}", "person.unreadable", "she"),
        # What search reads.
        ("DELETE FROM population.person_search WHERE person_key = {she}", "search.missing", "she"),
        ("UPDATE population.person_search SET terms = '{{}}' WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET terms = terms || '{{1990:khac}}'::text[] WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET areas = '{{1}}' WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET birth_year = 1900 WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET name_ascii = 'ai do' WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET sort_key = 'a' WHERE person_key = {she}", "search.differs", "she"),
        ("UPDATE population.person_search SET terms = '{{1970:le}}' WHERE person_key = {gone}", "search.extra", "gone"),
        ("INSERT INTO population.person_search (person_key, name_ascii, name_folded, sort_key, terms)"
         " VALUES (999999, 'a', 'a', 'a', '{{1970:a}}')", "person.orphan", 999999),
        # Merges.
        ("DELETE FROM population.merge WHERE person_key = {gone}", "person.merged_into", "gone"),
        ("UPDATE population.merge SET entry_id = entry_id + 1 WHERE person_key = {gone}", "merge.unwitnessed", "gone"),
        ("UPDATE population.merge SET undone_at = now() WHERE person_key = {gone}", "merge.unwitnessed", "gone"),
        ("INSERT INTO population.merge VALUES ({she}, {he}, now(), 1, NULL, NULL, '{{}}')", "merge.unwitnessed", "she"),
        # Undoing a merge by hand, its trace and all: the record has no facts of its own any more.
        ("WITH m AS (DELETE FROM population.merge WHERE person_key = {gone})"
         " UPDATE population.person SET merged_into = NULL WHERE person_key = {gone}", "person.empty", "gone"),
    ],
)  # fmt: skip
async def test_changes_beside_the_facts(root: Any, people: dict[str, int], change: str, code: str, who: str | int) -> None:
    done = await root.execute(change.format(**people))
    assert done.rowcount >= 1, "the change touched nothing"
    report = await verify(root)
    assert code in report.counts, report.counts
    key = people[who] if isinstance(who, str) else who
    assert key in [f.where["key"] for f in report.findings if f.code == code]


async def test_a_person_deleted_with_everything(root: Any, people: dict[str, int]) -> None:
    """Whole, without a crumb: the entries that wrote the person still commit to what is not there."""
    for table in (*FACT_TABLES, "person", "directory", "person_search"):
        if table != "household":
            await root.execute(f"DELETE FROM population.{table} WHERE person_key = %s", (people["homeless"],))
    assert (await verify(root)).counts["facts.altered"] >= 2


async def test_the_head_of_a_household(root: Any, people: dict[str, int]) -> None:
    """head_key is committed to as every column of a fact is."""
    done = await root.execute(
        "UPDATE population.household SET head_key = %s WHERE head_key = %s", (people["child"], people["he"])
    )
    assert done.rowcount
    assert "facts.altered" in (await verify(root)).counts


async def test_findings_say_no_more_than_table_and_key(root: Any, people: dict[str, int]) -> None:
    await root.execute("DELETE FROM population.directory")
    await root.execute("UPDATE population.person_search SET name_ascii = 'x'")
    said = str([f.text() for f in (await verify(root)).findings])
    for secret in ("0491", "2051", "Nguyễn", "Lê", "nguyen", "Phan Châu Trinh"):
        assert secret not in said
