"""Passcodes, authenticator app, passkeys, recovery codes: set up on the account page, used to sign in, taken away."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pyotp
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from dancu.accounts.models.sign_in import Way
from dancu.accounts.policy.assurance import HAD, KNOWN, acr_of, words
from dancu.accounts.service import authenticators, core, locks, recovery
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import VIETNAM
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.authn import passkey as passkeys
from dancu.kit.messages import sign
from tests.accounts.browsing import Browser, Citizen, application, browsing, citizen
from tests.accounts.soft_key import Maker, SoftKey
from tests.kit.races import after_waiting


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


async def proved(browser: Browser, who: Citizen) -> str:
    """Signed in with passcode and text message, at the page of authenticators."""
    await browser.sign_in(who, status=200, acr="2", next="/account/authenticators")
    await browser.post("/eid/sign-in/code", code=await browser.code(who.phone))
    return await browser.get(browser.url)


def options(page: str, kind: str) -> str:
    return html.unescape(re.search(rf'data-passkey="{kind}" data-options="([^"]*)"', page)[1])


@pytest.mark.parametrize(
    ("amr", "acr"),
    [
        ((), 0), (("pin",), 1), (("sms",), 1), (("otp",), 1), (("hwk", "user"), 1), (("sms", "otp"), 1), (("face",), 1),
        (("pin", "sms"), 2), (("pin", "otp"), 2), (("pin", "swk"), 2), (("hwk", "user", "mfa"), 2), (("swk", "user", "mfa"), 2),
        (("pin", "face"), 3), (("sms", "face"), 3), (("hwk", "mfa", "face"), 3), (("pin", "sms", "face"), 3),
        (("pin", "swk", "face"), 3), (("pin", "hwk", "face"), 4), (("pin", "hwk", "fpt"), 4),
    ],
)  # fmt: skip
def test_what_factors_are_worth(amr, acr):
    assert acr_of(amr) == acr
    assert acr_of(words(amr)) == acr


@given(st.sets(st.sampled_from([*KNOWN, *HAD, "face", "fpt", "user"])), st.sampled_from([*KNOWN, *HAD, "face"]))
def test_one_more_factor_never_lowers_the_level(amr, more):
    assert acr_of(words({*words(amr), more})) >= acr_of(words(amr))


@pytest.mark.parametrize(
    ("passcode", "code"),
    [
        ("12345", "passcode.digits"), ("1234567890123", "passcode.digits"), ("246810", "passcode.common"), ("654321", "passcode.common"),
        ("111111", "passcode.common"), ("121212", "passcode.common"), ("123123", "passcode.common"), ("abc12", "passcode.short"),
        ("password1", "passcode.common"), ("iloveyou1", "passcode.common"), ("x" * 65, "passcode.long"), ("900123", "passcode.own"),
        ("15091990", "passcode.own"), ("0905123456", "passcode.own"), ("123456789", "passcode.common"), ("Nguyen-9x!k", "passcode.own"),
    ],
)  # fmt: skip
async def test_weak_passcodes_are_refused_with_a_sentence(passcode, code):
    unlike = ["049190012345", "+84905123456", "1990", "15091990", "150990", "Nguyen"]
    with pytest.raises(Invalid) as refused:
        await authenticators.check_passcode(passcode, unlike=[*unlike, "900123"])
    assert (refused.value.code, refused.value.fields[0].field) == (code, "passcode")


@pytest.mark.parametrize("passcode", ["748205", "93017462", "mèo-trèo-cây-cau", "k7Tm9qwx2B"])
async def test_others_are_taken(passcode):
    await authenticators.check_passcode(passcode, unlike=["049190012345"])


async def test_two_passcodes_set_at_once_are_one_after_the_other(app, sau, registry, admin):
    """A button pressed twice: the later one counts, and neither fails."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other_window:
        await authenticators.set_passcode(app, SYSTEM, locks.eid_purpose(), sau.key, "582914")
        await after_waiting(admin, app, other_window, authenticators.set_passcode(other_window, SYSTEM, locks.eid_purpose(), sau.key, "739164"))
        assert await authenticators.verify_passcode(other_window, sau.key, "739164")


async def test_what_stands_on_the_card_is_no_passcode_for_whoever_chooses_it(app, sau):
    for own in (sau.number, "12041990", "120490", "900412", "Sáu-1990-mèo"):
        with pytest.raises(Invalid) as refused:
            await authenticators.set_passcode(app, SYSTEM, locks.eid_purpose(), sau.key, own)
        assert refused.value.code == "passcode.own", own


def test_which_models_of_passkeys_are_taken(tmp_path):
    model, other = UUID("2fc0579f-8113-47ea-b116-bb5a8db9202a"), UUID("01020304-0506-0708-0102-030405060708")
    maker, forger = Maker(), Maker()
    (tmp_path / "roots.pem").write_bytes(b"Two makers\n" + Maker("Other").pem + maker.pem)
    listed = passkeys.Attestation.read(f" {str(model).upper()} , {UUID(int=9)}")
    rooted = passkeys.Attestation.read(str(model), tmp_path / "roots.pem")
    site = passkeys.Site("localhost", "http://localhost")

    def outcome(key: SoftKey, attestation: passkeys.Attestation) -> str:
        challenge = passkeys.new_challenge()
        asked = passkeys.creation_options(site, challenge, user_id=b"x", name="x", attestation=attestation, known=())
        assert ('"attestation": "direct"' in asked) == bool(attestation.models)
        try:
            return passkeys.registered(site, challenge, key.create(asked), attestation=attestation).model
        except Invalid as refused:
            return refused.code

    genuine, forged, alone = SoftKey(model=model, maker=maker), SoftKey(model=model, maker=forger), SoftKey(model=model)
    assert outcome(SoftKey(), passkeys.ANY) == str(UUID(int=0))
    assert [outcome(key, listed) for key in (genuine, forged)] == [str(model)] * 2
    assert [outcome(key, listed) for key in (SoftKey(), alone)] == ["passkey.unproved"] * 2, "a model merely stated proves nothing"
    assert outcome(SoftKey(model=other, maker=maker), listed) == "passkey.model"
    assert (outcome(genuine, rooted), outcome(forged, rooted)) == (str(model), "passkey.unproved")
    assert passkeys.Attestation.read("none") == passkeys.ANY
    (tmp_path / "none.pem").write_bytes(b"no certificate")
    for said, file, code in ((str(model), "none.pem", "passkey.roots"), ("none", "roots.pem", "passkey.roots_alone"), ("2fc0579f", "roots.pem", "passkey.models")):
        with pytest.raises(Invalid) as wrong:
            passkeys.Attestation.read(said, tmp_path / file)
        assert wrong.value.code == code, "what nobody would notice before it is needed stops the start"


@pytest.mark.parametrize("synced", [False, True])
async def test_a_passkey_is_added_and_signs_in_alone_at_level_two(site, app, sau, synced):
    key = SoftKey(synced=synced)
    async with browsing(site) as b, browsing(site, address="10.3.3.3") as other:
        page = await proved(b, sau)
        await b.post("/account/authenticators/passkey", answer=key.create(options(page, "create")), label="điện thoại")
        assert "điện thoại" in await b.get("/account/authenticators")
        page = await other.get("/eid/sign-in?acr=2&next=/account")
        answer = key.get(options(page, "get"))
        await other.post("/eid/sign-in/passkey", answer=answer)
        assert other.url == "/account"
        amr = (await (await app.execute("SELECT accounts.open(%s)", ([sau.key],))).fetchone()) and (
            await (await app.execute("SELECT amr FROM accounts.sign_in WHERE person_key = %s ORDER BY at DESC LIMIT 1", (sau.key,))).fetchone()
        )[0]
        assert amr == ["swk" if synced else "hwk", "user", "mfa"]


async def test_a_passkey_answer_counts_once_and_only_here(site, app, sau):
    key = SoftKey()
    async with browsing(site) as b, browsing(site) as other:
        page = await proved(b, sau)
        await b.post("/account/authenticators/passkey", answer=key.create(options(page, "create")))
        page = await other.get("/eid/sign-in")
        answer = key.get(options(page, "get"))
        for wrong in (
            SoftKey().get(options(page, "get")),
            "{}",
            "[]",
            "null",
            "x" * 20_000,
            answer.replace("webauthn", "x"),
        ):
            await other.get("/eid/sign-in")
            assert "passkey." in await other.post("/eid/sign-in/passkey", 422, answer=wrong)
        for bad in (SoftKey(origin="https://evil.example"), SoftKey(host="evil.example"), SoftKey(verifies=False)):
            bad.key, bad.id, bad.handle = key.key, key.id, key.handle
            page = await other.get("/eid/sign-in")
            assert "passkey.refused" in await other.post("/eid/sign-in/passkey", 422, answer=bad.get(options(page, "get")))
        page = await other.get("/eid/sign-in")
        answer = key.get(options(page, "get"))
        await other.post("/eid/sign-in/passkey", answer=answer)
        for name in [one for one in other.client.cookies if one.startswith("dancu_session")]:
            other.client.cookies.delete(name)
        other.page = page
        assert "passkey.old" in await other.post("/eid/sign-in/passkey", 422, answer=answer)
        for handle in ("", "AAAA", "é", None):
            wrong = SoftKey()
            wrong.key, wrong.id, wrong.handle = key.key, key.id, handle
            page = await other.get("/eid/sign-in")
            assert "passkey.refused" in await other.post("/eid/sign-in/passkey", 422, answer=wrong.get(options(page, "get"))), "whose it is"
        copied = SoftKey()
        copied.key, copied.id, copied.count, copied.handle = key.key, key.id, 0, key.handle
        page = await other.get("/eid/sign-in")
        assert "passkey.refused" in await other.post("/eid/sign-in/passkey", 422, answer=copied.get(options(page, "get"))), "a counter that stands still"


async def test_a_removed_passkey_opens_nothing(site, sau):
    key = SoftKey()
    async with browsing(site) as b, browsing(site) as other:
        page = await proved(b, sau)
        await b.post("/account/authenticators/passkey", answer=key.create(options(page, "create")))
        page = await b.get("/account/authenticators")
        action = re.search(r'action="(/account/authenticators/\d+/remove)"', page)[1]
        await b.post(action)
        assert "bỏ một cách đăng nhập" in (await b.texts(sau.phone))[0], "a thief would take the holder's key away"
        page = await other.get("/eid/sign-in")
        assert "passkey.refused" in await other.post("/eid/sign-in/passkey", 422, answer=key.get(options(page, "get")))


async def test_an_authenticator_app_serves_as_second_factor_once_per_code(site, sau):
    async with browsing(site) as b, browsing(site) as other:
        await proved(b, sau)
        page = await b.get("/account/authenticators/totp")
        secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)[1].replace(" ", "")
        await b.post("/account/authenticators/totp", 422, code="000000")
        now = pyotp.TOTP(secret)
        await b.post("/account/authenticators/totp", code=now.at(datetime.now(UTC), counter_offset=-1))
        assert "thêm một cách đăng nhập" in (await b.texts(sau.phone))[0]
        page = await other.sign_in(sau, status=200, acr="2")
        assert "ứng dụng xác thực" in page
        code = now.at(datetime.now(UTC))
        await other.post("/eid/sign-in/code", code=code)
        async with browsing(site) as again:
            await again.sign_in(sau, status=200, acr="2")
            assert "sign_in.code_refused" in await again.post("/eid/sign-in/code", 422, code=code)


async def test_recovery_codes_work_once_each(site, sau):
    async with browsing(site) as b:
        await proved(b, sau)
        page = await b.post("/account/authenticators/recovery-codes", 200)
        codes = re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", page)
        assert len(set(codes)) == 10
        assert codes[0] not in await b.get("/account/authenticators"), "shown once"
        assert "thêm một cách đăng nhập" in (await b.texts(sau.phone))[0], "a thief would write codes down"
    for expected in (303, 422):
        async with browsing(site) as other:
            await other.sign_in(sau, status=200, acr="2")
            await other.post("/eid/sign-in/way", 200, way="recovery")
            await other.post("/eid/sign-in/code", expected, code=codes[0].lower(), way="recovery")


async def test_changing_the_passcode_ends_other_sessions_and_refuses_ones_own_numbers(site, sau):
    async with browsing(site) as b, browsing(site) as other:
        await other.sign_in(sau)
        await proved(b, sau)
        await b.get("/account/authenticators/passcode")
        own = sau.number[3:9]
        assert "passcode.own" in await b.post("/account/authenticators/passcode", 422, passcode=own, again=own)
        await b.post("/account/authenticators/passcode", 422, passcode="kx82vq-ow", again="kx82vq-oww")
        await b.post("/account/authenticators/passcode", passcode="kx82vq-ow", again="kx82vq-ow")
        assert "Mật mã tài khoản định danh vừa được đổi" in (await b.texts(sau.phone))[0]
        await b.get("/account/authenticators")
        await other.get("/account/history", 303)
        await other.get("/eid/sign-in")
    async with browsing(site) as again:
        await again.sign_in(sau, status=422)
        await again.sign_in(sau, "kx82vq-ow")


@pytest.mark.parametrize("path", ["", "/totp", "/passcode"])
async def test_ways_are_changed_only_after_two_factors_of_late(site, sau, path):
    async with browsing(site) as b:
        await b.sign_in(sau)
        await b.get(f"/account/authenticators{path}", 303)
        assert b.url.startswith("/eid/sign-in?next=%2Faccount%2Fauthenticators")
        for action in ("passkey", "totp", "recovery-codes", "passcode", "1/remove"):
            await b.get("/account")
            token = re.search(r'name="csrf_token" value="([^"]+)"', b.page)[1]
            answer = await b.client.post(f"/account/authenticators/{action}", data={"csrf_token": token, "passcode": "kx82vq-ow"})
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/eid/sign-in"), action


async def test_a_new_phone_proves_nothing_for_a_day(site, app, sau):
    await core.set_contact(app, SYSTEM, locks.eid_purpose(), sau.key, phone="0912000777", verified=True)
    found = await authenticators.ways(app, sau.key)
    until = found.sms_from
    assert found.ways == ()
    assert until is not None
    found = await authenticators.ways(app, sau.key, now=datetime.now(UTC) + timedelta(hours=25))
    assert found.ways == (Way.SMS,)
    await app.commit()
    async with browsing(site) as b:
        page = await b.sign_in(sau, status=200, acr="2")
        said = f"dùng được từ {until.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
        assert said in page, "and not: in some hours"
        assert "chưa có cách xác nhận" not in page
        await authenticators.new_recovery_codes(app, SYSTEM, locks.eid_purpose(), sau.key)
        await app.commit()
        page = await b.sign_in(sau, status=200, acr="2")
        assert said in page and "Mã dự phòng" in page, "also beside another way"
        assert not any("mã đăng nhập" in text for text in await b.texts("0912000777"))


async def test_a_sim_changed_at_the_operator_proves_nothing_for_a_day(site, app, sau, monkeypatch):
    def news(event: str = "sim_changed", phone: object = sau.phone) -> bytes:
        return json.dumps({"event": event, "phone": phone}).encode()

    async with browsing(site) as b:
        async def says(body: bytes, secret: str = "operator") -> tuple[int, object]:
            answer = await b.client.post("/hooks/subscriber", content=body, headers=sign(secret, body))
            return answer.status_code, answer.json().get("taken")

        assert await says(news(), "") == (403, None), "no operator is connected"
        monkeypatch.setenv("DANCU_SUBSCRIBER_SECRET", "operator")
        assert await says(news(), "other") == (403, None)
        assert [(await says(bad))[0] for bad in (b"[]", b"x", news("sold"), news(phone=7), news(phone="x"))] == [422] * 5
        assert (await authenticators.ways(app, sau.key)).ways == (Way.SMS,)
        await app.commit()
        started = await recovery.begin(app, SYSTEM, locks.eid_purpose(), sau.key, way="hotline", identity=["answers"])
        await app.commit()
        assert await says(news(phone="0905 123 999")) == await says(news()) == (200, True), "nobody learns whether a number has an account"
        found = await authenticators.ways(app, sau.key)
        assert (found.ways, found.sms_from is not None) == ((), True)
        with pytest.raises(NotFound, match=r"recovery\.link"):
            await recovery.by_link(app, started.link.rpartition("/")[2])
        await app.commit()
        assert "chuyển sang SIM khác" in (await b.texts(sau.phone))[0]
        assert "SIM của tài khoản vừa đổi" in await b.sign_in(sau, status=200, acr="2")
        await b.get("/eid/sign-in?next=/account/history")
        await b.sign_in(sau)
        assert "Nhà mạng báo số điện thoại của bạn đổi SIM" in await b.get("/account/history")


async def test_the_secrets_are_not_readable_and_not_plain(app, admin, sau):
    import psycopg

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute("SELECT * FROM accounts.secret")
    rows = await (await admin.execute("SELECT secret FROM accounts.secret WHERE person_key = %s", (sau.key,))).fetchall()
    assert [bytes(row[0]).startswith(b"$argon2id$v=19$m=19456,t=2,p=1$") for row in rows] == [True]
    assert await (await app.execute("SELECT count(*) FROM accounts.authenticator")).fetchone() == (0,), "unopened"
