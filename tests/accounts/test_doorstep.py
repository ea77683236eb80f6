"""What a kit brings home: whatever the order, however often the line drops, the same comes of it."""

from __future__ import annotations

import base64
import itertools
import json
import random
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dancu.access import service as access
from dancu.accounts.models.level2 import Stated, VisitState
from dancu.accounts.service import at_the_door, core, doorstep, offices, visit, visit_decision
from dancu.accounts.service.kit import Kit, SealedRecord, record_message, seal, signed_by, trip_message, unseal
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed
from dancu.kit.db import data_dir
from dancu.kit.keys import secret
from dancu.kit.web.session import COOKIE
from dancu.kit.web.text import group_number
from tests.accounts import enrolment
from tests.accounts.browsing import application, browsing
from tests.accounts.registration import told
from tests.kit.html import form_values

_numbers = itertools.count()


def number() -> str:
    return f"0491905{next(_numbers):05d}"


@pytest.fixture
def samples(monkeypatch):
    return enrolment.stand_in(monkeypatch)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def colleague(registry):
    return await enrolment.colleague(registry.dsn("admin"), registry.dsn("app"))


@pytest.fixture
def kit(tmp_path, _ring) -> Kit:
    made = Kit(tmp_path / "kit")
    made.init(doorstep.centre_key())
    return made


@pytest_asyncio.fixture
async def post(app, police, kit):
    made = await enrolment.post(app, police, kind="home_visit")
    await offices.add_device(app, police, made, kind="kit", model="Kit A", public_key=kit.public_key)
    return made


def content(n: str, *, face: bytes = b"hoa", phone: str = "0905000111", **more: Any) -> dict[str, Any]:
    return {
        "text": enrolment.qr(n), "phone": phone, "confirmed": "screen", "portrait": base64.b64encode(face).decode(), "documents": [], **more,
    }  # fmt: skip


async def bring(app, police, kit: Kit, order: list[SealedRecord] | None = None) -> doorstep.TripState:
    ids, signature = kit.manifest()
    trip = kit.trip()
    assert trip
    state = await doorstep.begin(app, police, trip, kit.public_key, ids, signature)
    for record in order if order is not None else kit.records():
        state = await doorstep.receive(app, police, trip, record)
    return state


def outcome(state: doorstep.TripState) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {record.record_id: (record.state, record.reasons) for record in state.records}


async def test_home_and_a_second_officer(app, police, colleague, office, post, kit, samples):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"] = b"hoa"
    kit.enrol(content(n))
    state = await bring(app, police, kit)
    (record,) = state.records
    assert state.settled and record.state == "second" and record.visit_id
    assert await visit_decision.second(app, colleague, record.visit_id, approve=True) is VisitState.APPROVED
    account = await core.account(app, key)
    assert account and (account.level, account.channel, account.assisted) == (2, "doorstep", True), "at the door somebody guides"


async def test_the_same_checks_as_at_the_counter(app, police, office, post, kit, samples):
    here, dark, other, twice, held, old = number(), number(), number(), number(), number(), number()
    keys = {n: await enrolment.with_card(office, n) for n in (here, dark, other, twice, held, old)}
    await core.create(app, police, visit.purpose(), keys[held], level=2, phone="0905000333")
    said = {
        kit.enrol(content(here)): ("second", ()),
        kit.enrol(content(old, text=enrolment.qr(old).replace("02082025", "03072021"))): ("refused", ("visit.card_replaced",)),
        kit.enrol(content(dark, face=b"dark")): ("refused", ("portrait.dark",)),
        kit.enrol(content(other, text=enrolment.qr(other, name="Lê Quốc Dũng", birth="01021960"))): ("refused", ("visit.somebody_else",)),
        kit.enrol(content(twice)): ("second", ()),
        kit.enrol(content(twice, phone="0905000222")): ("conflict", ("doorstep.same_person",)),
        kit.enrol(content(held)): ("conflict", ("account.level_held",)),
        kit.enrol(content("049190999999", phone="0905000444")): ("refused", ("person.not_found",)),
        kit.enrol(content(number(), text="rubbish")): ("refused", ("card.text.unknown",)),
        kit.enrol({"text": 7, "portrait": 3, "documents": 9}): ("refused", ("doorstep.content",)),
    }
    state = await bring(app, police, kit)
    assert outcome(state) == said
    shown = {said[record_id][1][0]: one.number for record_id, one in (await doorstep.concerned(app, police, state)).items()}
    assert shown == {"portrait.dark": dark, "visit.card_replaced": old, "doorstep.same_person": twice, "account.level_held": held}, "nobody by somebody else's card"
    assert "đang có hồ sơ khác" in (await told(app, "0905000333"))[0]
    assert [text.partition("ngày")[0] for text in await told(app, "0905000444")] == ["Hồ sơ định danh làm tại nhà "]
    assert await told(app, "0905000222") == [], "the other record of the trip is answered"


@settings(max_examples=12, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), copies=st.lists(st.integers(0, 5), max_size=6), announce=st.lists(st.integers(0, 11), max_size=3))
async def test_any_order_and_any_repetition_gives_the_same(app, police, office, kit, samples, tmp_path, seed, copies, announce):
    """Records of four persons, one of them twice, one with a dark picture: the canonical order settles it."""
    async with app.transaction(force_rollback=True):
        if kit.trip() is None:
            numbers.clear()
            numbers.extend(number() for _ in range(5))
            for index in (0, 1, 2, 3, 1):
                kit.enrol(content(numbers[index], phone=f"09050003{index}{len(list(kit.records())) if kit.trip() else 0}"))
            kit.enrol(content(numbers[4], face=b"dark"))
        for n in numbers:
            await enrolment.with_card(office, n)
        made = await enrolment.post(app, police, kind="home_visit")
        await offices.add_device(app, police, made, kind="kit", model="Kit A", public_key=kit.public_key)
        records = list(kit.records())
        order = [*records, *(records[index] for index in copies)]
        random.Random(seed).shuffle(order)
        ids, signature = kit.manifest()
        for at, record in enumerate(order):
            if at in announce or at == 0:
                random.Random(seed + at).shuffle(ids)
                await doorstep.begin(app, police, kit.trip() or "", kit.public_key, ids, signature)
            state = await doorstep.receive(app, police, kit.trip() or "", record)
        expected = [("second", ()), ("second", ()), ("second", ()), ("second", ()), ("conflict", ("doorstep.same_person",)), ("refused", ("portrait.dark",))]
        assert state.settled and outcome(state) == {r.record_id: one for r, one in zip(records, expected, strict=True)}
        made_of = await app.execute("SELECT count(*) FROM accounts.visit WHERE record_id = ANY (%s::uuid[])", (ids,))
        assert await made_of.fetchone() == (4,)


numbers: list[str] = []


async def test_nothing_is_decided_before_everything_is_here(app, police, office, post, kit, samples):
    one, two = number(), number()
    key = await enrolment.with_card(office, one)
    await enrolment.with_card(office, two)
    kit.enrol(content(one))
    kit.enrol(content(two))
    first, second = kit.records()
    state = await bring(app, police, kit, [first])
    assert not state.settled and state.missing == (second.record_id,) and state.records[0].state == "received"
    await core.open(app, [key])
    assert await (await app.execute("SELECT count(*) FROM accounts.visit")).fetchone() == (0,)
    assert (await bring(app, police, kit, [second])).settled


async def test_who_did_not_sign_brings_nothing(app, police, office, post, kit, samples, tmp_path):
    n = number()
    await enrolment.with_card(office, n)
    kit.enrol(content(n))
    ids, signature = kit.manifest()
    trip = kit.trip()
    assert trip
    stranger = Kit(tmp_path / "stranger")
    stranger.init(doorstep.centre_key())
    with pytest.raises(NotAllowed, match=r"doorstep.kit_unknown"):
        await doorstep.begin(app, police, trip, stranger.public_key, ids, signature)
    with pytest.raises(Invalid, match=r"doorstep.signature"):
        await doorstep.begin(app, police, trip, kit.public_key, ids, stranger.signing.sign(trip_message(trip, ids)))
    await doorstep.begin(app, police, trip, kit.public_key, ids, signature)
    (record,) = kit.records()
    forged = seal(doorstep.centre_key(), trip, record.record_id, content(n, face=b"other"))
    with pytest.raises(Invalid, match=r"doorstep.signature"):
        await doorstep.receive(app, police, trip, SealedRecord(record.record_id, forged, record.signature))
    await doorstep.receive(app, police, trip, record)
    again = SealedRecord(record.record_id, forged, kit.signing.sign(record_message(trip, record.record_id, forged)))
    with pytest.raises(Conflict, match=r"doorstep.record_differs"):
        await doorstep.receive(app, police, trip, again)


async def test_a_record_sealed_to_another_key_is_listed(app, police, office, post, kit, samples):
    kit.enrol(content(number()))
    trip = kit.trip() or ""
    record = next(iter(kit.records()))
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    other = X25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    sealed = seal(other, trip, record.record_id, {})
    state = await bring(app, police, kit, [SealedRecord(record.record_id, sealed, kit.signing.sign(record_message(trip, record.record_id, sealed)))])
    assert outcome(state) == {record.record_id: ("unreadable", ("doorstep.unreadable",))}


async def test_an_old_record_is_not_taken(app, police, office, post, kit, samples, monkeypatch):
    n = number()
    await enrolment.with_card(office, n)
    from dancu.accounts.service import kit as kit_module
    from dancu.kernel.clock import SetClock

    with monkeypatch.context() as patch:
        patch.setattr(kit_module, "SYSTEM_CLOCK", SetClock(SYSTEM_CLOCK.now() - timedelta(days=31)))
        record = kit.enrol(content(n))
    assert outcome(await bring(app, police, kit)) == {record: ("refused", ("doorstep.clock",))}


def test_the_kit_cannot_open_what_it_took(kit):
    record = kit.enrol(content("049190000001"))
    text = kit.queue.read_text()
    assert "Trần" not in text and "049190000001" not in text and kit.queue.stat().st_mode & 0o077 == 0
    (sealed,) = kit.records()
    assert sealed.record_id == record
    with pytest.raises(Invalid, match=r"doorstep.unreadable"):
        unseal(bytes(range(32)), kit.trip() or "", record, sealed.sealed)
    private = secret(data_dir() / "keys", "doorstep.key")
    with pytest.raises(Invalid, match=r"doorstep.unreadable"):  # nor moved to another record
        unseal(private, kit.trip() or "", kit.trip() or "", sealed.sealed)


def test_a_battery_that_died_while_writing(kit):
    first = kit.enrol(content("049190000001"))
    with kit.queue.open("ab") as file:
        file.write(b'{"id": "half')
    second = kit.enrol(content("049190000002"))
    ids, signature = kit.manifest()
    assert ids == [first, second] and signed_by(kit.public_key, signature, trip_message(kit.trip() or "", ids))


def test_a_damaged_line_loses_that_record_alone_and_is_told(kit):
    first, second, third = (kit.enrol(content(f"04919000000{n}")) for n in (1, 2, 3))
    trip = kit.trip()
    lines = kit.queue.read_bytes().splitlines(keepends=True)
    kit.queue.write_bytes(b"\x00\xff damaged head\n" + lines[1] + lines[2].replace(b'"sealed": "', b'"sealed": "*', 1) + lines[3])
    assert (kit.trip(), [record.record_id for record in kit.records()]) == (trip, [first, third])
    assert kit.damaged() == 2
    ids, signature = kit.manifest()
    assert signed_by(kit.public_key, signature, trip_message(trip, ids))
    assert kit.enrol(content("049190000004")) in kit.manifest()[0]
    assert second not in kit.manifest()[0]


def test_a_queue_with_nothing_in_it_starts_anew(kit):
    kit.queue.write_bytes(b"")
    assert (kit.trip(), kit.damaged()) == (None, 0)
    assert kit.enrol(content("049190000001")) in kit.manifest()[0]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": ""}, "doorstep.name_and_birth"), ({"birth": ""}, "doorstep.name_and_birth"), ({"said": Stated("123")}, "phone"),
        ({"said": Stated("0905000111", "nobody")}, "person.email.format"), ({"documents": ["passport of Mars"]}, "field.choice"),
        ({"confirmed": "nodded"}, "visit.how"), ({"confirmed": ""}, "visit.how"), ({"guardian": "xx"}, "card.text.unknown"), ({"portrait": b"hello"}, "image."),
        ({"text": "xx"}, "card.text.unknown"),
    ],
)  # fmt: skip
async def test_what_would_be_refused_at_home_is_said_at_the_door(wrong, code):
    right = {
        "text": "049190000001", "name": "Võ Kim Xuân", "birth": "1960-12-18", "said": Stated("0905000111"), "documents": [],
        "confirmed": "aloud", "guardian": "", "portrait": b"",
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await at_the_door.check(**{**right, **wrong})
    assert code in refused.value.code


@pytest_asyncio.fixture
async def site(registry, _ring):
    async with application(registry, _ring) as made:
        yield made


async def test_the_file_handed_in_at_the_desk(app, registry, police, office, post, kit, samples, site, tmp_path):
    n = number()
    key = await enrolment.with_card(office, n)
    samples.of[key, "face"] = b"hoa"
    await app.commit()
    kit.enrol(content(n))
    kit.enrol(content(n))
    ids, signature = kit.manifest()
    head = {"trip": kit.trip(), "kit": kit.public_key.hex(), "manifest": ids, "signature": signature.hex()}
    lines = [json.dumps(head), *kit.queue.read_text().splitlines()[1:]]
    async with browsing(site) as browser:
        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            token, _ = await access.enter_as(conn, "ward_police", demo=True)
        browser.client.cookies.set(COOKIE, token)
        await browser.get("/desk/eid/doorstep")
        for content_of, status in ((b"rubbish", 422), ("\n".join(lines).encode(), 303), ("\n".join(lines).encode(), 303)):
            data = form_values(browser.page, "/desk/eid/doorstep")
            answer = await browser.client.post("/desk/eid/doorstep", data=data, files={"file": ("trip", content_of)})
            assert answer.status_code == status, answer.text[:1500]
        page = await browser.get(answer.headers["location"])
        assert "Chờ cán bộ thứ hai" in page and "Trùng với hồ sơ khác" in page and group_number(n) in page
        await browser.get("/desk/eid/doorstep")
