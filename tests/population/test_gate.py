"""The gate: nothing is seen that was not asked for, allowed and recorded."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import product

import psycopg
import pytest

from dancu.access.catalogue import PURPOSES
from dancu.access.catalogue.roles import ROLES
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import NotAllowed, NotFound
from dancu.kit.db import keep_evidence
from dancu.population import service
from dancu.population.service.finder import Find, Finder
from dancu.population.store import acts, gate

from .conftest import RESIDENCE

CHECK = Purpose("identity_check", "26/2023/QH15", "H47.16-230405-0003")


@pytest.fixture
def elsewhere_unit() -> int:
    from datetime import date

    from dancu.territory.service import gazetteer

    g = gazetteer()
    hanoi = next(u for u in g.provinces(date(2026, 1, 1)) if u.name == "Hà Nội")
    return g.communes(hanoi.unit_id, date(2026, 1, 1))[0].unit_id


async def _entries(database, **where):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        clause = " AND ".join(f"{column} = %s" for column in where) or "true"
        rows = await conn.execute(
            f"SELECT action, subject, note->>'verdict' FROM audit.pending WHERE {clause} ORDER BY entry_id",
            tuple(where.values()),
        )
        return await rows.fetchall()


async def test_without_the_gate_the_application_sees_nobody(office, app):
    await office.person()
    await app.commit()
    for table in ("person", "person_name", "residence", "directory", "person_search", "kinship", "household_member"):
        (count,) = await (await app.execute(f"SELECT count(*) FROM population.{table}")).fetchone()
        assert count == 0, table


async def test_a_look_is_recorded_in_the_same_transaction(office, app, police, registry):
    key = await office.person()
    await app.commit()
    me = replace(police, request_id="look-1")
    view = await service.person(app, me, CHECK, key)
    assert view.name.full_name == "Trần Thị Hoà"
    assert await _entries(registry, request_id="look-1") == []  # not committed yet: neither may the answer be
    await app.commit()
    assert await _entries(registry, request_id="look-1") == [("read", key, None)]


async def test_a_refused_look_is_kept_through_the_rollback(office, app, police, registry, elsewhere_unit):
    key = await office.person()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await app.commit()
        await admin.execute("UPDATE population.person SET areas = %s WHERE person_key = %s", ([elsewhere_unit], key))
    me = replace(police, request_id="refused-1")
    with pytest.raises(NotAllowed) as refused:
        async with app.transaction():
            await service.person(app, me, CHECK, key)
    assert refused.value.code == "person.outside_area"
    assert await _entries(registry, request_id="refused-1") == []
    await keep_evidence(app, refused.value)
    await app.commit()
    assert await _entries(registry, request_id="refused-1") == [("denied", key, "outside_area")]


async def test_one_person_opened_opens_nobody_else(office, app, police):
    one, other = await office.person(), await office.person("Nguyễn Văn An")
    await app.commit()
    await service.open_person(app, police, CHECK, one)
    rows = await (await app.execute("SELECT DISTINCT person_key FROM population.person_name")).fetchall()
    assert rows == [(one,)] and other != one


async def test_opening_ends_with_the_transaction(office, app, police):
    key = await office.person()
    await app.commit()
    await service.open_person(app, police, CHECK, key)
    await app.commit()
    (count,) = await (await app.execute("SELECT count(*) FROM population.person_name")).fetchone()
    assert count == 0


async def test_opening_for_a_write_needs_a_permission_to_write(office, app, police):
    key = await office.person()
    await app.commit()
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        await acts.open_for_act(app, police, RESIDENCE, [key], [], "person.read")


async def test_a_key_that_names_somebody_cannot_be_opened_as_new(office, app):
    key = await office.person()
    await app.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await gate.open_new(app, [key])


def _actors(officers):  # type: ignore[no-untyped-def]
    live: Actor = officers["ward_police"]
    return {
        "live": live,
        "another's session": replace(live, actor_id=live.actor_id + 1),
        "made-up session": replace(live, session_id="00" * 32),
        "no session": replace(live, session_id=""),
    }


async def test_the_batch_denies_exactly_what_the_single_path_denies(office, app, officers, registry, elsewhere_unit):
    """Role × session × purpose × area: the same verdict one by one and all together, and one bad element spoils none."""
    here = await office.person(number="049190012351")
    there = await office.person("Lê Văn Bình", number="049190012352")
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE population.person SET areas = %s WHERE person_key = %s", ([elsewhere_unit], there))
    people = {"049190012351": here, "049190012352": there, "049190099999": -1}
    actors = [*_actors(officers).values(), officers["civil_status_clerk"], officers["one_stop_officer"]]
    purposes = [CHECK, RESIDENCE, Purpose("audit", "46/2022/TT-BCA"), Purpose("identity_check", "no such law"), Purpose("x", "y")]
    finds = [Find(number, actor, purpose) for number, actor, purpose in product(people, actors, purposes)]
    batch = await gate.find_many(app, finds)
    assert len(batch) == len(finds)
    for find, (word, entry_id, record) in zip(finds, batch, strict=True):
        ((_, single, _),) = await gate.look(app, find.actor, find.purpose, [people[find.number]], "person.read", ["name"])
        assert word == single, (find.number, find.purpose.code)
        assert (record is not None) == (word == "ok")
        assert entry_id
    words = {word for word, _, _ in batch}
    assert words == {"ok", "no_session", "no_purpose", "outside_area", "not_found"}


async def test_denial_matrix_of_roles_and_permissions(app, officers, office):
    """Every permission about a person that an officer's role does not hold is refused, whatever the purpose."""
    key = await office.person()
    await app.commit()
    wrong = 0
    for code, actor in officers.items():
        for purpose in PURPOSES.values():
            for permission in {p for r in ROLES.values() for p in r.permissions if p.startswith("person.")}:
                why = Purpose(purpose.code, purpose.bases[0])
                ((_, word, _),) = await gate.look(app, actor, why, [key], permission, ["name"])
                allowed = permission in ROLES[code].permissions and permission in purpose.permissions
                if word == "ok" and not allowed:
                    wrong += 1
                if allowed and permission in ("person.read", "person.print"):
                    assert word in ("ok", "no_purpose"), (code, purpose.code, permission, word)
    assert wrong == 0


def _finder(app_dsn: str, **options: int) -> Finder:
    @asynccontextmanager
    async def connect():  # type: ignore[no-untyped-def]
        conn = await psycopg.AsyncConnection.connect(app_dsn, autocommit=True)
        try:
            yield conn
        finally:
            await conn.close()

    return Finder(connect, **options)


async def test_concurrent_looks_share_a_commit_and_keep_their_own_verdict(office, app, police, registry):
    numbers = [f"0491900124{n:02d}" for n in range(30)]
    for n, number in enumerate(numbers):
        await office.person(f"Trần Văn {chr(65 + n % 20)}", number=number)
    await app.commit()
    finder = _finder(registry.dsn("app"), lanes=2)
    found = await asyncio.gather(
        *(finder.find(Find(number, replace(police, request_id=f"b-{number}"), CHECK)) for number in numbers),
        finder.find(Find("049190099998", replace(police, request_id="b-none"), CHECK)),
        return_exceptions=True,
    )
    assert [answer[1]["personal_id"] for answer in found[:-1]] == numbers
    assert isinstance(found[-1], NotFound)
    for number in numbers:
        assert [row[0] for row in await _entries(registry, request_id=f"b-{number}")] == ["read"]
    assert [row[0] for row in await _entries(registry, request_id="b-none")] == ["denied"]


async def test_an_element_the_database_refuses_fails_alone(office, app, police, registry):
    await office.person(number="049190012361")
    await app.commit()
    finder = _finder(registry.dsn("app"), lanes=1)
    bad = finder.find(Find("0491\x00", police, CHECK))
    good = finder.find(Find("049190012361", police, CHECK))
    failed, answer = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(failed, Exception)
    assert answer[1]["name"] == "Trần Thị Hoà"


async def test_a_client_that_leaves_harms_nobody(office, app, police, registry):
    await office.person(number="049190012371")
    await app.commit()
    finder = _finder(registry.dsn("app"), lanes=1)
    tasks = [asyncio.ensure_future(finder.find(Find("049190012371", police, CHECK))) for _ in range(8)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(answer[1]["personal_id"] == "049190012371" for answer in done[1::2])


async def test_the_log_that_stands_still_refuses_data(office, app, police, registry):
    from dancu.kernel.errors import Unavailable

    key = await office.person()
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE audit.sequencer SET caught_up_at = '-infinity'")
        await admin.execute(
            "UPDATE audit.pending SET at = clock_timestamp() - interval '2 minutes'"
            " WHERE entry_id = (SELECT min(entry_id) FROM audit.pending)"
        )
    with pytest.raises((psycopg.Error, Unavailable)) as refused:
        await service.person(app, police, CHECK, key)
    assert getattr(refused.value, "sqlstate", "DA001") == "DA001"
    await app.rollback()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE audit.pending SET at = clock_timestamp()")


async def test_a_newcomer_is_registered_only_in_ones_own_area(office, app, police, elsewhere_unit):
    """Nobody is opened when somebody without relatives is registered: the place must be the officer's all the same."""
    from dancu.population import service as population

    from .conftest import PAPER, draft

    with pytest.raises(NotAllowed) as refused:
        await population.register(app, police, RESIDENCE, PAPER, draft("Người Lạ", unit=elsewhere_unit))
    assert refused.value.code == "person.outside_area"
    with pytest.raises(NotAllowed) as refused:
        await population.register(app, police, Purpose("audit", "46/2022/TT-BCA"), PAPER, draft("Người Lạ"))
    assert refused.value.code == "person.no_purpose"
    await app.rollback()
    await office.person("Người Quen")
