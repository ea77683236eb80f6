"""Integrated documents: checked against source and owner, live, shown for a minute, checked once; and what ministries hold, seen by
those who may."""

from __future__ import annotations

import asyncio
import time
from datetime import date, timedelta

import pytest

from dancu.accounts.events import DOCUMENTS_CHOSEN
from dancu.credentials import keys, policy, subscribers
from dancu.credentials.models import Document, Standing, State, Verdict
from dancu.credentials.rules import KINDS
from dancu.credentials.service import carried, documents, refresh, screens, titles
from dancu.exchange.models.connectors import Outcome
from dancu.exchange.service import disputes, medical, papers
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit import events
from dancu.population import service as population
from tests.credentials.conftest import Citizen
from tests.exchange.ministries import DESKS, HOA, Ministries

CARE = Purpose("health_insurance", "25/2008/QH12")
TRAFFIC = Purpose("traffic", "36/2024/QH15")


def test_every_state_and_standing_is_told_in_words() -> None:
    assert titles.STATES.keys() == set(State)
    assert titles.STANDINGS.keys() == set(Standing) - {Standing.INTEGRATED, Standing.REMOVED}


async def _integrate(hoa: Citizen, here: Ministries, code: str, **limits: float) -> list[Document]:
    """As the page does it: leave, the asking with no transaction open, settling."""
    async with here.lines(**limits) as lines:
        async with hoa.transaction("app") as conn:
            await population.open_person(conn, hoa.actor, hoa.why, hoa.key, (documents.FIELD,))
            await documents.wish(conn, hoa.actor, hoa.why, hoa.key, code)
            asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, KINDS[code].connector, DESKS)
        fetched = await lines.ask(asking.code, asking.number)
    async with hoa.transaction("app") as conn:
        await population.open_person(conn, hoa.actor, hoa.why, hoa.key, (documents.FIELD,))
        return await documents.settle(conn, hoa.actor, hoa.why, hoa.key, code, await papers.settle(conn, asking, fetched))


async def _refresh(here: Ministries, hoa: Citizen, code: str) -> Document:
    async with here.lines() as lines:
        await refresh.again(lambda: hoa.transaction("worker"), lines, hoa.key, code)
    async with hoa.transaction("worker") as conn:
        return (await documents.of(conn, hoa.key, code))[0]


async def _at_home(hoa: Citizen) -> list[tuple[str, str, date | None]]:
    async with hoa.transaction("app") as conn:
        return [(one.code, one.number, one.until) for one in await carried.carried(conn, hoa.actor)]


async def test_a_card_that_agrees_is_integrated_and_follows_its_source(here: Ministries, hoa: Citizen) -> None:
    (card,) = await _integrate(hoa, here, "health_insurance")
    assert (card.standing, card.state, card.differs) == (Standing.INTEGRATED, State.VALID, ())
    assert card.record["until"] == f"{SYSTEM_CLOCK.today().year}-12-31" and card.as_of is not None
    assert await _at_home(hoa) == [("health_insurance", card.record["number"], date(SYSTEM_CLOCK.today().year, 12, 31))]
    here.mend("health_insurance", HOA, The__TrangThai="TK")
    suspended = await _refresh(here, hoa, "health_insurance")
    assert (suspended.standing, suspended.state, suspended.document_id) == (Standing.INTEGRATED, State.SUSPENDED, card.document_id)
    assert await _at_home(hoa) == [], "a suspended paper is nothing to leave at home"
    here.faults("health_insurance", "down")
    kept = await _refresh(here, hoa, "health_insurance")
    assert (kept.standing, kept.state, kept.checked_at) == (Standing.INTEGRATED, State.SUSPENDED, suspended.checked_at)
    assert kept.tried_at is not None and suspended.tried_at is not None and kept.tried_at > suspended.tried_at and kept.reason == "unreachable"
    here.faults("health_insurance", "contradicts")
    gone = await _refresh(here, hoa, "health_insurance")
    assert gone.standing is Standing.CONTRADICTS and set(gone.differs) == {"name", "birth"}
    here.faults("health_insurance")
    here.mend("health_insurance", HOA, The__TrangThai="CGT")
    assert (await _refresh(here, hoa, "health_insurance")).standing is Standing.INTEGRATED


async def test_a_contradiction_says_which_field_and_reaches_the_desk(here: Ministries, hoa: Citizen) -> None:
    (licence,) = await _integrate(hoa, here, "driving_licence")
    assert (licence.standing, licence.differs, licence.state) == (Standing.CONTRADICTS, ("birth",), None)
    async with hoa.transaction("app") as conn:
        with pytest.raises(Conflict, match=r"document\.not_integrated"):
            await screens.show(conn, hoa.actor, hoa.why, licence.document_id)
    async with hoa.transaction("app") as conn:
        number = await disputes.open_dispute(
            conn, hoa.actor, hoa.why, hoa.key, "driving_licence", "identity.birth", "Ngày và tháng sinh bị ghi ngược.", desk="DEMO.CSGT",
            document="driving_licence", details={"birth": "no"},
        )  # fmt: skip
    async with hoa.transaction("app") as conn:
        with pytest.raises(Conflict, match=r"dispute\.open_already"):
            await disputes.open_dispute(conn, hoa.actor, hoa.why, hoa.key, "driving_licence", "identity.birth", "Vẫn sai.")
    from dancu.quality import subscribers as cases

    async with hoa.transaction("worker") as conn:
        await events.dispatch_once(conn)
        while await cases.consume(conn):
            pass
        await events.dispatch_once(conn)
        await disputes.consume(conn)
        (found,) = [one for one in await disputes.of_person(conn, hoa.key) if one.dispute_id == number]
        assert found.due is not None and found.due > found.opened_at.date()  # seen beside the paper it stands in the way of
        assert found.state == "waiting" and found.case_id is not None and found.statement == "Ngày và tháng sinh bị ghi ngược."
        row = await (
            await conn.execute("SELECT desk_org, statement, details, ref FROM quality.case WHERE case_id = %s", (found.case_id,))
        ).fetchone()
        assert row == ("DEMO.CSGT", "Ngày và tháng sinh bị ghi ngược.", {"birth": "no"}, f"exchange.dispute:{number}")
        # The desk mends its own record and says so; the licence is asked for again by itself.
        here.mend("driving_licence", HOA, chu_giay_phep__ngay_sinh="12-04-1990")
        await events.emit(conn, "quality.case.answered", hoa.key, {"case_id": found.case_id, "state": "done"})
        await events.dispatch_once(conn)
        await disputes.consume(conn)
        await events.dispatch_once(conn)
        await subscribers.consume(conn)
        jobs = await (await conn.execute("SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = 'credentials:again'")).fetchall()
    assert {"person_key": hoa.key, "kind": "driving_licence"} in [job[0] for job in jobs]
    mended = await _refresh(here, hoa, "driving_licence")
    assert (mended.standing, mended.state, mended.record["class"]) == (Standing.INTEGRATED, State.VALID, "B2")


async def test_what_was_chosen_at_enrolment_is_asked_for(here: Ministries, hoa: Citizen) -> None:
    async with hoa.transaction("worker") as conn:
        await events.emit(conn, DOCUMENTS_CHOSEN, hoa.key, {"documents": ["vehicle_registration", "tax_code", "nonsense"]})
        await events.dispatch_once(conn)
        await subscribers.consume(conn)
        found = {one.kind: one.standing for one in await documents.of(conn, hoa.key)}
        assert found["vehicle_registration"] is Standing.ASKED and found["tax_code"] is Standing.NOT_CONNECTED and "nonsense" not in found
    assert (await _refresh(here, hoa, "vehicle_registration")).standing is Standing.INTEGRATED


async def _shown(hoa: Citizen, here: Ministries, kind: str = "health_insurance") -> screens.Screen:
    (card, *_) = await _integrate(hoa, here, kind)
    async with hoa.transaction("app") as conn:
        return await screens.show(conn, hoa.actor, hoa.why, card.document_id)


async def test_shown_once_by_code_or_by_digits(here: Ministries, hoa: Citizen, hospital: Actor) -> None:
    for given in (lambda screen: f"https://dancu.example/desk/check-document?code={screen.code}", lambda screen: f"{screen.digits[:4]} {screen.digits[4:]}"):
        screen = await _shown(hoa, here)
        async with hoa.transaction("app") as conn:
            found = await screens.check(conn, hospital, CARE, given(screen))
        assert found.verdict is Verdict.OK and found.document is not None and found.view is not None
        assert found.view.name is not None and found.view.name.full_name == "Trần Thị Hoà"
        async with hoa.transaction("app") as conn:
            again = await screens.check(conn, hospital, CARE, screen.code)
        assert (again.verdict, again.document, again.view) == (Verdict.USED, None, None) and again.used_at is not None
    async with hoa.transaction("verify") as conn:
        row = await (
            await conn.execute("SELECT count(*) FROM audit.pending WHERE subject = %s AND actor_id = %s AND 'documents' = ANY (fields)", (hoa.key, hospital.actor_id))
        ).fetchone()
    assert row == (2,)


async def test_a_photograph_of_the_screen_is_worth_nothing_after_the_minute(
    here: Ministries, hoa: Citizen, hospital: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = await _shown(hoa, here)
    with monkeypatch.context() as later:
        now = time.time()
        later.setattr(time, "time", lambda: now + 61)
        async with hoa.transaction("app") as conn:
            assert (await screens.check(conn, hospital, CARE, screen.code)).verdict is Verdict.EXPIRED
    async with hoa.transaction("admin") as conn:  # the database has its own clock
        await conn.execute("UPDATE credentials.presentation SET made_at = made_at - interval '2 minutes', expires_at = expires_at - interval '2 minutes'")
    async with hoa.transaction("app") as conn:
        for given in (screen.code, screen.digits):
            assert (await screens.check(conn, hospital, CARE, given)).verdict is Verdict.EXPIRED


async def test_forged_unknown_and_foreign_codes(here: Ministries, hoa: Citizen, hospital: Actor) -> None:
    screen = await _shown(hoa, here)
    head, body, signature = screen.code.split(".")
    async with hoa.transaction("app") as conn:
        for given in (f"{head}.{body}.{signature[::-1]}", "abc", "", f"{head}.{body}.", "a" * 5000, "eyJhbGciOiJub25lIn0.e30."):
            assert (await screens.check(conn, hospital, CARE, given)).verdict is Verdict.FORGED, given
        assert (await screens.check(conn, hospital, CARE, "12345678")).verdict is Verdict.UNKNOWN
        assert (await screens.check(conn, hospital, CARE, keys.sign({"jti": "nobody", "exp": int(time.time()) + 50}))).verdict is Verdict.UNKNOWN
    async with hoa.transaction("app") as conn:
        with pytest.raises(NotAllowed):  # a purpose that does not carry it uses nothing up
            await screens.check(conn, hospital, Purpose("statistics", "89/2015/QH13"), screen.code)
        await conn.rollback()
    async with hoa.transaction("app") as conn:
        assert (await screens.check(conn, hospital, CARE, screen.code)).verdict is Verdict.OK
    async with hoa.transaction("app") as conn:
        citizen = await screens.check(conn, hoa.actor, CARE, (await _shown(hoa, here)).code)
        assert citizen.verdict is Verdict.NO_RIGHT


async def test_two_officers_at_once_one_of_them_gets_it(here: Ministries, hoa: Citizen, hospital: Actor) -> None:
    screen = await _shown(hoa, here)

    async def check() -> Verdict:
        async with hoa.transaction("app") as conn:
            return (await screens.check(conn, hospital, CARE, screen.code)).verdict

    assert sorted(await asyncio.gather(*(check() for _ in range(5)))) == [Verdict.OK] + [Verdict.USED] * 4


async def test_evidence_is_committed_before_a_ministry_is_asked(here: Ministries, hoa: Citizen) -> None:
    async with hoa.transaction("app") as conn:
        asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "land", DESKS)
    async with hoa.transaction("verify") as conn:
        row = await (
            await conn.execute("SELECT action, purpose, legal_basis, fields FROM audit.pending WHERE entry_id = %s", (asking.entry_id,))
        ).fetchone()
    assert row is not None and row[:3] == ("read", "own_record", hoa.why.legal_basis) and "paper.land" in row[3]


async def test_who_may_see_which_ministry(here: Ministries, hoa: Citizen, hospital: Actor, traffic: Actor) -> None:
    async with hoa.transaction("app") as conn:
        for actor, why, code in (
            (hospital, CARE, "land"), (hospital, TRAFFIC, "health_insurance"), (traffic, Purpose("data_subject_request", "91/2025/QH15"), "land"),
        ):  # fmt: skip
            with pytest.raises(NotAllowed, match=r"connector\.purpose"):
                await papers.ask(conn, actor, why, hoa.key, code, DESKS)
        assert (await papers.ask(conn, traffic, Purpose("data_subject_request", "91/2025/QH15"), hoa.key, "driving_licence", DESKS)).number == HOA
        with pytest.raises(NotFound):
            await papers.ask(conn, hospital, CARE, hoa.key, "nothing", DESKS)


async def test_health_data_need_the_persons_consent(here: Ministries, hoa: Citizen, hospital: Actor) -> None:
    async with hoa.transaction("app") as conn:
        with pytest.raises(NotAllowed, match=r"connector\.consent"):
            await papers.ask(conn, hospital, CARE, hoa.key, "medical_examination", DESKS)
        assert (await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "medical_examination", DESKS)).number == HOA
        given = await medical.give(conn, hoa.actor)
        assert given.claims == {"medical"} and given.until - SYSTEM_CLOCK.now() <= timedelta(days=30)
        assert (await papers.ask(conn, hospital, CARE, hoa.key, "medical_examination", DESKS)).number == HOA
        await medical.withdraw(conn, hoa.actor)
        with pytest.raises(NotAllowed, match=r"connector\.consent"):
            await papers.ask(conn, hospital, CARE, hoa.key, "medical_examination", DESKS)


async def test_a_paper_kept_is_unreadable_elsewhere_and_stays_when_its_source_is_down(here: Ministries, hoa: Citizen) -> None:
    async with hoa.transaction("app") as conn:
        asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "electricity", DESKS)
    async with here.lines() as lines:
        fetched = await lines.ask("electricity", asking.number)
        async with hoa.transaction("app") as conn:
            first = await papers.settle(conn, asking, fetched)
        here.faults("electricity", "down")
        async with hoa.transaction("app") as conn:
            asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "electricity", DESKS)
            second = await papers.settle(conn, asking, await lines.ask("electricity", asking.number))
        here.faults("electricity", "stale")  # a copy that fell behind: what was said since is not unsaid
        async with hoa.transaction("app") as conn:
            asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "electricity", DESKS)
            back = await papers.settle(conn, asking, await lines.ask("electricity", asking.number))
        here.faults("electricity")
    assert back.outcome is Outcome.OUTDATED and back.paper == second.paper
    assert first.paper is not None and second.paper is not None and second.outcome is Outcome.UNREACHABLE
    assert second.paper.fetched_at == first.paper.fetched_at and second.paper.content == first.paper.content
    async with hoa.transaction("verify") as conn:
        rows = await (await conn.execute("SELECT sealed FROM exchange.paper WHERE person_key = %s", (hoa.key,))).fetchall()
        states = await (await conn.execute("SELECT asked, failed, failure FROM exchange.connector_state WHERE connector = 'electricity'")).fetchone()
    assert all(HOA.encode() not in bytes(row[0]) for row in rows if row[0]) and states == (3, 2, "outdated")
    async with hoa.transaction("app") as conn:  # nobody was opened: nobody is seen
        assert await papers.kept(conn, hoa.key, "electricity") is None


async def test_a_paper_seen_to_say_something_else_has_its_documents_asked_again(here: Ministries, hoa: Citizen) -> None:
    await _integrate(hoa, here, "vehicle_registration")

    async def looked() -> int:
        """The citizen asks the ministry on the page of papers; how often that was told."""
        async with here.lines() as lines:
            async with hoa.transaction("app") as conn:
                asking = await papers.ask(conn, hoa.actor, hoa.why, hoa.key, "vehicles", DESKS)
            fetched = await lines.ask("vehicles", asking.number)
            async with hoa.transaction("app") as conn:
                await papers.settle(conn, asking, fetched)
        async with hoa.transaction("worker") as conn:
            while await events.dispatch_once(conn):
                pass
            await subscribers.consume(conn)
            (told,) = await (await conn.execute("SELECT count(*) FROM kit.event WHERE topic = 'exchange.paper.changed'")).fetchone()  # type: ignore[misc]
        return int(told)

    before = await looked()
    here.mend("vehicles", HOA, items__0__status="SUS")
    assert await looked() == before + 1
    async with hoa.transaction("worker") as conn:
        jobs = await (await conn.execute("SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = 'credentials:again'")).fetchall()
    assert {"person_key": hoa.key, "kind": "vehicle_registration"} in [job[0] for job in jobs]
    assert await looked() == before + 1


async def test_a_wrong_month_is_reported_in_the_citizens_words(hoa: Citizen) -> None:
    async with hoa.transaction("app") as conn:
        for field, text, code in (("nothing.from", "Thiếu tháng 5.", "dispute.field"), ("periods.", "x", "dispute.statement")):
            with pytest.raises(Invalid, match=code.replace(".", r"\.")):
                await disputes.open_dispute(conn, hoa.actor, hoa.why, hoa.key, "social_insurance", field, text)
        number = await disputes.open_dispute(conn, hoa.actor, hoa.why, hoa.key, "social_insurance", "periods.", "Thiếu tháng 05/2019.", desk="DEMO.BHXH")
        assert next(one for one in await disputes.of_person(conn, hoa.key) if one.dispute_id == number).open
    async with hoa.transaction("worker") as conn:
        row = await (await conn.execute("SELECT payload::text FROM kit.outbox WHERE topic = 'connector.wrong'")).fetchone()
    assert row is not None and "05/2019" not in row[0] and "DEMO.BHXH" in row[0]


@pytest.mark.parametrize(
    ("record", "state"),
    [({"state": "valid", "until": "2030-01-01"}, State.VALID), ({"state": "valid", "until": "2020-01-01"}, State.EXPIRED), ({"state": "valid"}, State.VALID),
     ({"state": "revoked", "until": "2020-01-01"}, State.REVOKED), ({"state": "what"}, State.SUSPENDED), ({}, State.SUSPENDED)],
)  # fmt: skip
def test_how_a_document_stands(record: dict[str, str], state: State) -> None:
    assert policy.state(record, KINDS["driving_licence"], date(2026, 11, 22)) is state


def test_a_state_we_do_not_know_is_not_told_as_a_suspension() -> None:
    now = SYSTEM_CLOCK.now()
    for said, told in (({}, titles.UNCLEAR), ({"state": "suspended"}, titles.STATES[State.SUSPENDED])):
        one = Document(1, "x", "driving_licence", Standing.INTEGRATED, State.SUSPENDED, (), None, now, now, now, said)
        assert titles.state(one) == told
