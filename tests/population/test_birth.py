"""A birth registered whole: the child, the number, the household and the home; and a number that has to wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest
import pytest_asyncio

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit import migrate
from dancu.population import service
from dancu.population.models import HouseholdRelation as R
from dancu.population.models import KinFact, KinRelation, ResidenceKind, Sex, Source
from dancu.population.policy.newborn import relation_to_head
from dancu.population.service import numbers as number_verbs
from dancu.population.service import pending
from dancu.population.store import facts

from .conftest import HERE, NOW_HERE, draft, place

PAPER = Source("birth_register", "12/2026")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def jobs(registry):
    with psycopg.connect(registry.dsn("admin"), autocommit=True) as conn:
        # A database made from a template has its tables, not the rights on the database itself.
        conn.execute(f'GRANT CREATE ON DATABASE "{conn.info.dbname}" TO dancu_owner')
    migrate.jobs_schema(registry.dsn("admin"))


def newborn(mother: int | None = None, father: int | None = None, **parts):
    kin = [
        KinFact(source=PAPER, relation=relation, relative_key=key)
        for relation, key in ((KinRelation.MOTHER, mother), (KinRelation.FATHER, father))
        if key is not None
    ]
    return draft("Nguyễn Bình Minh", year=2026, month=2, day=3, unit=None, kin=tuple(kin), **parts)


async def mother_with_home(office, since=date(2025, 7, 1)):
    mother = await office.person("Lê Thị Bé", year=1998)
    done = await office(service.create_household, mother, place=place(), since=since)
    return mother, done.household_key


async def test_one_step_registers_numbers_and_houses(office):
    mother, household = await mother_with_home(office)
    said = await office.preview(service.register_birth, newborn(mother), allocate=True, household_of=mother)
    assert {"personal_id", "permanent_residence", "household_relation"} <= {c.group for c in said.changes}
    assert said.warnings == ()
    done = await office(service.register_birth, newborn(mother), allocate=True, household_of=mother)
    child = await office.view(done.person_key)
    assert done.number == child.personal_id.number
    assert done.number.startswith("049326")  # Quảng Nam then, female of this century, 2026
    assert (child.membership.household_key, child.membership.relation) == (household, R.CHILD)
    assert child.membership.valid.start == child.permanent.valid.start == date(2026, 2, 3)
    assert (child.permanent.unit_id, child.permanent.address) == (NOW_HERE, "Số 9 Hùng Vương")
    assert NOW_HERE in child.areas
    assert (await office.view(mother)).relatives(KinRelation.CHILD)[0].relative_key == done.person_key


async def test_a_child_of_that_name_and_day_is_registered_once_for_a_parent(office):
    """Whoever hands it in, and under whatever paper: a ward, and a hospital a day later."""
    mother, _ = await mother_with_home(office)
    father = await office.person("Nguyễn Văn Tý", year=1995, sex=Sex.MALE)
    await office(service.register_birth, newborn(mother, father))
    for parents in ((mother, None), (None, father)):
        with pytest.raises(Conflict) as again:
            await office(service.register_birth, newborn(*parents))
        assert again.value.code == "birth.registered"
    twin = replace(newborn(mother), names=(replace(newborn().names[0], full_name="Nguyễn Hoàng Hôn"),))
    await office(service.register_birth, twin)
    assert len((await office.view(mother)).relatives(KinRelation.CHILD)) == 2


async def test_what_is_left_out_is_left_out(office):
    mother, _ = await mother_with_home(office)
    done = await office(service.register_birth, newborn(mother))
    child = await office.view(done.person_key)
    assert (child.personal_id, child.membership, child.permanent) == (None, None, None)
    named = replace(newborn(mother), names=(replace(newborn().names[0], full_name="Nguyễn Hoàng Hôn"),), residences=draft(unit=NOW_HERE).residences)
    elsewhere = await office(service.register_birth, named, household_of=mother)
    child = await office.view(elsewhere.person_key)
    assert [r.address for r in child.residences if r.kind == ResidenceKind.PERMANENT] == ["Số 1 Phan Châu Trinh"]


async def test_a_household_of_an_abolished_ward_gives_a_home_as_it_is_called_now(office):
    mother = await office.person("Lê Thị Bé", year=1998)
    old = await office.person("Lê Thị Cũ", year=1960)
    await office(service.create_household, old, place=place(HERE), since=date(2024, 1, 1), members={mother: R.CHILD})
    done = await office(service.register_birth, newborn(mother), household_of=mother)
    child = await office.view(done.person_key)
    assert child.permanent.unit_id == NOW_HERE
    assert child.membership.relation == R.GRANDCHILD


async def test_nobody_is_put_into_no_household(office):
    mother = await office.person("Lê Thị Bé", year=1998)
    with pytest.raises(Conflict) as refused:
        await office(service.register_birth, newborn(mother), household_of=mother)
    assert refused.value.code == "household.none"


@pytest.mark.parametrize(
    ("relation", "father", "head", "expected"),
    [
        (R.HEAD, None, 1, R.CHILD), (R.CHILD, None, 9, R.GRANDCHILD), (R.CHILD_IN_LAW, 2, 9, R.GRANDCHILD),
        (R.SPOUSE, None, 9, R.CHILD), (R.SPOUSE, 2, 9, R.OTHER_RELATIVE), (R.SPOUSE, 2, 2, R.CHILD),
        (R.UNKNOWN, None, 9, R.UNKNOWN), (R.OTHER_RELATIVE, None, 9, R.UNKNOWN),
    ],
)  # fmt: skip
def test_what_a_child_is_to_the_head(relation, father, head, expected):
    assert relation_to_head(newborn(1, father), 1, relation, head) == expected


async def test_a_number_needs_a_place(office):
    mother, _ = await mother_with_home(office)
    nowhere = newborn(mother)
    nowhere = replace(nowhere, birth=replace(nowhere.birth, birth_unit=None, registration_unit=None))
    with pytest.raises(Invalid) as refused:
        await office(service.register_birth, nowhere, allocate=True)
    assert refused.value.code == "person.number.place_unknown"
    done = await office(service.register_birth, nowhere, allocate=True, place_code="048")
    assert done.number.startswith("048")


async def deferred(conn, key):
    cursor = await conn.execute(
        "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = 'population:allocate_pending_number'"
        " AND args->>'person_key' = %s",
        (str(key),),
    )
    return (await cursor.fetchone())[0]


async def committed(registry, office_on, verb, *args, **kwargs):
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        return await office_on(conn)(verb, *args, **kwargs)


async def test_a_full_space_does_not_stop_a_birth(registry, office_on, monkeypatch, worker, admin):
    """The birth stands, the job is in the same transaction, and the number comes when there is one."""
    monkeypatch.setattr(number_verbs, "serials", 1)
    child = replace(newborn(), birth=replace(newborn().birth, year=2019))

    async def birth():
        return await committed(registry, office_on, service.register_birth, child, allocate=True)

    first = await birth()
    assert first.number
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        said = await office_on(conn).preview(service.register_birth, child, allocate=True)
        assert said.warnings == ("person.number.pending",)
        await conn.rollback()
    done = await birth()
    assert done.number is None
    assert "person.number.pending" in done.warnings
    assert await deferred(admin, done.person_key) == 1
    await worker.set_autocommit(True)
    assert await pending.allocate_all_pending(worker) == pending.Given(1, 0)
    monkeypatch.setattr(number_verbs, "serials", 1_000_000)
    assert await pending.allocate_all_pending(worker) == pending.Given(1, 1)
    assert await pending.allocate_all_pending(worker) == pending.Given(0, 0)
    view = (await facts.load_view(worker, [done.person_key]))[done.person_key]
    assert view.personal_id.number.startswith("049319")
    assert "personal_id" not in view.missing
    cursor = await admin.execute(
        "SELECT actor_kind, purpose, note FROM audit.pending WHERE subject = %s AND action = 'write' ORDER BY entry_id DESC LIMIT 1",
        (done.person_key,),
    )
    kind, purpose, note = await cursor.fetchone()
    assert (kind, purpose) == ("system", "residence_management")
    assert note["verb"] == "allocate_number"
    assert note["document"]["number"] == "01/TK"


async def test_an_officer_who_gives_the_number_ends_the_wait(office):
    child = replace(newborn(), birth=replace(newborn().birth, sex=Sex.UNDETERMINED))
    done = await office(service.register_birth, child, allocate=True)
    assert done.warnings == ("person.number.pending",)
    await office(service.correct_birth, done.person_key, values={"sex": Sex.MALE})
    await office(service.allocate_number, done.person_key, place_code="049")
    assert [f.code for f in await open_findings(office, done.person_key)] == []


async def open_findings(office, key):
    from dancu.population.service.findings import open_findings as of

    return await of(office.conn, key)
