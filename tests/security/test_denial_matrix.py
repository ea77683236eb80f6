"""Every door to a person × every way of having no right: the same answer at each, nothing shown, and an entry that says
so. Expectations come from the catalogue, not from the gate."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import psycopg
import pytest

from dancu.access import service as access
from dancu.access.catalogue import LAWS, PERMISSIONS, PURPOSES, ROLES
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.population.store import gate

NUMBERS = {"here": "049190012451", "away": "049190012452"}
NAMES = {"here": "Trần Thị Ma Trận", "away": "Lê Văn Ma Trận"}
#: Door -> the permission it asks for. `view` is the whole record, on the page and in the API; `find` the batched look-up.
DOORS = {
    "view": "person.read", "find": "person.read", "history": "person.history", "print": "person.print",
    "search": "person.search", "export": "person.export",
}  # fmt: skip
PURPOSES_TRIED = ("residence_management", "identity_check", "civil_status", "data_quality", "audit", "statistics")


@pytest.fixture(scope="module")
def once() -> dict[str, int]:
    return {}


@pytest.fixture
async def people(office, app, registry, once):  # type: ignore[no-untyped-def]
    if not once:
        for where in NUMBERS:
            once[where] = await office.person(NAMES[where], number=NUMBERS[where], year=1971)
        await app.commit()
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            await admin.execute("UPDATE population.person SET areas = '{1}' WHERE person_key = %s", (once["away"],))
            await admin.execute(
                "UPDATE population.person_search SET areas = '{1}' WHERE person_key = %s", (once["away"],)
            )
    return once


@pytest.fixture
async def callers(app, officers) -> dict[str, tuple[Actor, str | None]]:  # type: ignore[no-untyped-def]
    """Who asks -> (actor, role of their live session or None)."""
    found: dict[str, tuple[Actor, str | None]] = {code: (actor, code) for code, actor in officers.items()}
    for code in ("auditor", "admin", "province_leader", "integrator"):
        token, _ = await access.enter_as(app, code, demo=True)
        actor = await access.sessions.resolve(app, token)
        assert actor is not None
        found[code] = (actor, code)
    police = officers["ward_police"]
    found["stolen name"] = (replace(police, actor_id=police.actor_id + 1), None)
    found["made-up session"] = (replace(police, session_id="00" * 32), None)
    found["no session"] = (replace(police, session_id=""), None)
    found["staff id as a citizen"] = (replace(police, kind=ActorKind.CITIZEN), None)
    ended = await access.sessions.resolve(app, await access.issue_session(app, ActorKind.STAFF, police.actor_id))
    assert ended is not None
    await access.sign_out(app, ended)
    found["signed out"] = (ended, None)
    return found


def serves(purpose: Purpose, permission: str) -> bool:
    known = PURPOSES[purpose.code]
    law = LAWS.get(purpose.legal_basis)
    return bool(law and law.holds(SYSTEM_CLOCK.today()) and law.code in known.bases and permission in known.permissions)


def expected(role: str | None, door: str, purpose: Purpose, where: str) -> str:
    if role is None:
        return "no_session"
    held, asked = ROLES[role].permissions, DOORS[door]
    nationwide = "person.read.national" in held and serves(purpose, "person.read.national")
    if asked not in held:
        return "no_permission"
    if not serves(purpose, asked):
        return "no_purpose"
    if where == "here" or not PERMISSIONS[asked].area_bound:
        return "ok"
    if nationwide and asked in ("person.read", "person.print", "person.search"):
        return "ok"
    return "outside_area"


async def ask(app, actor: Actor, purpose: Purpose, door: str, key: int, number: str) -> tuple[str, bool]:  # type: ignore[no-untyped-def]
    """(verdict, was the person shown)."""
    if door == "find":
        ((word, _, record),) = await gate.find_many(app, [gate.Find(number, actor, purpose)])
        return word, record is not None
    if door == "search":
        wanted = gate.Wanted((("1971:ma",), ("1971:tran",)), "ma tran", "ma tran", "tran", 1971, None, None, None)
        rows = await gate.search(app, actor, purpose, wanted)
        if rows and rows[0][0] != "ok":
            return rows[0][0], False
        shown = key in {row[1] for row in rows}
        return ("ok" if shown else "outside_area"), shown
    if door == "export":
        rows = await gate.export_page(app, actor, purpose, None, 0, 1000, ["name"], {})
        if rows and rows[0][0] != "ok":
            return rows[0][0], False
        shown = key in {row[1] for row in rows}
        return ("ok" if shown else "outside_area"), shown
    ((_, word, _),) = await gate.look(app, actor, purpose, [key], DOORS[door], ["name"])
    (count,) = await (
        await app.execute("SELECT count(*) FROM population.person_name WHERE person_key = %s::bigint", (key,))
    ).fetchone()
    return word, count > 0


async def test_every_door_says_no_alike(app, people, callers, registry):
    asked, refused = 0, 0
    wrong = []
    purposes = [Purpose(code, PURPOSES[code].bases[0]) for code in PURPOSES_TRIED]
    purposes += [Purpose("identity_check", "no such law"), Purpose("identity_check", "68/2020/QH14")]
    for (who, (actor, role)), purpose, door, where in product(callers.items(), purposes, DOORS, NUMBERS):
        async with app.transaction(force_rollback=True):
            word, shown = await ask(app, actor, purpose, door, people[where], NUMBERS[where])
        right = expected(role, door, purpose, where)
        asked += 1
        refused += right != "ok"
        if word != right or shown != (right == "ok"):
            wrong.append((who, purpose.code, purpose.legal_basis, door, where, word, right, shown))
    assert wrong == []
    assert asked > 1000
    assert refused > asked * 0.85


@pytest.mark.parametrize("door", DOORS)
async def test_every_refusal_is_an_entry(app, people, callers, registry, door):
    for n, (actor, role) in enumerate(callers.values()):
        purpose = Purpose("audit", PURPOSES["audit"].bases[0])
        request = f"matrix-{door}-{n}"
        word, shown = await ask(app, replace(actor, request_id=request), purpose, door, people["here"], NUMBERS["here"])
        assert word == expected(role, door, purpose, "here") != "ok"
        assert not shown
        await app.commit()
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            rows = await admin.execute(
                "SELECT action, note->>'verdict' FROM audit.pending WHERE request_id = %s", (request,)
            )
            assert await rows.fetchall() == [("denied", word)]
