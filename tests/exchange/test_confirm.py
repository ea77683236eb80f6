"""Confirmations: signed once, readable by anybody, refused when altered; PDF files whose signature others accept; reports that a
paper was demanded."""

from __future__ import annotations

import base64
import importlib.util
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.access import service as access
from dancu.exchange.models.confirmation import ConfirmationKind, ConfirmationState
from dancu.exchange.service import confirmations, paper_demands, pdf, statements
from dancu.exchange.service.confirmations import Demanded
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.files import package_dir
from tests.exchange.test_residence import (
    _ring,
    app,
    clerk,
    ha,
    of_citizen,
    office,
    officers,
    police,
    registry,
)
from tests.kit.races import after_waiting

__all__ = ["_ring", "app", "clerk", "ha", "office", "officers", "police", "registry"]
SCHOOL = Demanded("DEMO.TX.MC", "", "school")
_checker = importlib.util.spec_from_file_location("check_statement", package_dir() / "exchange" / "check_statement.py")
assert _checker is not None
assert _checker.loader is not None
checker = importlib.util.module_from_spec(_checker)
_checker.loader.exec_module(checker)


@pytest.fixture
async def made(app, ha) -> Any:
    citizen = await of_citizen(app, ha.key)
    one = await confirmations.issue(
        app, citizen, access.choose_purpose("own_record"), ha.key, ConfirmationKind.RESIDENCE, SCHOOL, channel="account"
    )
    await app.commit()
    return citizen, one


async def test_the_holder_and_anybody_read_the_same(app, made, registry):
    citizen, one = made
    (mine,) = await confirmations.of_person(app, citizen, access.choose_purpose("own_record"), citizen.actor_id)
    assert mine == one
    checked = await confirmations.check(app, SYSTEM, access.choose_purpose("identity_check"), one.statement)
    await app.commit()
    assert (checked.state, checked.claims["name"], checked.person_key) == (ConfirmationState.VALID, "Nguyễn Thị Thu Hà", citizen.actor_id)
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await (
            await admin.execute("SELECT note->>'verb' FROM audit.pending WHERE subject = %s ORDER BY entry_id DESC LIMIT 1", (citizen.actor_id,))
        ).fetchall()
        tally = await (await admin.execute("SELECT org_code, procedure, what FROM exchange.paper_tally")).fetchall()
    assert rows == [("confirmation.checked",)]
    assert ("DEMO.TX.MC", "school", "issued") in tally


async def test_the_program_without_us_agrees(made):
    _, one = made
    keys, now = statements.keys().jwks(), SYSTEM_CLOCK.now().timestamp()
    assert checker.check(keys, f"https://x/check#{one.statement}", now)[0] == "valid"
    assert checker.check(keys, one.statement, now + timedelta(days=400).total_seconds())[0] == "expired"
    assert checker.check({"keys": []}, one.statement, now)[0] == "forged"
    assert checker.check(keys, "x.y.z", now)[0] == "unreadable"


@settings(max_examples=120, deadline=None)
@given(at=st.integers(0, 10_000), letter=st.sampled_from("ABCabc019-_."))
def test_no_letter_of_a_statement_can_change(at: int, letter: str) -> None:
    text = _text()
    at %= len(text)
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text:
        return
    with pytest.raises((statements.Forged, statements.Unreadable)):
        statements.keys().verify(changed, statements.CONFIRMATION)
    assert checker.check(statements.keys().jwks(), changed, 0)[0] in ("forged", "unreadable")


_made: list[str] = []


def _text() -> str:
    if not _made:
        _made.append(statements.keys().sign(statements.CONFIRMATION, {"jti": "A" * 16, "name": "Trần Thị Hoà", "exp": 2_000_000_000}))
    return _made[0]


def test_brackets_without_end_are_no_statement() -> None:
    """A few kilobytes of "[" exhausted the reader: whoever pasted them at /check was answered 500."""
    text = f"{base64.urlsafe_b64encode(b'[' * 2000).decode().rstrip('=')}.e30.{'A' * 86}"
    with pytest.raises(statements.Unreadable):
        statements.keys().verify(text, statements.CONFIRMATION)
    assert checker.check(statements.keys().jwks(), text, 0)[0] == "unreadable"


def test_one_kind_is_not_taken_for_another(tmp_path: Path):
    text = statements.keys().sign(statements.VERIFICATION, {"jti": "x"})
    with pytest.raises(statements.Unreadable):
        statements.keys().verify(text, statements.CONFIRMATION)
    stranger = statements.StatementKeys(tmp_path / "other").sign(statements.CONFIRMATION, {"jti": "x"})
    with pytest.raises(statements.Forged):
        statements.keys().verify(stranger, statements.CONFIRMATION)


def test_statements_of_older_keys_are_read_for_years(tmp_path: Path):
    keys = statements.StatementKeys(tmp_path / "keys")
    old = keys.sign(statements.CONFIRMATION, {"jti": "x"})
    newer = keys.rotated()
    assert newer.verify(old, statements.CONFIRMATION) == {"jti": "x"}
    assert len(newer.jwks()["keys"]) == 2
    assert json.loads(json.dumps(newer.jwks()))["keys"][0].get("d") is None


async def test_signed_but_not_in_our_list(app, made):
    loose = statements.keys().sign(statements.CONFIRMATION, {"jti": "ZZZZZZZZZZZZZZZZ", "name": "Ai Đó"})
    checked = await confirmations.check(app, SYSTEM, access.choose_purpose("identity_check"), loose)
    assert checked.state is ConfirmationState.UNKNOWN


async def test_what_cannot_be_stated_is_not(app, made, ha, office):
    citizen, _ = made
    own = access.choose_purpose("own_record")
    with pytest.raises(Conflict) as nothing:
        await confirmations.issue(app, citizen, own, ha.key, ConfirmationKind.CIVIL_STATUS, SCHOOL, channel="account")
    assert nothing.value.code == "confirmation.no_marital"
    await app.rollback()
    for demanded in (Demanded("NOBODY", "", "school"), Demanded("", "ab", "school"), Demanded("DEMO.TX.MC", "", "nothing")):
        with pytest.raises(Invalid):
            await confirmations.issue(app, citizen, own, ha.key, ConfirmationKind.NUMBER, demanded, channel="account")
        await app.rollback()
    with pytest.raises(NotFound):
        await confirmations.one(app, citizen, own, ha.key, "0" * 16)


async def test_the_pdf_is_signed_and_others_accept_it(made):
    _, one = made
    file = await pdf.confirmation(one, "Trường Tiểu học Trần Quốc Toản", "https://dancu.example", of=1)
    assert file.startswith(b"%PDF-")
    import io

    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(file)).embedded_signatures
    published = list(load_certs_from_pemder_data(pdf.certificates().encode()))  # what /check/signer.pem gives; a reader trusts nothing else
    assert "PRIVATE" not in pdf.certificates()
    status = await async_validate_pdf_signature(signature, ValidationContext(trust_roots=published[-1:]))  # the root alone
    assert status.bottom_line
    changed = file.replace(b"/Title", b"/Titel", 1)
    (broken,) = PdfFileReader(io.BytesIO(changed)).embedded_signatures
    verdict = await async_validate_pdf_signature(broken, ValidationContext(trust_roots=[broken.signer_cert]))
    assert not verdict.bottom_line


async def test_a_paper_asked_for_twice_at_once_is_one(app, ha, registry):
    citizen, own = await of_citizen(app, ha.key), access.choose_purpose("own_record")

    async def asked(conn: Any, demanded: Demanded = SCHOOL, clock: Any = SYSTEM_CLOCK) -> str:
        return (await confirmations.issue(conn, citizen, own, ha.key, ConfirmationKind.NUMBER, demanded, channel="account", clock=clock)).confirmation_id

    first = await asked(app)
    async with (
        await psycopg.AsyncConnection.connect(registry.dsn("app")) as other, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        assert await after_waiting(admin, app, other, asked(other)) == first
    assert await asked(app, Demanded("", "Trường mầm non Hoa Sen", "school")) != first, "another office demanded it"

    class Later:
        def now(self) -> Any:
            return SYSTEM_CLOCK.now() + timedelta(minutes=11)

        def today(self) -> Any:
            return SYSTEM_CLOCK.today()

    assert await asked(app, clock=Later()) != first, "asked for anew"
    await app.rollback()


async def test_a_demanded_paper_is_news_for_the_office(app, made, registry):
    citizen, _ = made
    own = access.choose_purpose("own_record")
    told = {"org_code": "DEMO.TX.MC", "org_name": "", "procedure": "school", "paper": "household_book", "said": "Quầy 3 đòi sổ."}
    first = await paper_demands.report(app, citizen, own, **told)
    async with (
        await psycopg.AsyncConnection.connect(registry.dsn("app")) as other, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        assert await after_waiting(admin, app, other, paper_demands.report(other, citizen, own, **told)) == first, "a button pressed twice is one report"
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as worker:
        rows = await worker.execute("SELECT topic, person_key, payload FROM kit.outbox WHERE topic = 'paper.demanded' ORDER BY id DESC LIMIT 1")
        topic, key, payload = await rows.fetchone()
        assert (topic, key, payload["org_code"], payload["field"]) == ("paper.demanded", citizen.actor_id, "DEMO.TX.MC", "school")
        assert "Quầy" not in json.dumps(payload, ensure_ascii=False)
        assert await paper_demands.said(worker, key, payload["ref"].rpartition(":")[2]) == "Quầy 3 đòi sổ."
    for wrong in ({"org_code": "X", "org_name": ""}, {"org_code": "", "org_name": ""}, {"procedure": "x"}, {"paper": "x"}):
        with pytest.raises(Invalid):
            await paper_demands.report(app, citizen, own, **{
                "org_code": "DEMO.TX.MC", "org_name": "", "procedure": "school", "paper": "household_book", "said": "", **wrong,
            })  # fmt: skip
        await app.rollback()


async def test_one_tap_files_the_report_and_more_is_said_afterwards(app, made, registry):
    citizen, one = made
    own = access.choose_purpose("own_record")
    (visit,) = [visit for visit in await paper_demands.visits(app, citizen, own) if visit.procedure == one.procedure]
    assert (visit.org_code, visit.paper) == (one.demanded_org, "household_book") and visit.org_name.startswith("Trung tâm")
    demand = await paper_demands.tap(app, citizen, own, visit.ref)
    assert await paper_demands.tap(app, citizen, own, visit.ref) == demand, "a button pressed twice is one report"
    for ref in ("DEMO.CA.TX|passport", "", "x" * 120):
        with pytest.raises(NotFound):
            await paper_demands.tap(app, citizen, own, ref)
    school = await paper_demands.report(app, citizen, own, org_code="", org_name="Trường mầm non Hoa Sen", procedure="other", paper="household_book", said="")
    home = await paper_demands.tap(app, citizen, own, "|other")
    assert home != school and (await paper_demands.mine(app, citizen, own, home)).org_name.startswith("Nơi tiếp nhận"), "another office, also of no list"
    assert await paper_demands.tap(app, citizen, own, "|other") == home
    await app.commit()

    async def case_says(source: str = "") -> tuple[str, str]:
        from dancu.quality.models import CaseKind, Opening
        from dancu.quality.service.opening import open_for, told_more

        ref = f"exchange.paper_demand:{demand}"
        async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as worker:
            await open_for(worker, SYSTEM, citizen.actor_id, Opening(CaseKind.PAPER, "paper", one.procedure, one.demanded_org, source="household_book", ref=ref))
            await told_more(worker, citizen.actor_id, ref, source)
            rows = await worker.execute("SELECT statement, source FROM quality.case WHERE person_key = %s AND ref = %s", (citizen.actor_id, ref))
            return tuple(await rows.fetchone())

    words, source = await case_says()
    assert "vẫn bị yêu cầu nộp giấy tờ" in words and source == "household_book"
    with pytest.raises(NotFound):
        await paper_demands.add(app, citizen, own, demand + 1000, paper="temporary_book", said="x")
    await app.rollback()
    await paper_demands.add(app, citizen, own, demand, paper="temporary_book", said="Họ đòi cả sổ tạm trú.")
    await app.commit()
    assert await case_says("temporary_book") == ("Họ đòi cả sổ tạm trú.", "temporary_book")
    assert (await paper_demands.mine(app, citizen, own, demand)).paper == "temporary_book"
