"""Indexes, the 26 groups, the committed columns, and a sentence for every constraint."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date

import psycopg
import pytest

from dancu.population import service
from dancu.population.models import (
    HOMES,
    CardFact,
    CardKind,
    ContactFact,
    ContactKind,
    DataGroup,
    HouseholdFact,
    HouseholdRelation,
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    MaritalFact,
    MaritalStatus,
    NameFact,
    NameKind,
    NumberFact,
    NumberKind,
    OtherFact,
    ResidenceFact,
    ResidenceKind,
    Sex,
    Source,
    TraitFact,
    Valid,
)
from dancu.population.models.facts import BirthFact
from dancu.population.policy.groups import groups_of
from dancu.population.store import facts, persons, write
from dancu.population.store.sentences import SENTENCES
from dancu.population.store.tables import HOUSEHOLD, TABLES

from .conftest import HERE, NOW_HERE, draft, place

S = Source("civil_register", "12/2020", date(2020, 5, 6))


def everything():
    """A draft that says something of every group a person's own tables hold."""
    return replace(
        draft(),
        names=(NameFact(source=S, full_name="Trần Thị Hoà"), NameFact(source=S, kind=NameKind.OTHER, full_name="Bé Na")),
        birth=BirthFact(
            source=S, year=1990, month=4, sex=Sex.FEMALE, birth_unit=HERE, birth_place="Trạm y tế",
            registration_unit=HERE, origin_place="Huế", origins={"sex": Source("id_card", "049190000001")},
        ),
        traits=(TraitFact(source=S, ethnicity="Kinh", religion="Không", nationality="VNM", blood_group="O+"),),
        numbers=(
            NumberFact(source=S, kind=NumberKind.PERSONAL_ID, number="049190000001"),
            NumberFact(source=S, kind=NumberKind.CMND, number="205123456"),
        ),
        residences=tuple(
            ResidenceFact(source=S, valid=Valid(date(2025, 7, 1), end), kind=kind, unit_id=NOW_HERE, file_number=file)
            for kind, end, file in (
                (ResidenceKind.PERMANENT, None, "49/1"), (ResidenceKind.TEMPORARY, date(2027, 1, 1), ""),
                (ResidenceKind.CURRENT, None, ""), (ResidenceKind.ABSENCE, date(2027, 1, 1), ""),
            )
        ),
        kin=(KinFact(source=S, relation=KinRelation.FATHER, relative_name="Trần Văn Cha", relative_birth="1960"),),
        marital=(MaritalFact(source=S, status=MaritalStatus.SINGLE),),
        cards=(CardFact(source=S, kind=CardKind.CHIP, number="049190000001", issued_on=date(2022, 4, 5)),),
        contacts=(ContactFact(source=S, kind=ContactKind.PHONE, value="+84510000001"),),
        life=(LifeFact(source=S, valid=Valid(date(2026, 1, 1)), status=LifeStatus.MISSING, year=2026),),
        other=(OtherFact(source=S, name="ghi chú", value="x"),),
    )  # fmt: skip


async def test_each_of_the_26_groups_has_a_home_and_comes_back(office):
    assert len(HOMES) == len(DataGroup) == 26
    for group, home in HOMES.items():
        assert set(home.fields) <= {f.name for f in fields(home.fact)}, group
    given = everything()
    done = await office(service.register, given)
    await office(service.create_household, done.person_key, place=place(), since=date(2026, 1, 1))
    view = await office.view(done.person_key)
    back = [*view.facts(), *view.households]
    groups = {g for f in back for g in groups_of(f)}
    assert groups == {g.value for g in DataGroup}
    said = {repr(replace(f, stored=None)) for f in back}
    assert {repr(f) for f in given.facts()} <= said


async def test_committed_columns_are_those_the_log_checks(admin):
    cursor = await admin.execute("SELECT table_name, key_column, columns FROM audit.fact_source")
    sources = {name: (key, columns) for name, key, columns in await cursor.fetchall() if name.startswith("population.")}
    assert set(sources) == {t.qualified for t in (*TABLES, HOUSEHOLD)}
    for table in (*TABLES, HOUSEHOLD):
        assert sources[table.qualified] == (table.key, write.committed_columns(table))


async def test_every_constraint_has_a_sentence(admin):
    cursor = await admin.execute(
        "SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
        " WHERE t.relnamespace = 'population'::regnamespace AND t.relname = ANY (%s)"
        " AND (contype = 'x' OR contype = 'c')",
        ([*(t.name for t in (*TABLES, HOUSEHOLD)), "person", "directory"],),
    )
    names = {name for (name,) in await cursor.fetchall()}
    general = ("_kind", "_state", "_status", "_relation", "_times")
    unsaid = {n for n in names if n not in SENTENCES and not n.endswith(general) and not n.endswith("not_null")}
    assert unsaid == set()


async def plan(conn, query, params):
    cursor = await conn.execute(f"EXPLAIN (FORMAT JSON) {query}", params)
    (found,) = await cursor.fetchone()
    return found if isinstance(found, str) else json.dumps(found)


@pytest.fixture(scope="module")
def crowd(registry):
    """Enough persons that a plan without an index shows."""
    with psycopg.connect(registry.dsn("admin")) as conn:
        conn.execute(
            "INSERT INTO population.person (person_key, last_recorded)"
            " SELECT n, now() FROM generate_series(100000, 120000) n"
        )
        conn.execute(
            "INSERT INTO population.directory (number, kind, person_key)"
            " SELECT '001' || n || '000', 'personal_id', n FROM generate_series(100000, 120000) n"
        )
        for table in (*TABLES, HOUSEHOLD):
            needed = {
                "person_name": ("full_name", "'x'"), "person_birth": ("sex", "'male'"),
                "person_trait": ("ethnicity", "''"), "person_number": ("kind, number", "'personal_id', n::text"),
                "residence": ("kind", "'permanent'"), "household_member": ("household_key, relation", "n, 'head'"),
                "kinship": ("relation, relative_name", "'father', 'x'"), "marital": ("status", "'single'"),
                "card": ("kind, number", "'chip', n::text"), "contact": ("kind, value", "'phone', 'x'"),
                "life": ("status", "'missing'"), "other_data": ("name, value", "'x', 'y'"), "household": ("address", "''"),
            }[table.name]  # fmt: skip
            conn.execute(
                f"INSERT INTO {table.qualified} ({table.key}, valid, recorded, source_kind, entry_id, {needed[0]})"
                f" SELECT n, '(,)', '[2020-01-01,)', 'x', 1, {needed[1]} FROM generate_series(100000, 120000) n"
            )
            conn.execute(f"ANALYZE {table.qualified}")
        conn.execute("ANALYZE population.person, population.directory")
    return registry


async def test_point_reads_and_locks_use_indexes(crowd, app):
    await app.execute(
        "SELECT set_config('dancu.subjects', '{100007}', true), set_config('dancu.households', '{100007}', true)"
    )
    at = (await (await app.execute("SELECT now()")).fetchone())[0]
    asked = [(facts._person_query(known), {"keys": [100007], "known_at": at}) for known in ("now", "then", "ever")]
    for query, params in asked:
        assert "Seq Scan" not in await plan(app, query, params), query[:80]

    seen = []

    class Spy:
        """Explains each statement before it runs."""

        async def execute(self, query, params=None):
            if query.lstrip().startswith(("SELECT", "UPDATE")) and query.split()[-1] != "clock_timestamp()":
                seen.append((query, await plan(app, query, params)))
            return await app.execute(query, params)

    await persons.lock(Spy(), [100007], [100007])
    await persons.last_of_households(Spy(), [100007])
    for table in (*TABLES, HOUSEHOLD):
        with pytest.raises(Exception, match=r"fact\.changed"):
            await write.close_rows(Spy(), table.fact, 100007, [1], at, 1)
    await write.set_alive_until(Spy(), 100007, None)
    assert len(seen) > 15
    assert [q for q, p in seen if "Seq Scan" in p] == []


async def test_a_reader_sees_only_whom_the_gate_opened(office, registry):
    key = await office.person()
    await office.conn.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as fresh:
        assert await facts.load_view(fresh, [key]) == {}
        assert await facts.load_history(fresh, key) == ()
    assert HouseholdFact
    assert HouseholdRelation
