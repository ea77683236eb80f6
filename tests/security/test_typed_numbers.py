"""Numbers typed into the desk's forms: every try is an entry, and who is out of reach is as unknown as nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from dancu.kernel.actor import Purpose
from dancu.kit.web import Form, FormErrors
from dancu.population import service
from dancu.population.forms import NewNumber, PersonNumber, Reading, Relative
from dancu.population.models import KinFact, KinRelation
from tests.population.conftest import RESIDENCE

HERE_NUMBER, AWAY_NUMBER, NOBODYS = "049190012391", "049190012392", "049190012399"
AWAY_NAME = "Nguyễn Bí Mật"


@pytest.fixture(scope="module")
def once() -> dict[str, int]:
    return {}


@pytest.fixture
async def two(office, app, registry, once):  # type: ignore[no-untyped-def]
    """(key of the ward, key of elsewhere), made once for the module."""
    if not once:
        once["here"] = await office.person("Trần Thị Hoà", number=HERE_NUMBER)
        once["away"] = await office.person(AWAY_NAME, number=AWAY_NUMBER)
        await app.commit()
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            await admin.execute("UPDATE population.person SET areas = '{1}' WHERE person_key = %s", (once["away"],))
    return once["here"], once["away"]


def reading(app, actor, purpose: Purpose = RESIDENCE, **values: str) -> Reading:  # type: ignore[no-untyped-def]
    return Reading(app, actor, purpose, None, Form.of(**values), FormErrors(), date(2026, 1, 5))


FIELD = PersonNumber(name="who", label="")


async def entries(registry, request: str):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT action, subject, note->>'verdict' FROM audit.pending WHERE request_id = %s ORDER BY entry_id", (request,)
        )
        return await rows.fetchall()


async def test_out_of_reach_and_nobody_are_one_answer(two, app, police):
    said = []
    for typed in (AWAY_NUMBER, NOBODYS, f"#{two[1]}", "#999999999"):
        r = reading(app, police, who=typed)
        assert await FIELD.read(r) is None
        said.append([(e.field, e.code, e.message, e.params) for e in r.errors])
    assert said[0][0][1] == "person.number.unknown"
    assert all(one == said[0] for one in said)


async def test_each_try_is_an_entry(two, app, police, registry):
    here, away = two
    tried = {HERE_NUMBER: ("search", here, "ok"), AWAY_NUMBER: ("denied", away, "unknown"),
             NOBODYS: ("denied", None, "unknown"), f"#{here}": ("search", here, "ok"), f"#{away}": ("denied", away, "unknown"),
             "#999999999": ("denied", None, "unknown")}  # fmt: skip
    for n, typed in enumerate(tried):
        await FIELD.read(reading(app, replace(police, request_id=f"typed-{n}"), who=typed))
    await app.commit()
    for n, expected in enumerate(tried.values()):
        assert await entries(registry, f"typed-{n}") == [expected]


async def test_somebody_of_elsewhere_is_named_by_number_and_name_together(two, app, police):
    here, away = two
    assert await FIELD.read(reading(app, police, who=AWAY_NUMBER, who_name=AWAY_NAME)) == away
    assert await FIELD.read(reading(app, police, who=AWAY_NUMBER, who_name="NGUYEN BI MAT")) == away
    assert await FIELD.read(reading(app, police, who=AWAY_NUMBER, who_name="Nguyễn Bí")) is None
    assert await FIELD.read(reading(app, police, who=f"#{away}", who_name=AWAY_NAME)) is None, "a record number is guessed"
    assert await FIELD.read(reading(app, police, who=HERE_NUMBER)) == here


async def test_who_may_look_nationally_names_anybody(two, app, officers):
    check = Purpose("identity_check", "26/2023/QH15")
    r = reading(app, officers["one_stop_officer"], check, who=AWAY_NUMBER)
    assert await FIELD.read(r) == two[1]


async def test_a_relative_of_elsewhere_is_taken_from_the_papers_as_one_who_is_nobody(two, app, police):
    field = Relative(name="who", label="", relation=KinRelation.FATHER)
    away = await field.read(reading(app, police, who=AWAY_NUMBER, who_name="Ai Đó"))
    nobody = await field.read(reading(app, police, who=NOBODYS, who_name="Ai Đó"))
    assert isinstance(away, KinFact) and isinstance(nobody, KinFact)
    assert replace(away, relative_number="") == replace(nobody, relative_number="")
    assert await field.read(reading(app, police, who=AWAY_NUMBER, who_name=AWAY_NAME)) == two[1]


async def test_asking_whether_a_number_is_free_is_an_entry(two, app, police, registry):
    field = NewNumber(name="personal_id", label="")
    for request, number, wrong in (("new-1", AWAY_NUMBER, True), ("new-2", NOBODYS, False)):
        r = reading(app, replace(police, request_id=request), personal_id=number)
        await field.read(r)
        assert bool(r.errors) is wrong
    await app.commit()
    assert await entries(registry, "new-1") == [("search", two[1], None)]
    assert await entries(registry, "new-2") == [("search", None, None)]


async def test_without_a_session_numbers_name_nobody(two, app, police):
    from dancu.kernel.errors import NotAllowed

    with pytest.raises(NotAllowed):
        await service.named_by(app, replace(police, session_id="00" * 32), RESIDENCE, digits=HERE_NUMBER)
    with pytest.raises(psycopg.Error) as refused:
        await service.number_taken(app, replace(police, session_id="00" * 32), RESIDENCE, HERE_NUMBER)
    assert refused.value.sqlstate == "DA003"
