"""*Look up* by the client package: what was agreed goes out, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from dancu.exchange.service import said
from dancu.kernel.actor import ActorKind
from dancu.sharing.service import consents
from dancu_client import CallRefused
from tests.exchange.calling import WHY, Site, citizen, household, sequence
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_fields_of_the_agreement_by_number_and_by_name(site: Site) -> None:
    program = await site.program("Bộ Tra Cứu")
    await site.agree(program.org_code, "lookup", "name birth sex address household head members")
    key, number = await citizen(site, "Lý Thị Tra Cứu")
    await household(site, key)
    site.forget()
    answer = await program.client.lookup(["name", "birth", "sex", "address", "household", "head", "members"], WHY, number=number)
    person = answer.body["person"]
    assert answer.body["found"] is True and person["name"] == "Lý Thị Tra Cứu" and list(person) >= ["name", "birth", "sex", "address"]
    entries = await site.sql("SELECT action, subject, fields FROM audit.pending WHERE request_id = %s", (answer.message_id,))
    assert ("read", key, ["name", "birth", "sex", "address", "household", "head", "members"]) in entries
    # The receipt says whose data were shown by where they stand, the person's own look first; each has an entry of its own.
    named = answer.receipt["entries"]
    assert [one["about"] for one in named] == ["person", *(f"members/{n}" for n in range(len(person["members"])))] and len(person["members"]) == 1
    assert len({one["id"] for one in named}) == answer.receipt["count"] == 2 and "Lý Thị" not in str(answer.receipt)
    only_head = await program.client.lookup(["head"], WHY, number=number)
    assert [one["about"] for one in only_head.receipt["entries"]] == ["person", "head"] and list(only_head.body["person"]) == ["head"]
    by_name = await program.client.lookup(["birth"], WHY, name="ly thi tra cuu", birth=person["birth"][:4])
    assert by_name.body["person"] == {"birth": person["birth"]}
    await sequence(site)
    assert (await program.client.proof(by_name))[0].content["fields"] == ["birth"]
    assert [proved.content["fields"] for proved in await program.client.proof(only_head)] == [["head"], ["name", "birth", "sex", "household"]]


async def test_two_people_of_one_name_are_ambiguous_and_not_listed(site: Site) -> None:
    program = await site.program("Bộ Trùng Tên")
    await site.agree(program.org_code, "lookup", "name birth")
    await citizen(site, "Phan Văn Trùng")
    await citizen(site, "Phan Văn Trùng")
    site.forget()
    answer = await program.client.lookup(["name"], WHY, name="Phan Văn Trùng", birth="1990")
    assert answer.body == {"found": False, "ambiguous": True}


async def test_nobody_is_found_and_that_is_evidence_too(site: Site) -> None:
    program = await site.program("Bộ Không Ai")
    await site.agree(program.org_code, "lookup", "name")
    site.forget()
    answer = await program.client.lookup(["name"], WHY, number="049090999999")
    assert answer.body == {"found": False}
    assert await site.sql("SELECT action, subject FROM audit.pending WHERE request_id = %s", (answer.message_id,)) == [("denied", None)]
    assert await site.sql("SELECT verdict FROM exchange.call WHERE message_id = %s", (answer.message_id,)) == [("person.not_found",)]


async def test_without_consent_nothing_and_with_it_what_was_consented_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    program = await site.program("Ngân Hàng Cần Đồng Ý")
    await site.agree(program.org_code, "lookup", "name birth phone", consent_needed=True)
    key, number = await citizen(site, "Võ Thị Đồng Ý")
    site.forget()
    with pytest.raises(CallRefused) as refused:
        await program.client.lookup(["name", "birth"], WHY, number=number)
    assert (refused.value.status, refused.value.code) == (403, "exchange.consent")
    assert await site.sql("SELECT verdict FROM exchange.call WHERE client_no = %s", (program.client_no,)) == [("exchange.consent",)]
    from dancu.access.service import sessions

    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, key)
        actor = await sessions.resolve(conn, token)
        assert actor is not None
        until = datetime.now(UTC) + timedelta(days=30)
        await consents.give(conn, actor, program.client_no, {"name"}, _purpose(), until, client_name="Ngân hàng")
    answer = await program.client.lookup(["name", "birth"], WHY, number=number)
    assert answer.body["person"] == {"name": "Võ Thị Đồng Ý"} and answer.body["withheld"] == ["birth"]
    # The cheapest service asks too: what was not consented to is not even compared.
    await site.agree(program.org_code, "verify", "name birth", consent_needed=True)
    site.forget()
    compared = await program.client.verify(number, {"name": "Võ Thị Đồng Ý", "birth": "1990"}, WHY)
    assert compared.body["fields"] == {"name": "yes"} and compared.body["withheld"] == ["birth"]
    for whom in (number, "049090999998"):  # nobody's number sounds like somebody's who has not consented
        with pytest.raises(CallRefused) as refused:
            await program.client.verify(whom, {"birth": "1990"}, WHY)
        assert (refused.value.status, refused.value.code) == (403, "exchange.consent") and "Tôi chia sẻ với ai" in str(refused.value)
    await site.agree(program.org_code, "confirm", "name birth sex personal_id old_number", consent_needed=True)
    site.forget()
    for whom in (number, "049090999998"):
        with pytest.raises(CallRefused) as refused:
            await program.client.call("confirm", {"number": whom, "kind": "number", "procedure": "school"}, WHY)
        assert (refused.value.status, refused.value.code) == (403, "exchange.consent"), "a statement sounds alike for both, too"
    # ... and takes as long: whose consent stands is asked where nobody is meant, too.
    asked: list[int] = []
    real = consents.consent

    async def counted(conn: Any, key: int, *rest: Any) -> Any:
        asked.append(key)
        return await real(conn, key, *rest)

    monkeypatch.setattr(consents, "consent", counted)
    for whom, found in ((number, key), ("049090999998", 0)):
        for call in (
            program.client.lookup(["birth"], WHY, number=whom), program.client.verify(whom, {"birth": "1990"}, WHY),
            program.client.call("confirm", {"number": whom, "kind": "number", "procedure": "school"}, WHY),
        ):  # fmt: skip
            with pytest.raises(CallRefused):
                await call
        assert asked == [found] * 3, whom
        asked.clear()


async def test_a_purpose_reaches_its_own_fields_in_every_service(site: Site) -> None:
    program = await site.program("Bộ Hai Mục Đích")
    other = replace(WHY, purpose="data_sharing", legal_basis="278/2025/NĐ-CP")
    lines = {"purposes": {WHY.purpose: WHY.legal_basis, other.purpose: other.legal_basis}, "purpose_fields": {other.purpose: frozenset({"name"})}}
    for service in ("lookup", "verify", "confirm", "residence", "events"):
        await site.agree(program.org_code, service, "name birth sex personal_id card address temporary_address household life", **lines)
    _, number = await citizen(site, "Đinh Thị Hai Việc")
    site.forget()
    assert (await program.client.lookup(["birth"], WHY, number=number)).body["found"] is True
    assert (await program.client.lookup(["name"], other, number=number)).body["person"] == {"name": "Đinh Thị Hai Việc"}
    for name, body in {
        "lookup": {"number": number, "fields": ["birth"]}, "verify": {"number": number, "fields": {"birth": "1990"}},
        "confirm": {"number": number, "kind": "residence", "procedure": "school"},
        "residence": {"procedure": "school", "way": "lookup", "number": number},
        "events/subscribe": {"kinds": ["death"], "mode": "pull"},
    }.items():
        with pytest.raises(CallRefused) as refused:
            await program.client.call(name, body, other)
        assert (refused.value.status, refused.value.code) == (403, "agreement.field"), name


def _purpose():  # type: ignore[no-untyped-def]
    from dancu.kernel.actor import Purpose

    return Purpose(WHY.purpose, WHY.legal_basis)


async def test_the_sandbox_knows_its_own_people(site: Site) -> None:
    program = await site.program("Bộ Thử Tra Cứu", live=False)
    site.forget()
    found = await program.client.lookup(["name", "birth", "life"], WHY, number="000145000005")
    assert found.body["person"] == {"name": "Phạm Thị Đã Mất", "birth": "1945-07-20", "life": {"status": "dead", "date": "2023-11-02"}}
    assert (await program.client.lookup(["address"], WHY, name="Nguyễn Thị Thu Hà", birth="1988")).body["ambiguous"] is True
    everything = await program.client.call("lookup", {"number": "000190000001", "fields": ["marital", "card", "phone", "parents"]}, WHY)
    assert everything.body["person"]["phone"] == "+84900000001"
    assert everything.receipt["environment"] == "sandbox" and everything.receipt["entries"] == []


async def test_an_address_names_its_hamlet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said.territory, "hamlet_name", lambda hamlet_id: {7: "khối phố Xuân Đông"}.get(hamlet_id, ""))
    assert said._place(None, "Tổ 3", 7) == {"text": "Tổ 3, Khối phố Xuân Đông", "unit": None}
    assert said._place(None, "Tổ 3", None) == {"text": "Tổ 3", "unit": None} and said._place(None, "") is None
