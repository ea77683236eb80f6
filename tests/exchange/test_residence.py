"""Residence proved in place of the household book: seven ways, what each failure leads to, what is counted, filed, kept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.access import service as access
from dancu.accounts.service import core, locks
from dancu.audit import service as audit
from dancu.audit import verify_proof
from dancu.cards.models import Reading, TextKind
from dancu.cards.parsing import write_qr
from dancu.exchange.models import procedures
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.models.residence import Asked, Outcome, Way
from dancu.exchange.pages import residence as page
from dancu.exchange.parsing import chip
from dancu.exchange.service import codes, confirmations, receipts_found, residence, statements
from dancu.exchange.service.confirmations import Demanded
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK, SetClock
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, Exceeded, Invalid, NotAllowed, NotFound
from dancu.kit.web import Form
from dancu.population import service as population
from dancu.population.models import CardKind, ResidenceKind
from tests.accounts.conftest import _ring
from tests.kit.races import after_waiting
from tests.population.conftest import app, clerk, office, officers, place, police, registry

__all__ = ["_ring", "app", "clerk", "office", "officers", "police", "registry"]
NAME, ISSUED, EXPIRES = "Nguyễn Thị Thu Hà", date(2025, 8, 2), date(2035, 4, 12)
_numbers = count(1)


class Holder:
    """Somebody with a card in force."""

    def __init__(self, key: int, number: str) -> None:
        self.key, self.number = key, number

    def reading(self, **changed: Any) -> Reading:
        return replace(
            Reading(TextKind.QR, self.number, "", NAME, PartialDate(1990, 4, 12), "female", "Số 1 Phan Châu Trinh, Trường Xuân", ISSUED),
            **changed,
        )

    def qr(self, **changed: Any) -> str:
        return write_qr(self.reading(**changed))

    def chip(self, **changed: str) -> str:
        values = {1: self.number, 2: NAME, 3: "12/04/1990", 4: "Nữ", 5: "Việt Nam", 9: "Số 1 Phan Châu Trinh", 11: "02/08/2025", 12: "12/04/2035"}
        return chip.write_line(chip.write_dg13({**values, **{int(k[1:]): v for k, v in changed.items()}}), b"", "test")


async def holder(office: Any, expires: date = EXPIRES) -> Holder:
    number = f"0491903{next(_numbers):05d}"
    key = await office.person(NAME, number=number)
    await office(population.issue_card, key, kind=CardKind.CHIP, number=number, issued_on=ISSUED, expires_on=expires)
    await office.conn.commit()
    return Holder(key, number)


@pytest.fixture
async def ha(office) -> Holder:
    return await holder(office)


@pytest.fixture
def counter(officers) -> Actor:
    return officers["one_stop_officer"]


def asked(way: Way, **more: str) -> Asked:
    return Asked("school", "H47.16-261122-0001", way, "Quầy 2", **more)


async def tried(app: Any, counter: Actor, what: Asked, **more: Any) -> Any:
    result = await residence.prove(app, counter, what, org_name="Trung tâm Phục vụ hành chính công", **more)
    await app.commit()
    return result


def printed(who: Holder, **more: str) -> dict[str, str]:
    return {"number": who.number, "name": NAME, "birth": "12/4/1990", "issued_on": "2/8/2025", **more}


async def of_citizen(app: Any, key: int) -> Actor:
    actor = await access.sessions.resolve(app, await access.issue_session(app, ActorKind.CITIZEN, key))
    assert actor is not None
    await app.commit()
    return actor


async def level_two(app: Any, key: int) -> None:
    await core.create(app, SYSTEM, locks.eid_purpose(), key, level=2, phone=f"09077{next(_numbers):05d}", phone_verified=True)
    await app.execute("UPDATE accounts.account SET state = 'active', activated_at = now() WHERE person_key = %s", (key,))
    await app.commit()


# Each way --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Way.LOOKUP, Way.QR, Way.CHIP, Way.CARD, Way.NOTICE])
async def test_a_way_proves_and_its_receipt_says_what_it_replaces(app, counter, ha, way, registry):
    given = {
        Way.LOOKUP: {"number": ha.number, "birth": "12/04/1990"}, Way.QR: {"text": ha.qr()}, Way.CHIP: {"chip": ha.chip()},
        Way.CARD: printed(ha), Way.NOTICE: {k: v for k, v in printed(ha).items() if k != "issued_on"},
    }[way]  # fmt: skip
    result = await tried(app, counter, asked(way, **given))
    assert result.outcome is Outcome.PROVED, result.found
    kept, says = await residence.verification(app, counter, ha.key, result.verification.verification_id)
    await app.commit()
    assert says["person"]["name"] == NAME
    assert "Phan Châu Trinh" in says["person"]["permanent"]
    assert (says["way"], says["replaces"], says["case_ref"], says["legal_basis"]) == (way, "household_book", "H47.16-261122-0001", "104/2022/NĐ-CP Điều 14")
    assert says["entry"] == kept.entry_id
    # What was held against the registry, or who vouched: a file kept for years must say on what the officer relied.
    assert {"name", "birth"} & set(says["compared"]) and ("card" in says["compared"]) == (way in (Way.QR, Way.CHIP, Way.CARD))
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        row = await (
            await admin.execute("SELECT subject, case_ref, purpose, fields FROM audit.pending WHERE entry_id = %s", (kept.entry_id,))
        ).fetchone()
    assert row[:3] == (ha.key, "H47.16-261122-0001", "public_service")
    assert "household" in row[3]  # enrolment at school needs the household


async def test_the_account_approves_on_the_phone(app, counter, ha):
    await level_two(app, ha.key)
    first = await tried(app, counter, asked(Way.ACCOUNT, number=ha.number))
    assert first.outcome is Outcome.WAITING
    token = first.found.token
    assert (await tried(app, counter, asked(Way.ACCOUNT, token=token))).outcome is Outcome.WAITING
    await core.open(app, [ha.key])
    await app.execute(
        "UPDATE accounts.approval SET state = 'approved', acr = 2, decided_at = now(), lock_version = 1 WHERE approval_id = %s::uuid",
        (token.partition(".")[0],),
    )
    done = await tried(app, counter, asked(Way.ACCOUNT, token=token))
    assert done.outcome is Outcome.PROVED and done.found.how == ("agreed",)
    with pytest.raises(Conflict) as again:
        await tried(app, counter, asked(Way.ACCOUNT, token=token))
    assert again.value.code == "residence.used"
    await app.rollback()
    with pytest.raises(Invalid):  # another dossier, another officer: not their yes
        await tried(app, counter, replace(asked(Way.ACCOUNT, token=token), case_ref="other"))
    with pytest.raises(Invalid):
        await tried(app, replace(counter, actor_id=counter.actor_id + 1), asked(Way.ACCOUNT, token=token))


@pytest.mark.parametrize(("answer", "outcome"), [("denied", Outcome.DENIED), ("expired", Outcome.TOO_LATE)])
async def test_the_citizen_says_no_or_nothing(app, counter, ha, answer, outcome, registry):
    await level_two(app, ha.key)
    token = (await tried(app, counter, asked(Way.ACCOUNT, number=ha.number))).found.token
    change = "state = 'denied', decided_at = now()" if answer == "denied" else "expires_at = now() - interval '1 second'"
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute(f"UPDATE accounts.approval SET {change} WHERE approval_id = %s::uuid", (token.partition(".")[0],))
    result = await tried(app, counter, asked(Way.ACCOUNT, token=token))
    assert (result.outcome, result.next_way) == (outcome, Way.QR)


async def test_a_code_shown_for_a_minute_works_once(app, counter, ha):
    await level_two(app, ha.key)
    citizen = await of_citizen(app, ha.key)
    code = await codes.show(app, citizen, signed=await signed_in(citizen))
    await app.commit()
    spaced = f"{code[:4]} {code[4:]}"
    assert (await tried(app, counter, asked(Way.ACCOUNT, code=spaced))).outcome is Outcome.PROVED
    assert (await tried(app, counter, asked(Way.ACCOUNT, code=spaced))).outcome is Outcome.TOO_LATE
    late = await codes.show(app, citizen, signed=await signed_in(citizen))
    await app.commit()
    newer = await codes.show(app, citizen, signed=await signed_in(citizen))
    await app.commit()
    assert (await tried(app, counter, asked(Way.ACCOUNT, code=late))).outcome is Outcome.TOO_LATE
    assert (await tried(app, counter, asked(Way.ACCOUNT, code=newer))).outcome is Outcome.PROVED


async def test_a_lost_receipt_is_found_by_its_office_and_by_the_citizen(app, counter, police, ha, registry):
    """By day, way or reference; nobody's name in the list, nothing read of the registry, the search and the look recorded."""
    await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME))
    await tried(app, counter, replace(asked(Way.QR, text=ha.qr()), case_ref="H47.16-261122-7777"))
    today, citizen, own = SYSTEM_CLOCK.today(), await of_citizen(app, ha.key), access.choose_purpose("own_record")

    async def of_office(day: date = today, **more: str) -> list[str]:
        return [one.case_ref for one in await receipts_found.of_office(app, counter, day, **more) if one.person_key == ha.key]

    assert await of_office() == ["H47.16-261122-7777", "H47.16-261122-0001"]
    assert await of_office(way="lookup") == ["H47.16-261122-0001"] and await of_office(case_ref="-777") == ["H47.16-261122-7777"]
    assert await of_office(today - timedelta(days=1)) == [] and await of_office(today + timedelta(days=1), case_ref="122-0001") == ["H47.16-261122-0001"]
    stranger = next(one for one in await receipts_found.all_mine(app, citizen, own) if one.case_ref.endswith("7777"))
    kept, says = await receipts_found.mine(app, citizen, own, stranger.entry_id)
    assert kept == stranger and says["person"]["name"] == NAME
    with pytest.raises(NotFound):
        await receipts_found.mine(app, citizen, own, stranger.entry_id + 1)
    await app.commit()
    assert all(one.person_key != ha.key for one in await receipts_found.of_office(app, police, today)), "another office's"
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        searches = "SELECT count(*) FROM audit.pending WHERE note->>'verb' = 'receipts.find' AND actor_id = %s AND subject IS NULL"
        assert await (await admin.execute(searches, (counter.actor_id,))).fetchone() == (5,)
    with pytest.raises(psycopg.errors.DatabaseError, match="no right"):
        await receipts_found.of_office(app, replace(counter, actor_id=counter.actor_id + 1), today)
    await app.rollback()


async def signed_in(citizen: Actor) -> Any:
    from datetime import UTC, datetime

    from dancu.accounts.models import SignIn

    return SignIn(citizen.actor_id, citizen.session_id, "sid", 2, 2, ("pin", "sms", "mfa"), datetime.now(UTC), 1)


async def test_codes_are_not_guessed(app, counter):
    await app.execute("UPDATE kit.throttle SET tat = now()")
    await app.commit()
    for n in range(10):
        assert (await tried(app, counter, asked(Way.ACCOUNT, code=f"{n:08d}"))).outcome is Outcome.TOO_LATE
    with pytest.raises(Exceeded):
        await tried(app, counter, asked(Way.ACCOUNT, code="99999999"))
    await app.rollback()
    await app.execute("UPDATE kit.throttle SET tat = now()")
    await app.commit()


async def test_a_confirmation_proves_until_it_ends(app, counter, ha, office):
    citizen = await of_citizen(app, ha.key)
    own = access.choose_purpose("own_record")
    made = await confirmations.issue(
        app, citizen, own, ha.key, ConfirmationKind.RESIDENCE, Demanded("DEMO.TX.MC", "", "school"), channel="account"
    )
    await app.commit()
    for text in (made.statement, f"https://dancu.example/check#{made.statement}"):
        assert (await tried(app, counter, replace(asked(Way.CONFIRMATION, text=text), case_ref=text[:20]))).outcome is Outcome.PROVED
    head, body, mark = made.statement.split(".")
    forged = await tried(app, counter, asked(Way.CONFIRMATION, text=f"{head}.{body}.{mark[:-2]}{'AA' if mark[-2:] != 'AA' else 'BA'}"))
    assert (forged.outcome, forged.next_way) == (Outcome.FORGED, Way.LOOKUP)
    await office(population.move, ha.key, kind=ResidenceKind.PERMANENT, place=place(address="Số 9 Hùng Vương"), since=date(2026, 11, 20))
    await app.commit()
    assert (await tried(app, counter, asked(Way.CONFIRMATION, text=made.statement))).outcome is Outcome.CHANGED
    newer = await confirmations.issue(
        app, citizen, own, ha.key, ConfirmationKind.RESIDENCE, Demanded("", "Trường tiểu học", "school"), channel="account"
    )
    await confirmations.revoke(app, citizen, own, ha.key, newer.confirmation_id, "")
    await app.commit()
    assert (await tried(app, counter, asked(Way.CONFIRMATION, text=newer.statement))).outcome is Outcome.REVOKED
    past = await confirmations.issue(
        app, citizen, own, ha.key, ConfirmationKind.RESIDENCE, Demanded("DEMO.TX.MC", "", "school"), channel="account",
        clock=SetClock(made.issued_at - timedelta(days=400)),
    )  # fmt: skip
    await app.commit()
    assert (await tried(app, counter, asked(Way.CONFIRMATION, text=past.statement))).outcome is Outcome.EXPIRED


# What goes wrong --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "x", "049|rubbish|1", "https://example.org/", "|" * 300, "eyJhbGciOiJub25lIn0.e30."])
async def test_an_unreadable_text_leads_on_and_is_counted(app, counter, ha, text):
    for way in (Way.QR, Way.CHIP, Way.CONFIRMATION):
        result = await tried(app, counter, asked(way, text=text, chip=text))
        assert result.outcome is Outcome.UNREADABLE
        assert result.next_way is not None
        assert not result.filed


async def test_a_card_that_disagrees_is_filed_and_the_typed_goes_on(app, counter, ha, registry):
    result = await tried(app, counter, asked(Way.QR, text=ha.qr(name="Nguyễn Thị Lan Anh")))
    assert (result.outcome, result.next_way, result.filed) == (Outcome.DISAGREES, Way.CHIP, True)
    assert result.found.facts == {}  # nothing of the registry is shown for a card that names somebody else
    assert result.found.read["number"] == ha.number
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as worker:
        rows = await worker.execute("SELECT topic, person_key, payload FROM kit.outbox ORDER BY id DESC LIMIT 1")
        topic, key, payload = await rows.fetchone()
    assert (topic, key) == ("exchange.disagreement", ha.key)
    assert payload == {
        "group": "name", "field": "full_name", "reporter_org": counter.org_code, "source": "qr",
        "details": {"name.full_name": "no", "birth.birth_date": "yes", "birth.sex": "yes", "card.number": "same"}, "report": result.disagreement,
    }  # fmt: skip


async def test_a_slip_of_the_hand_is_neither_counted_nor_filed(app, counter, ha, registry):
    """What was typed is looked at once more before the police are asked; what a reader read is not typed."""
    before = await residence.way_figures(app, date(2026, 1, 1), counter.org_code)
    for way, more, outcome in (
        (Way.LOOKUP, {"number": ha.number, "birth": "12/4/1991"}, Outcome.DISAGREES),
        (Way.LOOKUP, {"number": "049190099999", "name": NAME}, Outcome.NOT_FOUND),
        (Way.NOTICE, {"number": ha.number, "name": NAME, "birth": "12/4/1991"}, Outcome.DISAGREES),
        (Way.CARD, printed(ha, issued_on="2/8/2024"), Outcome.REPLACED),
        (Way.ACCOUNT, {"code": "1234 5678"}, Outcome.TOO_LATE),
    ):
        result = await tried(app, counter, asked(way, **more), sure=False)
        assert (result.outcome, result.doubted, result.filed) == (outcome, True, False)
        assert result.next_way is not None
    assert await residence.way_figures(app, date(2026, 1, 1), counter.org_code) == before
    await app.commit()
    assert (await tried(app, counter, asked(Way.QR, text=ha.qr(name="Nguyễn Thị Lan Anh")), sure=False)).filed
    assert (await tried(app, counter, asked(Way.LOOKUP, number=ha.number, birth="12/4/1991"))).filed


async def test_a_card_of_before_and_one_that_ran_out(app, counter, office, ha):
    old = await tried(app, counter, asked(Way.QR, text=ha.qr(issued_on=date(2022, 5, 5))))
    assert (old.outcome, old.filed) == (Outcome.REPLACED, True)
    over = await holder(office, expires=date(2026, 1, 1))
    result = await tried(app, counter, asked(Way.CARD, **printed(over)))
    assert (result.outcome, result.filed, result.next_way) == (Outcome.EXPIRED, False, Way.NOTICE)


async def test_the_dead_the_unknown_and_those_without_account(app, counter, office, ha):
    assert (await tried(app, counter, asked(Way.LOOKUP, number="049190099999", name=NAME))).outcome is Outcome.NOT_FOUND
    assert (await tried(app, counter, asked(Way.ACCOUNT, number=ha.number))).outcome is Outcome.NO_ACCOUNT
    await office(population.die, ha.key, on=PartialDate(2026, 11, 1), place="")
    await app.commit()
    assert (await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME))).outcome is Outcome.DEAD


async def test_the_order_is_the_laws_and_never_offers_what_was_tried(app, counter, ha):
    way: Way | None = Way.LOOKUP
    seen: list[Way] = []
    while way is not None:
        seen.append(way)
        way = residence.next_way(way, seen)
    assert seen == [Way.LOOKUP, Way.ACCOUNT, Way.QR, Way.CHIP, Way.CARD, Way.NOTICE, Way.CONFIRMATION]


@pytest.mark.parametrize(
    "changed", [{"procedure": "x"}, {"case_ref": ""}, {"device": "x" * 41}, {"number": "12"}, {"number": ""}, {"name": ""}, {"birth": "ngày kia"}]
)
async def test_a_form_to_be_mended_is_no_attempt(app, counter, ha, changed):
    with pytest.raises(Invalid) as wrong:
        await tried(app, counter, replace(asked(Way.LOOKUP, number=ha.number, name=NAME), **changed))
    assert wrong.value.fields


async def test_a_form_sent_twice_at_once_is_one_receipt_and_counted_once(app, counter, ha, registry):
    what, org = asked(Way.LOOKUP, number=ha.number, name=NAME), "Trung tâm Phục vụ hành chính công"
    counted = "SELECT coalesce(sum(n), 0) FROM exchange.way_tally WHERE org_code = %s"
    async with (
        await psycopg.AsyncConnection.connect(registry.dsn("app")) as other, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        before = await (await admin.execute(counted, (counter.org_code,))).fetchone()
        first = await residence.prove(app, counter, what, org_name=org)
        again = await after_waiting(admin, app, other, residence.prove(other, counter, what, org_name=org))
        await other.commit()
        after = await (await admin.execute(counted, (counter.org_code,))).fetchone()
    assert again.verification == first.verification and after[0] - before[0] == 1
    more = await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME, birth="12/04/1990"))
    assert more.verification.verification_id != first.verification.verification_id, "more was held against the registry"


async def test_attempts_are_counted_per_office_device_and_way(app, counter, ha):
    before = {row[1:4]: row[4] for row in await residence.way_figures(app, date(2026, 1, 1), counter.org_code)}
    await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME))
    await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name="Ai Khác Hẳn"))
    after = {row[1:4]: row[4] for row in await residence.way_figures(app, date(2026, 1, 1), counter.org_code)}
    await app.commit()
    for outcome in ("proved", "disagrees"):
        key = ("Quầy 2", "lookup", outcome)
        assert after[key] - before.get(key, 0) == 1


async def test_who_may_not_prove_may_not(app, counter, ha, officers):
    stranger = replace(counter, session_id="00" * 32)
    with pytest.raises(NotAllowed):
        await tried(app, stranger, asked(Way.LOOKUP, number=ha.number, name=NAME))
    await app.rollback()
    result = await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME))
    with pytest.raises(Exception, match=r"residence\.verification"):  # another office does not read this office's file
        await residence.verification(app, officers["ward_police"], ha.key, result.verification.verification_id)
    await app.rollback()


async def test_nothing_kept_is_seen_without_a_look(app, counter, ha):
    await tried(app, counter, asked(Way.LOOKUP, number=ha.number, name=NAME))
    for table in ("verification", "confirmation", "paper_demand"):
        assert await (await app.execute(f"SELECT count(*) FROM exchange.{table}")).fetchone() == (0,)
    await app.rollback()
    assert statements.new_id() != statements.new_id()


async def test_a_receipts_proof_is_checked_without_us(app, counter, ha, registry, tmp_path):
    kept = (await tried(app, counter, asked(Way.LOOKUP, number=ha.number, birth="12/04/1990"))).verification
    opened, _ = await residence.verification(app, counter, ha.key, kept.verification_id)
    assert await residence.proof(app, opened, "") is None  # it waits
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
        signer = await audit.signer_of_log(conn, tmp_path / "keys", tmp_path / "checkpoints")
        while await audit.sequence_once(conn, signer):
            await conn.commit()
    await app.execute("SELECT 1")
    opened, _ = await residence.verification(app, counter, ha.key, kept.verification_id)
    proof = await residence.proof(app, opened, signer.verifier.vkey)
    _, values, _, _ = verify_proof.check(proof, signer.verifier.vkey)
    assert "subject" not in values and '"case_ref":"H47.16-261122-0001"' in values["content"].replace('": "', '":"')
    await app.rollback()
    assert await residence.proof(app, opened, signer.verifier.vkey) is None  # not without a look at the person


def test_a_counter_is_remembered_by_its_whole_name() -> None:
    kept = page.to_remember(Form.of(device="Quầy 2 ~ tầng trệt", procedure="school"))
    assert kept.isascii() and ";" not in kept and " " not in kept
    assert page.remembered(kept) == {"device": "Quầy 2 ~ tầng trệt", "procedure": "school"}
    assert page.remembered("") == page.remembered("%ff;x") == {"device": "", "procedure": ""}


def test_the_guide_names_every_way_kind_and_procedure() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text()
    told = {word for part in ("## Residence", "## Confirm") for word in re.findall(r"`([a-z_]+)`", guide.split(part)[1].split("\n## ")[0])}
    assert {*Way, *ConfirmationKind, *procedures.PROCEDURES} <= told
