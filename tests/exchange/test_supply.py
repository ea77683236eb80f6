"""Supply: each row stands alone, handing in twice is handing in once, only the source of a fact hands it in."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.exchange.policy.handing_in import incomplete
from dancu.population import service as population
from dancu.population.models import Sex
from dancu_client import AsyncClient, Context
from tests.exchange.calling import OPERATOR, site  # noqa: F401
from tests.population.conftest import draft

pytestmark = pytest.mark.asyncio(loop_scope="session")
WHY = Context("civil_status", "60/2014/QH13", "HT-2026-11", "Cán bộ hộ tịch A")
PAPER = {"kind": "Trích lục", "number": "12/2026", "date": "2026-11-20", "issuer": "UBND"}


async def person(site, name, number, sex=Sex.FEMALE, born=(1990, 4, 12)):  # type: ignore[no-untyped-def]
    """Somebody registered by the ward."""
    from tests.population.conftest import PAPER as WARD_PAPER

    async with site.conn() as conn:
        token, _ = await access.enter_as(conn, "ward_police", demo=True)
        police = await sessions.resolve(conn, token)
        made = draft(name, sex=sex, year=born[0], month=born[1], day=born[2], number=number)
        return (await population.register(conn, police, access.choose_purpose("residence_management"), WARD_PAPER, made)).person_key


@pytest.fixture
async def program(site):  # type: ignore[no-untyped-def]
    program = await site.program("Bộ Tư pháp")
    await site.agree(program.org_code, "supply", "name birth life marital personal_id", purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    return program


async def hand_in(program, *rows):  # type: ignore[no-untyped-def]
    answer = await program.client.call("supply", {"rows": list(rows)}, WHY)
    return [(row["outcome"], row["reasons"]) for row in answer.body["rows"]]


async def test_births_deaths_and_marriages(site, program):
    mother = await person(site, "Lê Thị Mai", "049190000101")
    await person(site, "Phạm Văn Tú", "049088000102", Sex.MALE, (1988, 1, 2))
    assert mother
    marriage = {"ref": "KH-1", "kind": "marriage", "first": {"number": "049190000101", "name": "Lê Thị Mai"},
                "second": {"number": "049088000102", "name": "Phạm Văn Tú"}, "date": "2026-11-01", "document": PAPER}  # fmt: skip
    birth = {"ref": "KS-1", "kind": "birth", "name": "Phạm Lê An", "sex": "female", "birth": "2026-11-10",
             "mother": {"number": "049190000101", "name": "Lê Thị Mai"}, "registered_at": "Phường Trường Xuân, Tam Kỳ, Quảng Nam", "document": PAPER}  # fmt: skip
    death = {"ref": "KT-1", "kind": "death", "number": "049088000102", "name": "Phạm Văn Tú", "date": "2026-11-15", "document": PAPER}
    answer = await program.client.call("supply", {"rows": [marriage, birth, death]}, WHY)
    rows = answer.body["rows"]
    assert [row["outcome"] for row in rows] == ["accepted"] * 3, rows
    (alive,) = await site.sql("SELECT alive_until FROM population.person p JOIN population.directory d USING (person_key) WHERE d.number = '049088000102'")
    assert str(alive[0]) == "2026-11-15"
    assert await hand_in(program, {**birth, "ref": "BV-1"}) == [("refused", ["birth.registered"])], "the hospital's word for the child of KS-1"
    again = await program.client.call("supply", {"rows": [death]}, WHY)
    assert again.body["rows"][0]["outcome"] == "accepted", "handing in twice is handing in once"
    changed = await hand_in(program, {**death, "date": "2026-11-16"})
    assert changed == [("refused", ["supply.ref_reused"])]
    state = await program.client.call("supply", {"refs": ["KS-1", "none"]}, WHY, path="/api/v1/exchange/supply/state")
    (one,) = state.body["rows"]
    assert one["outcome"] == "accepted" and len(one["number"]) == 12


async def test_the_same_rows_in_another_order_at_once_wait_in_no_circle(site, program):
    for n in range(4):
        await person(site, "Ngô Thị Vòng", f"0491910004{n:02d}")
    rows = [{"ref": f"v{n}", "kind": "death", "number": f"0491910004{n:02d}", "name": "Ngô Thị Vòng", "date": "2026-11-15", "document": PAPER} for n in range(4)]
    answers = await asyncio.gather(*(hand_in(program, *(rows if n % 2 else rows[::-1])) for n in range(4)))
    assert answers == [[("accepted", [])] * 4] * 4


async def test_of_two_calls_that_hold_what_the_other_wants_both_are_taken(site, program):
    mothers = [f"0491910005{n:02d}" for n in range(4)]  # of two both calls speak; two are held until both calls have begun
    keys = [await person(site, "Ngô Thị Gặp", number) for number in mothers]

    def births(year, *order):  # type: ignore[no-untyped-def]
        return [{"ref": f"g{year}{n}", "kind": "birth", "name": f"Ngô Gặp {year}", "sex": "male", "birth": f"{year}-05-10", "document": PAPER,
                 "mother": {"number": mothers[n], "name": "Ngô Thị Gặp"}, "registered_at": "Phường Trường Xuân, Tam Kỳ, Quảng Nam"} for n in order]  # fmt: skip

    program.client = AsyncClient(replace(program.config, attempts=1), program.http)
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("admin")) as holder:
        await holder.execute("SELECT FROM population.person WHERE person_key = ANY (%s) FOR UPDATE", (keys[2:],))
        calls = [asyncio.create_task(hand_in(program, *rows)) for rows in (births(2019, 0, 2, 1), births(2022, 1, 3, 0))]
        for _ in range(500):
            (waiting,) = await site.sql("SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", (holder.info.backend_pid,))
            if waiting[0] == len(calls):
                break
            await asyncio.sleep(0.01)
        await holder.rollback()
        assert await asyncio.gather(*calls) == [[("accepted", [])] * 3] * 2


async def test_what_the_registry_disagrees_with_goes_to_a_person(site, program):
    await person(site, "Ngô Thị Lan", "049191000201")
    death = {"kind": "death", "number": "049191000201", "date": "2026-11-15", "document": PAPER}
    outcomes = await hand_in(
        program, {"ref": "a", **death, "name": "Võ Minh Quân"}, {"ref": "b", **death, "name": "Ngô Thị Lan", "date": "hôm qua"},
        {"ref": "c", **death, "name": "Ngô Thị Lan", "number": "049191000999"}, {"ref": "d", "kind": "divorce"},
        {"ref": "e", "kind": "correction", "number": "049191000201", "name": "Ngô Thị Lan", "field": "birth"},
    )  # fmt: skip
    assert outcomes[0] == ("needs_verification", ["supply.name_differs"])
    assert [outcome for outcome, _ in outcomes[1:4]] == ["refused"] * 3 and all(reasons for _, reasons in outcomes[1:4])
    assert outcomes[4] == ("needs_verification", ["supply.not_the_source"])
    (alive,) = await site.sql("SELECT alive_until::text FROM population.person p JOIN population.directory d USING (person_key) WHERE d.number = '049191000201'")
    assert alive[0] == "infinity"
    news = [row[0] for row in await site.sql("SELECT payload FROM kit.outbox WHERE topic = 'exchange.disagreement' ORDER BY id")][-2:]
    state = await program.client.call("supply/state", {"refs": ["a", "b", "e"]}, WHY)
    filed = [row["disagreement"] for row in state.body["rows"] if row["outcome"] == "needs_verification"]
    assert filed == [one["report"] for one in news] and len(set(filed)) == 2, "each row's case is asked for by its own id"
    assert (await program.client.disagreements(filed, WHY, service="supply")).body["disagreements"] == [], "not a case yet"
    assert [(one["group"], one["field"], one["source"], one["details"]) for one in news] == [
        ("life", "status", "supply.death", {"name.full_name": "no"}), ("birth", "birth_date", "supply.correction", {}),
    ] and all(one["reporter_org"] == program.org_code and "org_code" not in one for one in news), "the ward's desk answers, the partner hears it"  # fmt: skip
    mended = await hand_in(program, {"ref": "b", **death, "name": "Ngô Thị Lan"})
    assert mended == [("accepted", [])], "a refused row may be handed in again, mended"


WHOLE = {
    "birth": {"name": "A", "sex": "male", "birth": "2026-11-10", "registered_at": "Phường Trường Xuân, Tam Kỳ, Quảng Nam", "mother": {"number": "049191000201", "name": "B"}},
    "death": {"number": "049191000201", "name": "B", "date": "2026-11-10"},
    "marriage": {"first": {"number": "049191000201", "name": "B"}, "second": {"number": "049191000202", "name": "C"}, "date": "2026-11-10"},
    "correction": {"number": "049191000201", "name": "B"},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "reasons", "members"), [
    ("birth", {"registered_at": None}, ["supply.missing"], ["registered_at"]),
    ("birth", {"mother": None, "sex": " "}, ["supply.missing", "supply.parents"], ["sex", "mother", "father"]),
    ("birth", {"father": {"name": "C"}, "origin": 5}, ["supply.missing", "supply.person"], ["origin", "father.number"]),
    ("death", {"document": {"kind": "x", "date": ["2026"]}, "name": ""}, ["supply.missing", "supply.person"], ["document.number", "document.date", "name"]),
    ("marriage", {"second": "C", "document": None}, ["supply.missing", "supply.person"], ["document.kind", "document.number", "document.date", "second.number", "second.name"]),
    ("correction", {"field": "shoe_size"}, ["supply.missing"], ["field"]), ("correction", {"field": ["name"]}, ["supply.missing"], ["field"]),
    ("birth", {}, [], []), ("death", {}, [], []), ("marriage", {}, [], []), ("correction", {"field": "sex"}, [], []),
])  # fmt: skip
async def test_a_row_hears_everything_it_lacks_by_name(kind, change, reasons, members):
    assert incomplete(kind, {"document": PAPER, **WHOLE[kind], **change}) == (tuple(reasons), tuple(members))


async def test_the_answer_names_what_to_mend(site, program):
    await person(site, "Ngô Thị Mây", "049191000301")
    whole = {"kind": "death", "number": "049191000301", "name": "Ngô Thị Mây", "date": "2026-11-15", "document": PAPER}
    rows = [{"ref": "m1", **whole, "date": ""}, {"ref": "m2", **whole, "document": {**PAPER, "date": "20/11/2026"}}, {"ref": "m3", "kind": ["death"]}]
    answer = await program.client.call("supply", {"rows": rows}, WHY)
    assert [(row["reasons"], row.get("members")) for row in answer.body["rows"]] == [
        (["supply.missing"], ["date"]), (["supply.date"], ["document.date"]), (["supply.kind"], None),
    ]  # fmt: skip
    state = await program.client.call("supply", {"refs": ["m1"]}, WHY, path="/api/v1/exchange/supply/state")
    assert state.body["rows"][0]["members"] == ["date"]


async def test_without_an_agreement_for_supply_nothing_is_written(site, program):
    other = await site.program("Tập đoàn Điện lực")
    async with site.conn() as conn:
        (verdict,) = await (
            await conn.execute(
                "SELECT verdict FROM population.open_for_act('client', %s::bigint, %s, ''::bytea, ARRAY[1]::bigint[], '{}', 'person.write.die',"
                " 'civil_status', '60/2014/QH13', NULL, 'r', 'api')", (other.client_no, other.org_code),
            )
        ).fetchone()  # fmt: skip
    assert verdict == "no_permission"
