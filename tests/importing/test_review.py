"""Rows that wait are decided once, by an officer who may, with evidence; what is decided holds for the next file too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from dancu.population.importing import desk
from tests.importing.conftest import PURPOSE, Registry
from tests.importing.test_run import HOA, book, counts, person

CONFLICT = {**HOA, "Ngày sinh": "13/05/1991", "Dân tộc": "Tày", "Số điện thoại": "0912345678"}


@dataclass
class Office:
    registry: Registry
    actors: dict[str, Actor]

    async def act(self, verb: Callable[..., Awaitable[Any]], *args: Any, who: str = "registrar", **kwargs: Any) -> Any:
        async with await psycopg.AsyncConnection.connect(self.registry.database.dsn("app")) as conn:
            return await verb(conn, self.actors[who], PURPOSE, *args, **kwargs)


@pytest.fixture
def registry(make_database: Callable[..., Any], officers_template: str) -> Registry:
    """A fresh registry without people, with officers."""
    return Registry(make_database(officers_template))


@pytest_asyncio.fixture
async def office(registry: Registry) -> Office:
    actors = {}
    async with await psycopg.AsyncConnection.connect(registry.database.dsn("app")) as conn:
        for name, code in (("registrar", "registrar"), ("second", "registrar"), ("ward_police", "ward_police")):
            token, _ = await access.enter_as(conn, code, demo=True)
            actor = await access.sessions.resolve(conn, token)
            assert actor is not None
            actors[name] = replace(actor, request_id=f"t-{name}")
    return Office(registry, actors)


async def waiting(registry: Registry) -> list[Any]:
    return await registry.rows(
        "SELECT run_id, line, candidates, outcome, settled_name, typed FROM population.import_review ORDER BY run_id, line"
    )


@pytest_asyncio.fixture
async def conflict(office: Office, tmp_path: Path) -> tuple[int, int, int]:
    """(run, line, candidate) of a row that contradicts the registry."""
    assert await counts(office.registry, book(tmp_path / "a.csv", HOA)) == (1, 0, 0, 0, 0)
    assert await counts(office.registry, book(tmp_path / "b.csv", CONFLICT)) == (0, 0, 0, 1, 0)
    ((run, line, keys, *_),) = await waiting(office.registry)
    return run, line, keys[0]


Row = tuple[int, int, int]


async def test_the_list_names_nobody_and_the_row_is_a_look(office: Office, conflict: Row) -> None:
    run, line, key = conflict
    (row,) = await office.act(desk.listed)
    assert (row.run_id, row.line, row.codes, row.candidates) == (run, line, ("import.conflict",), 1)
    assert [(c.reason, c.waiting) for c in await office.act(desk.counts)] == [(None, 1), ("import.conflict", 1)]
    assert await office.act(desk.listed, reason="date.format") == []
    assert len(await office.act(desk.listed, reason="import.conflict", run_id=run)) == 1
    assert await office.act(desk.listed, after=(run, line)) == []
    before = await office.registry.one("SELECT count(*) FROM audit.pending WHERE actor_kind = 'staff' AND action = 'read'")
    review = await office.act(desk.shown, run, line)
    assert review.cells["Ngày sinh"] == "13/05/1991"
    seen = await office.act(desk.compared, review.candidates)
    assert [v.person_key for v in seen.views] == [key]
    looks = await office.registry.rows(
        "SELECT subject, fields FROM audit.pending WHERE actor_kind = 'staff' AND action = 'read' ORDER BY entry_id"
    )
    assert [subject for subject, _ in looks[before:]] == [None, key]
    assert looks[before][1] == ["import_row"]


async def test_who_may_not_import_sees_nothing(office: Office, conflict: Row) -> None:
    with pytest.raises(NotAllowed):
        await office.act(desk.listed, who="ward_police")
    with pytest.raises(NotAllowed):
        await office.act(desk.shown, *conflict[:2], who="ward_police")
    with pytest.raises(NotAllowed):
        await office.act(desk.set_aside, *conflict[:2], "không rõ là ai", who="ward_police")
    for table in ("import_review", "import_row", "import_reject"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with await psycopg.AsyncConnection.connect(office.registry.database.dsn("app")) as conn:
                await conn.execute(f"SELECT FROM population.{table}")


async def test_another_area_does_not_see_the_row(office: Office, conflict: Row) -> None:
    async with await office.registry.connect("admin") as conn:
        await conn.execute("UPDATE population.import_review SET areas = '{1}'")
        await conn.execute("UPDATE population.person SET areas = '{1}'")
    assert await office.act(desk.listed) == []
    with pytest.raises(NotFound):
        await office.act(desk.shown, *conflict[:2])
    with pytest.raises(NotFound):
        await office.act(desk.new_person, *conflict[:2])


async def test_that_person_keeps_the_registry_where_nothing_is_taken(office: Office, conflict: Row, tmp_path: Path) -> None:
    run, line, key = conflict
    done = await office.act(desk.that_person, run, line, key)
    assert (done.outcome, done.person_key) == ("updated", key)
    view = await person(office.registry)
    assert (view.birth.day, view.trait.ethnicity) == (12, "Kinh")  # type: ignore[union-attr]
    assert [c.value for c in view.contacts] == ["+84912345678"]
    assert view.contacts[0].source.kind == "residence_register"
    assert await office.registry.one("SELECT count(*) FROM population.finding WHERE settled_at IS NULL AND code = 'import.conflict'") == 0
    note = await office.registry.one("SELECT note FROM audit.pending WHERE action = 'write' AND actor_kind = 'staff' ORDER BY entry_id DESC LIMIT 1")
    assert note == {"verb": "review_update", "document": {"kind": "import", "number": f"b.csv; dòng {line}"}}
    topics = await office.registry.rows("SELECT topic, payload FROM kit.outbox ORDER BY id DESC LIMIT 1")
    assert topics[0][0] == "population.import.review_settled"
    # The same row in a later file says nothing new; the same request sent twice is answered alike.
    assert await counts(office.registry, book(tmp_path / "c.csv", CONFLICT)) == (0, 0, 1, 0, 0)
    assert (await office.act(desk.that_person, run, line, key)).outcome == "updated"


async def test_that_person_takes_what_the_officer_chose(office: Office, conflict: Row) -> None:
    run, line, key = conflict
    await office.act(desk.that_person, run, line, key, {"birth_date", "ethnicity"})
    view = await person(office.registry)
    assert (view.birth.day, view.birth.month, view.birth.year) == (13, 5, 1991)  # type: ignore[union-attr]
    assert view.trait.ethnicity == "Tày"  # type: ignore[union-attr]
    assert view.trait.nationality != ""  # type: ignore[union-attr]
    assert await office.registry.one("SELECT detail FROM population.import_review") == "birth_date, ethnicity"


async def test_a_row_that_adds_nothing_is_settled_and_witnessed(office: Office, tmp_path: Path) -> None:
    await counts(office.registry, book(tmp_path / "a.csv", HOA))
    await counts(office.registry, book(tmp_path / "b.csv", {**HOA, "Ngày sinh": "13/04/1990"}))
    ((run, line, keys, *_),) = await waiting(office.registry)
    assert (await office.act(desk.that_person, run, line, keys[0])).outcome == "unchanged"
    assert await office.registry.one("SELECT count(*) FROM audit.pending WHERE subject = %s AND note ->> 'verb' = 'review_update'", keys[0]) == 1


async def test_a_new_person_without_the_number_of_another(office: Office, tmp_path: Path) -> None:
    await counts(office.registry, book(tmp_path / "a.csv", HOA))
    other = {**HOA, "Họ và tên": "Lê Văn Tám", "Ngày sinh": "01/02/1955", "CMND": "", "Quan hệ với chủ hộ": "con", "Giới tính": "Nam"}
    assert await counts(office.registry, book(tmp_path / "b.csv", other)) == (0, 0, 0, 1, 0)
    ((run, line, *_),) = await waiting(office.registry)
    done = await office.act(desk.new_person, run, line)
    assert done.outcome == "inserted"
    rows = await office.registry.rows(
        "SELECT f.code FROM population.finding f WHERE f.person_key = %s ORDER BY 1", done.person_key
    )
    assert ("match.number_of_another",) in rows
    assert await office.registry.one("SELECT count(*) FROM population.directory WHERE person_key = %s", done.person_key) == 0
    member = await office.registry.rows(
        "SELECT person_key, relation, household_key FROM population.household_member WHERE upper_inf(recorded) ORDER BY person_key"
    )
    assert len({household for _, _, household in member}) == 1
    assert {k: r for k, r, _ in member}[done.person_key] == "child"
    assert (await person(office.registry)).name.full_name == "Trần Thị Hoà"  # type: ignore[union-attr]
    assert (await office.act(desk.new_person, run, line)).person_key == done.person_key


async def test_a_new_person_founds_the_household_of_the_row(office: Office, tmp_path: Path) -> None:
    row = {**HOA, "Ngày sinh": "99/99/1990"}
    assert await counts(office.registry, book(tmp_path / "a.csv", row)) == (0, 0, 0, 1, 0)
    ((run, line, *_),) = await waiting(office.registry)
    done = await office.act(desk.new_person, run, line)
    assert await office.registry.rows("SELECT head_key, file_number FROM population.household") == [(done.person_key, "HS-1")]
    assert (await person(office.registry)).birth.year is None  # type: ignore[union-attr]


async def test_cells_are_corrected_and_kept(office: Office, tmp_path: Path) -> None:
    row = {**HOA, "Ngày sinh": "99/99/1990"}
    await counts(office.registry, book(tmp_path / "a.csv", row))
    ((run, line, *_),) = await waiting(office.registry)
    still = await office.act(desk.try_again, run, line, {**row, "Ngày sinh": "45/01/1990", "Họ và tên": "Trần Thị Hòa"})
    assert still.outcome == "waiting" and still.reasons
    ((*_, outcome, _, typed),) = await waiting(office.registry)
    assert outcome is None and typed["Ngày sinh"] == "45/01/1990"
    assert (await office.act(desk.shown, run, line)).now["Họ và tên"] == "Trần Thị Hòa"
    refused = await office.act(desk.try_again, run, line, {**row, "Họ và tên": ""})
    assert refused.reasons[0][0] == "person.name.empty"
    mended = {**row, "Ngày sinh": "12/04/1990"}
    done = await office.act(desk.try_again, run, line, mended)
    assert done.outcome == "inserted"
    assert (await person(office.registry)).birth.day == 12  # type: ignore[union-attr]
    # Both the row as it was and the row as it is now are known to a later file.
    assert await counts(office.registry, book(tmp_path / "b.csv", row, mended)) == (0, 0, 2, 0, 0)


async def test_trying_again_finds_the_person(office: Office, tmp_path: Path) -> None:
    await counts(office.registry, book(tmp_path / "a.csv", HOA))
    await counts(office.registry, book(tmp_path / "b.csv", {**CONFLICT, "Số ĐDCN": "04919001234"}))
    ((run, line, *_),) = await waiting(office.registry)
    still = await office.act(desk.try_again, run, line, CONFLICT)
    assert ("import.conflict", "birth_date") in still.reasons
    ((_, _, keys, *_),) = await waiting(office.registry)
    assert keys == [(await person(office.registry)).person_key]
    done = await office.act(desk.try_again, run, line, {**CONFLICT, "Ngày sinh": "12/04/1990", "Dân tộc": "Kinh"})
    assert done.outcome == "updated"


async def test_set_aside_says_why_and_is_not_asked_again(office: Office, conflict: Row, tmp_path: Path) -> None:
    run, line, _ = conflict
    with pytest.raises(Invalid):
        await office.act(desk.set_aside, run, line, " x ")
    await office.act(desk.set_aside, run, line, "Sổ ghi nhầm người")
    assert await counts(office.registry, book(tmp_path / "c.csv", CONFLICT)) == (0, 0, 1, 0, 0)
    assert len(await waiting(office.registry)) == 1
    (row,) = await office.act(desk.listed, settled=True)
    assert (row.outcome, row.settled_name != "") == ("set_aside", True)
    assert await office.act(desk.listed) == []


async def test_of_two_officers_one_wins(office: Office, conflict: Row) -> None:
    run, line, key = conflict
    second = replace(office.actors["second"], actor_id=office.actors["second"].actor_id)
    assert second.session_id != office.actors["registrar"].session_id
    found = await asyncio.gather(
        office.act(desk.that_person, run, line, key),
        office.act(desk.set_aside, run, line, "Không phải người này", who="second"),
        return_exceptions=True,
    )
    lost = [one for one in found if isinstance(one, DancuError)]
    assert len(lost) == 1 and isinstance(lost[0], Conflict)
    assert lost[0].code == "import.review.settled"
    assert lost[0].params["name"] == office.actors["registrar"].name and lost[0].params["at"]
    assert len(await waiting(office.registry)) == 1


async def test_contents_are_erased_after_their_days(office: Office, conflict: Row, tmp_path: Path) -> None:
    run, line, _ = conflict
    await office.registry.run(book(tmp_path / "r.csv", {**HOA, "Họ và tên": ""}), "residence-register")
    await office.act(desk.set_aside, run, line, "Sổ ghi nhầm người")
    async with await office.registry.connect("worker") as worker:
        assert await desk.erase_overdue(worker) == (0, 0)
        async with await office.registry.connect("admin") as conn:
            await conn.execute("UPDATE population.import_run SET finished_at = now() - interval '91 days'")
            await conn.execute("UPDATE population.import_review SET settled_at = now() - interval '181 days'")
        assert await desk.erase_overdue(worker) == (1, 1)
        assert await desk.erase_overdue(worker) == (0, 0)
    assert await office.registry.rows("SELECT cells, typed, outcome FROM population.import_review") == [({}, None, "set_aside")]
    assert await office.registry.one("SELECT note FROM audit.pending WHERE note ->> 'verb' = 'import_erase'") == {
        "verb": "import_erase", "rejects": 1, "reviews": 1,
    }  # fmt: skip
    assert (await office.act(desk.shown, run, line)).erased_at is not None
    # Erased, it is still known: the row is not asked about again.
    assert await counts(office.registry, book(tmp_path / "c.csv", CONFLICT)) == (0, 0, 1, 0, 0)


