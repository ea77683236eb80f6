"""Events by fetching: in order, of related persons and agreed kinds alone, acknowledged by the next fetch, again from any place passed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from dancu_client import CallRefused, Context
from tests.exchange.calling import Program, Site, citizen
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")
WHY = Context("data_sharing", "278/2025/NĐ-CP", "TIN-1", "Nguyễn Văn Cán Bộ")
DIED, MOVED = "population.person.died", "population.person.moved"


async def happened(site: Site, *events: tuple[str, int]) -> list[int]:
    """Their numbers in the log of events."""
    found = []
    for topic, key in events:
        ((seq,),) = await site.sql(
            "WITH h AS (UPDATE kit.event_head SET seq = seq + 1 RETURNING seq) INSERT INTO kit.event (seq, topic, person_key, payload, at)"
            " SELECT seq, %s, %s, %s::jsonb, clock_timestamp() FROM h RETURNING seq", (topic, key, json.dumps({"kind": "permanent"}))
        )  # fmt: skip
        found.append(seq)
    return found


async def ask(program: Program, what: str, **members: Any) -> dict[str, Any]:
    return (await program.client.call(f"events/{what}", members, WHY)).body


async def refused(program: Program, what: str, **members: Any) -> str:
    with pytest.raises(CallRefused) as caught:
        await ask(program, what, **members)
    return caught.value.code


async def subscriber(site: Site, name: str, *kinds: str) -> tuple[Program, str]:
    program = await site.program(name)
    await site.agree(program.org_code, "events", "life address", purposes={WHY.purpose: WHY.legal_basis})
    return program, (await ask(program, "subscribe", kinds=list(kinds), mode="pull"))["subscription"]["id"]


async def test_fetching_acknowledges_and_goes_back(site: Site) -> None:
    program, mine = await subscriber(site, "Bộ Nghe Tin", "death", "move")
    _, other = await subscriber(site, "Bộ Nghe Khác", "death")
    key, number = await citizen(site)
    stranger, _ = await citizen(site, "Lê Văn Lạ")
    await happened(site, (DIED, key))
    told = await ask(program, "relations", persons=[{"number": number, "ref": "KH-1"}, {"number": "001099999999", "ref": "KH-2"}, {"number": "1", "ref": "KH-3"}])
    assert [one["outcome"] for one in told["persons"]] == ["kept", "not_found", "bad_number"] and told["relations"] == 1
    first, _, second, third = await happened(site, (MOVED, key), (DIED, stranger), (DIED, key), ("population.person.died", key))
    # What was before the relation is not told, nor what others live through; a reference stands for the person.
    page = await ask(program, "pull", subscription=mine, most=2)
    assert [(one["subject"], int(one["id"])) for one in page["events"]] == [("KH-1", first), ("KH-1", second)] and page["next"] == second
    assert number not in json.dumps(page)
    # Nothing is acknowledged until the next fetch says how far the last one was read.
    assert (await ask(program, "pull", subscription=mine, most=1))["events"][0] == page["events"][0]
    rest = await ask(program, "pull", subscription=mine, after=page["next"])
    assert [int(one["id"]) for one in rest["events"]] == [third] and rest["next"] >= third
    assert (await ask(program, "pull", subscription=mine, after=rest["next"]))["events"] == []
    assert (await ask(program, "state"))["subscriptions"][0]["place"] == rest["next"]
    again = await ask(program, "pull", subscription=mine, after=first)
    assert [int(one["id"]) for one in again["events"]] == [second, third]
    assert (await ask(program, "replay", subscription=mine, after=0))["subscription"]["place"] == 0
    assert len((await ask(program, "pull", subscription=mine))["events"]) == 3
    notes = await site.sql("SELECT count(*) FROM audit.pending WHERE note->>'verb' = 'event' AND org_code = %s", (program.org_code,))
    assert notes == [(3,)], "told again is in the citizen's list once"
    assert await refused(program, "pull", subscription=other) == "events.subscription"


async def test_a_place_that_nothing_has_come_to_is_not_acknowledged(site: Site) -> None:
    program, mine = await subscriber(site, "Bộ Đi Trước", "death")
    key, number = await citizen(site)
    await ask(program, "relations", persons=[{"number": number, "ref": "KH-1"}])
    for after in (10**12, -1, "7", True, 1 << 62):
        assert await refused(program, "pull", subscription=mine, after=after) in ("events.after_ahead", "events.after")
    await happened(site, (DIED, key))
    assert [one["subject"] for one in (await ask(program, "pull", subscription=mine))["events"]] == ["KH-1"]


async def test_the_same_subscription_asked_again_is_the_one_there_is(site: Site) -> None:
    program, mine = await subscriber(site, "Bộ Nghe Lại", "death", "move")
    again = await asyncio.gather(*(ask(program, "subscribe", kinds=["move", "death"], mode="pull") for _ in range(3)))
    assert {one["subscription"]["id"] for one in again} == {mine}
    assert (await ask(program, "subscribe", kinds=["death"], mode="pull"))["subscription"]["id"] != mine
    await ask(program, "unsubscribe", subscription=mine)
    assert (await ask(program, "subscribe", kinds=["death", "move"], mode="pull"))["subscription"]["id"] != mine, "an ended one begins anew"


async def test_an_ended_relation_subscription_or_agreement_tells_nothing_more(site: Site) -> None:
    program, mine = await subscriber(site, "Bộ Thôi Nghe", "death")
    key, number = await citizen(site)
    await ask(program, "relations", persons=[{"number": number, "ref": "KH-1"}])
    await happened(site, (DIED, key))
    assert (await ask(program, "relations", ended=["KH-1", "KH-9"]))["ended"] == ["KH-1"]
    assert (await ask(program, "pull", subscription=mine))["events"] == []
    assert await refused(program, "subscribe", kinds=["marriage"], mode="pull") == "agreement.field"
    assert await refused(program, "subscribe", kinds=["nothing"], mode="pull") == "events.kind"
    assert await refused(program, "subscribe", kinds=["death"], mode="push", url="http://127.0.0.1/") == "events.url_not_allowed"
    assert (await ask(program, "unsubscribe", subscription=mine)) == {"ended": True}
    assert await refused(program, "pull", subscription=mine) == "events.subscription"


async def test_ids_of_another_organisation_are_answered_like_ids_of_nothing(site: Site) -> None:
    """Over every call that names something by an id, as another organisation's program: subscription and run."""
    program, theirs = await subscriber(site, "Bộ Có Tin", "death")
    other, _ = await subscriber(site, "Bộ Tò Mò", "death")
    for one in (program, other):
        await site.agree(one.org_code, "reconcile", "name birth", purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    run = (await program.client.call("reconcile/create", {"file_name": "a.csv", "digest": "ab" * 32}, WHY)).body["run"]
    asked: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
        (f"events/{what}", members, (theirs, "00000000-0000-4000-8000-000000000000", "x'--"))
        for what, members in (("pull", {"after": 0}), ("replay", {"after": 0}), ("unsubscribe", {}))
    ] + [
        (f"reconcile/{what}", {"offset": 0, "part": "", "last": True, "from": 0}, (run, run + 987_654)) for what in ("upload", "state", "result")
    ]  # fmt: skip
    for service, members, ids in asked:
        told = set()
        for name in ids:
            with pytest.raises(CallRefused) as none:
                await other.client.call(service, {**members, "subscription" if service.startswith("events") else "run": name}, WHY)
            told.add((none.value.status, none.value.code, none.value.problem["detail"]))
        assert len(told) == 1 and next(iter(told))[0] == 404, (service, told)
    assert theirs not in str((await other.client.call("events/state", {"subscription": theirs}, WHY)).body)
