"""A partner's own counter proves residence and asks for signed statements, through the door."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import psycopg
import pytest

from dancu.cards.models import Reading, TextKind
from dancu.cards.parsing import write_qr
from dancu.exchange.service import confirm_call, statements
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Exceeded
from dancu.kit import events
from dancu.quality import subscribers
from dancu_client import CallRefused, Context
from tests.exchange.calling import Site, site
from tests.population.conftest import NOW_HERE, Office, draft, officers, registry

__all__ = ["officers", "registry", "site"]
WHY = Context("public_service", "104/2022/NĐ-CP", "H47.16-261122-0007", "Nguyễn Thị Giao Dịch")
FIELDS = "personal_id name birth sex card address temporary_address household old_number marital"


@pytest.fixture
async def partner(site: Site) -> Any:
    program = await site.program("Điện lực thử nghiệm")
    for service in ("residence", "confirm"):
        await site.agree(program.org_code, service, FIELDS, purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    return program


async def call(program: Any, service: str, **members: Any) -> Any:
    return await program.client.call(service, members, WHY)


async def person(site: Site, number: str) -> None:
    from dancu.access import service as access
    from dancu.population import service as population

    async with site.conn() as conn:
        actors = []
        for code in ("ward_police", "civil_status_clerk"):
            token, _ = await access.enter_as(conn, code, demo=True)
            actors.append(await access.sessions.resolve(conn, token))
        office = Office(conn, actors[0], actors[1])
        await office(population.register, draft("Phạm Thị Điện", number=number, unit=NOW_HERE))


async def test_a_partner_proves_residence_and_gets_what_stands_in_the_file(site, partner):
    await person(site, "049190033001")
    answer = await call(partner, "residence", procedure="electricity_new", way="lookup", number="049190033001", name="Phạm Thị Điện")
    assert answer.body["outcome"] == "proved"
    says = statements.keys().verify(answer.body["statement"], statements.VERIFICATION)
    assert (says["officer"], says["case_ref"], says["replaces"]) == (WHY.officer, WHY.case_ref, "household_book")
    assert "Phan Châu Trinh" in answer.body["person"]["permanent"]


async def test_a_disagreement_leads_on_without_a_word_of_the_registry(site, partner):
    await person(site, "049190033002")
    text = write_qr(Reading(TextKind.QR, "049190033002", "", "Người Khác Hẳn", PartialDate(1990, 4, 12), "female", "Số 1", date(2022, 1, 2)))
    answer = await call(partner, "residence", procedure="electricity_new", way="qr", text=text)
    assert (answer.body["outcome"], answer.body["next_way"], answer.body["filed"]) == ("disagrees", "chip", True)
    assert "person" not in answer.body
    rows = await site.sql("SELECT payload FROM kit.outbox WHERE topic = 'exchange.disagreement' ORDER BY id DESC LIMIT 1")
    assert rows[0][0]["reporter_org"] == partner.org_code


async def test_who_filed_hears_how_the_case_stands(site, partner):
    """Whoever filed the same, each under the name it was given; nobody else; each look is in the citizen's list."""
    await person(site, "049190033012")
    text = write_qr(Reading(TextKind.QR, "049190033012", "", "Người Khác Hẳn", PartialDate(1990, 4, 12), "female", "Số 1", date(2022, 1, 2)))
    asked = {"procedure": "electricity_new", "way": "qr", "text": text}
    other = await site.program("Nước sạch thử nghiệm")
    await site.agree(other.org_code, "residence", FIELDS, purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    first, again, theirs = [(await call(program, "residence", **asked)).body["disagreement"] for program in (partner, partner, other)]
    assert (await partner.client.disagreements([first], WHY)).body["disagreements"] == [], "no case yet"
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker")) as worker:
        await events.dispatch_once(worker)
        while await subscribers.consume(worker):
            pass
    answer = await partner.client.disagreements([first, again, theirs, "unknown"], WHY)
    assert [one["id"] for one in answer.body["disagreements"]] == [first, again] and len(answer.receipt["entries"]) == 1
    assert {(one["state"], one["answer"]) for one in answer.body["disagreements"]} == {("waiting", None)}
    await site.sql(
        "UPDATE quality.case SET state = 'refused', answer = 'Thẻ cũ, sổ đúng.', answer_basis = '26/2023/QH15', answered_at = now(), answered_by = 1,"
        " answered_org = 'DEMO.CA.TX' WHERE reports @> ARRAY[%s]", (f"{partner.org_code}/{first}",)
    )  # fmt: skip
    (one,) = (await other.client.disagreements([theirs], WHY)).body["disagreements"]
    assert (one["state"], one["answer"], one["legal_basis"], one["answered_by"]) == ("refused", "Thẻ cũ, sổ đúng.", "26/2023/QH15", "DEMO.CA.TX")
    looks = await site.sql("SELECT org_code FROM audit.pending WHERE fields = '{cases}' AND action = 'read' ORDER BY entry_id DESC LIMIT 2")
    assert [org for (org,) in looks] == [other.org_code, partner.org_code]
    with pytest.raises(CallRefused, match=r"exchange\.disagreements"):
        await call(partner, "residence/disagreements", disagreements=["x" * 41])


async def test_a_signed_statement(site, partner):
    await person(site, "049190033003")
    answer = await call(partner, "confirm", number="049190033003", kind="residence", procedure="electricity_new", pdf=False)
    says = statements.keys().verify(answer.body["statement"], statements.CONFIRMATION)
    assert (says["name"], says["kind"]) == ("Phạm Thị Điện", "residence")
    rows = await site.sql("SELECT demanded_org, channel FROM exchange.confirmation WHERE confirmation_id = %s", (says["jti"],))
    assert rows == [(partner.org_code, "exchange")]
    with pytest.raises(CallRefused, match=r"confirmation\.no_marital"):
        await call(partner, "confirm", number="049190033003", kind="civil_status", procedure="marriage")


async def test_a_file_that_takes_its_time_holds_nothing(site, partner, monkeypatch):
    """Statement and line of the call are committed before the file is drawn; another for the same person, of the same office, goes on."""
    await person(site, "049190033004")
    asked = {"number": "049190033004", "kind": "residence", "procedure": "electricity_new"}
    begun, go_on, marked = asyncio.Event(), asyncio.Event(), []

    async def drawn(*_: Any, of: Any, demo: bool) -> bytes:
        marked.append(demo)
        begun.set()
        await go_on.wait()
        if len(marked) > 1:
            raise Exceeded("pdf.busy", "", seconds=1)
        return b"%PDF-"

    monkeypatch.setattr(confirm_call.pdf, "confirmation", drawn)
    file = asyncio.create_task(call(partner, "confirm", pdf=True, **asked))
    await asyncio.wait_for(begun.wait(), 30)
    assert await site.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND usename = 'dancu_app'") == [(0,)]
    assert (await asyncio.wait_for(call(partner, "confirm", **asked), 30)).body["statement"]
    go_on.set()
    answer = await file
    assert answer.body["pdf"] == "JVBERi0=" and marked == [site.app.state.demo]
    (line,) = await site.sql("SELECT verdict FROM exchange.call WHERE client_no = %s AND message_id = %s", (partner.client_no, answer.message_id))
    assert line == ("ok",)
    without = (await call(partner, "confirm", pdf=True, **asked)).body
    assert without["pdf_error"] == "pdf.busy" and without["statement"]


@pytest.mark.parametrize(
    "members",
    [
        {}, {"procedure": "x", "way": "lookup"}, {"procedure": "school", "way": "x"}, {"procedure": "school", "way": "lookup", "more": "x"},
        {"procedure": "school", "way": "lookup", "number": 5}, {"procedure": "school", "way": "lookup", "number": "12", "name": "A"},
        {"procedure": "school", "way": "qr", "text": "x" * 5000},
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(site, partner, members):
    with pytest.raises(CallRefused) as refused:
        await call(partner, "residence", **members)
    assert refused.value.status in (400, 422)


async def test_fields_outside_the_agreement_are_refused(site):
    program = await site.program("Nước sạch thử nghiệm")
    await site.agree(program.org_code, "residence", "name birth sex", purposes={WHY.purpose: WHY.legal_basis})
    site.forget()
    with pytest.raises(CallRefused, match=r"agreement\.field"):
        await call(program, "residence", procedure="water_new", way="lookup", number="049190033001", name="A")


async def test_the_sandbox_knows_invented_people_only(site):
    program = await site.program("Thử nghiệm", live=False)
    site.forget()
    for service in ("residence", "confirm"):
        answer = await call(program, service, number="000190000001", procedure="school", **({"way": "lookup", "name": "Trần Thị Mẫu"} if service == "residence" else {"kind": "residence"}))
        assert answer.body["sandbox"] is True
        assert answer.body.get("outcome", "proved") == "proved"
    assert await site.sql("SELECT count(*) FROM exchange.verification WHERE org_code = %s", (program.org_code,)) == [(0,)]
