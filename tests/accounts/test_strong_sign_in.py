"""Levels 3 and 4 in the browser (a face after two other factors, a key that cannot be copied), and the key of a device."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from dancu.accounts.policy.assurance import ORDER, Next, acr_of, enough, next_proof, words
from dancu.accounts.service import approvals
from dancu.accounts.service.authenticators.device import CONTEXT, device_challenge, thumbprint
from dancu.accounts.service.sign_in import sealing
from dancu.kit import messages
from tests.accounts import enrolment
from tests.accounts.browsing import Browser, Citizen, application, browsing, citizen
from tests.accounts.soft_key import SoftKey
from tests.accounts.test_authenticators import options, proved
from tests.accounts.test_sign_in import signed
from tests.kit.html import form_values


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


@pytest.fixture
def samples(monkeypatch, sau):
    made = enrolment.stand_in(monkeypatch)
    made.of[sau.key, "face"] = b"sau"
    return made


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Device:
    """A browser's key, as the page's script makes it."""

    def __init__(self, origin: str = "http://localhost") -> None:
        self.key, self.origin = ec.generate_private_key(ec.SECP256R1()), origin
        numbers = self.key.public_key().public_numbers()
        self.x, self.y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")

    def signature(self, challenge: str) -> str:
        made = self.key.sign("\n".join((CONTEXT, self.origin, challenge)).encode(), ec.ECDSA(hashes.SHA256()))
        return b64(b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(made)))

    def create(self, challenge: str) -> str:
        jwk = {"kty": "EC", "crv": "P-256", "x": b64(self.x), "y": b64(self.y)}
        return json.dumps({"jwk": jwk, "signature": self.signature(challenge)})

    def sign(self, challenge: str) -> str:
        return json.dumps({"thumbprint": thumbprint(self.x + self.y), "signature": self.signature(challenge)})


def challenge(page: str) -> str:
    found = re.search(r'data-device="\w+" data-challenge="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


async def send(b: Browser, image: bytes, status: int = 303) -> str:
    """The portrait, as the page's form does."""
    fields = form_values(b.page, "/eid/sign-in/face")
    answer = await b.client.post("/eid/sign-in/face", data=fields, files={"image": ("face.jpg", image, "image/jpeg")})
    return b._seen(answer, status)


async def passcode_and_message(b: Browser, who: Citizen, acr: str) -> str:
    await b.sign_in(who, status=200, acr=acr)
    return await b.post("/eid/sign-in/code", 200, code=await b.code(who.phone))


async def with_device(b: Browser, who: Citizen) -> Device:
    page, made = await proved(b, who), Device()
    await b.post("/account/authenticators/device", answer=made.create(challenge(page)), device_label="máy ở nhà")
    return made


# -- the face ----------------------------------------------------------------------------------------------------------


async def test_a_face_after_two_factors_is_level_three(site, app, sau, samples):
    async with browsing(site) as b:
        page = await passcode_and_message(b, sau, "3")
        assert "/eid/sign-in/face" in page
        await send(b, b"sau")
        found, _ = await signed(app, b, sau)
    assert (found.acr, found.amr) == (3, ("pin", "sms", "face", "mfa"))


async def test_another_face_is_refused_and_a_day_has_few_tries(site, app, sau, samples):
    async with browsing(site) as b:
        await passcode_and_message(b, sau, "3")
        for _ in range(6):
            assert "portrait.dark" in await send(b, b"dark", 422), "no face was compared: not one of the tries"
        for _ in range(5):
            assert "sign_in.face_differs" in await send(b, b"somebody else", 422)
        page = await send(b, b"sau", 422)
        assert "sign_in.wait" in page and "5 giờ" in page
        await app.execute("UPDATE kit.throttle SET tat = now() - interval '1 hour'")
        await app.commit()
        for _ in range(20):
            await send(b, b"dark", 422)
        assert "sign_in.wait" in await send(b, b"dark", 422), "pictures have an end too"
    rows = await (await app.execute("SELECT accounts.open(%s), 1", ([sau.key],))).fetchall()
    assert rows
    seen = await (await app.execute("SELECT count(*) FROM accounts.happening WHERE person_key = %s AND note->>'factor' = 'face'", (sau.key,))).fetchone()
    assert seen == (5,)


async def test_a_face_proves_nothing_before_two_other_factors(site, sau, samples):
    async with browsing(site) as b:
        page = await b.sign_in(sau, status=200, acr="3")
        assert "/eid/sign-in/face" not in page
        fields = form_values(page, "/eid/sign-in/code")
        answer = await b.client.post("/eid/sign-in/face", data=fields, files={"image": ("f.jpg", b"sau", "image/jpeg")})
        assert answer.status_code in (303, 422)
        assert not any(name.startswith("dancu_session") for name in b.client.cookies)


async def test_who_has_no_portrait_of_a_card_is_told_where_to_go(site, sau, samples):
    samples.of.clear()
    async with browsing(site) as b:
        await b.sign_in(sau, status=200, acr="3")
        assert "chụp ảnh đối chiếu" not in b.page, "one factor tells nothing of what is on file"
        page = await b.post("/eid/sign-in/code", 200, code=await b.code(sau.phone))
        assert "chụp ảnh đối chiếu" in page and "/eid/sign-in/face" not in page, "no camera for a picture that nothing is held against"
    samples.of[sau.key, "face"] = b"sau"
    async with browsing(site) as b:
        await passcode_and_message(b, sau, "3")
        samples.of.clear()
        assert "sign_in.no_portrait" in await send(b, b"sau", 422), "gone meanwhile"


async def waiting_service(request: Any, held: Any, query: str) -> Any:
    async def answer(request: Any, held: Any, step: Any) -> None:
        return None

    return SimpleNamespace(asks=None, answer=answer, service=lambda request: "Cổng thử")


async def test_whoever_cannot_show_a_face_goes_on_without_or_back_to_the_service(site, app, sau, samples, monkeypatch):
    samples.of.clear()
    monkeypatch.setattr(site.state, "after_sign_in", {"/waits": waiting_service}, raising=False)
    async with browsing(site) as b, browsing(site, address="10.3.3.5") as other:
        await b.get("/eid/sign-in?acr=3&next=/waits?flow=x")
        page = await b.post("/eid/sign-in", 200, number=sau.number, passcode="748205")
        assert 'formaction="/eid/sign-in/as-is"' not in page, "the message can be had"
        page = await b.post("/eid/sign-in/code", 200, code=await b.code(sau.phone))
        fields = form_values(page, "/eid/sign-in/stop")
        away = await b.client.post("/eid/sign-in/stop", data=fields)
        assert away.headers["location"] == "/waits?flow=x&stop=1"
        assert (await other.client.post("/eid/sign-in/as-is", data=fields)).status_code == 403, "of another browser"
        assert "chụp ảnh đối chiếu" in page
        on = await b.client.post("/eid/sign-in/as-is", data=fields)
        assert on.headers["location"] == "/waits?flow=x"
        found, _ = await signed(app, b, sau)
        assert (found.acr, found.amr) == (2, ("pin", "sms", "mfa")), "what was proved, and no more"
        page = await b.get("/eid/sign-in?acr=3&next=/waits?flow=x")  # asked once more: nothing is proved anew, the session stays
        await b.client.post("/eid/sign-in/as-is", data=form_values(page, "/eid/sign-in/stop"))
        again, _ = await signed(app, b, sau)
        assert again.at == found.at


async def test_a_page_open_too_long_says_so_and_still_leads_to_the_service(site, sau, monkeypatch):
    monkeypatch.setattr(site.state, "after_sign_in", {"/waits": waiting_service}, raising=False)
    async with browsing(site) as b:
        await b.get("/eid/sign-in?acr=2&next=/waits?flow=x")
        await b.post("/eid/sign-in", 200, number=sau.number, passcode="748205")
        with monkeypatch.context() as later:
            later.setattr(sealing, "SECONDS", -1)
            await b.post("/eid/sign-in/code", 303, code="123456")
        assert b.url == "/eid/sign-in?next=%2Fwaits%3Fflow%3Dx&acr=2&late=1"
        page = await b.get(b.url)
        assert "sign_in.old" in page and "Cổng thử" in page
        page = await b.post("/eid/sign-in", 200, number=sau.number, passcode="748205")
        (english,) = re.findall(r'href="([^"]+lang=en)"', page)
        page = await b.get(html.unescape(english))
        assert "Sign in" in page and "Cổng thử" in page, "another language is not another errand"


async def test_level_four_wants_passcode_a_key_that_cannot_be_copied_and_the_face(site, app, sau, samples):
    copied, bound = SoftKey(synced=True), SoftKey()
    async with browsing(site) as b, browsing(site, address="10.3.3.4") as other:
        await proved(b, sau)
        for key in (copied, bound):
            page = await b.get("/account/authenticators")
            await b.post("/account/authenticators/passkey", answer=key.create(options(page, "create")))
        page = await other.get("/eid/sign-in?acr=4&next=/account")
        page = await other.post("/eid/sign-in/passkey", 200, answer=copied.get(options(page, "get")))
        assert 'name="passcode"' in page, "the passcode beside the key"
        page = await other.post("/eid/sign-in/passcode", 200, passcode="748205")
        assert "/eid/sign-in/face" not in page, "a key that can be copied is not enough"
        page = await other.post("/eid/sign-in/passkey", 200, answer=bound.get(options(page, "get")))
        await send(other, b"sau")
        found, _ = await signed(app, other, sau)
    assert found.acr == 4


@given(st.sets(st.sampled_from(ORDER)), st.integers(1, 4))
def test_every_way_to_a_level_ends_there(given_words: set[str], acr: int) -> None:
    """Giving what is asked for, one thing after the other, always comes to an end, and only where the level is proved."""
    if not {"face", "fpt"} & given_words and acr > 2:
        for had in (given_words, given_words | {"pin", "hwk"}):
            known = acr_of(had) >= 2
            assert (next_proof(words(had), acr, portrait=False) is Next.PORTRAIT) == known
    more = {Next.KEY: "hwk", Next.KNOWN: "pin", Next.FACE: "face"}
    have = {word for word in given_words if word != "mfa"}
    for _ in range(6):
        asked = next_proof(words(have), acr)
        if asked is Next.NOTHING:
            break
        have.add(more.get(asked, "otp" if "pin" in have else "pin"))
    assert enough(words(have), acr)
    assert acr_of(words(have)) >= acr


# -- the device ----------------------------------------------------------------------------------------------------------


async def test_a_devices_key_is_a_second_factor_listed_and_taken_away(site, app, sau):
    async with browsing(site) as b, browsing(site, address="10.3.3.5") as other:
        device = await with_device(b, sau)
        page = await b.get("/account/authenticators")
        assert "máy ở nhà" in page
        page = await other.sign_in(sau, status=200, acr="2")
        assert 'name="code"' not in page, "no message was sent, so none is asked for"
        mine = re.findall(r'data-account="([^"]+)"', b.page)
        assert mine == re.findall(r'data-account="([^"]+)"', page) != [device_challenge("b", sau.key + 1).account], "whose key it is, where several people use one browser"
        assert f'data-known="{thumbprint(device.x + device.y)} "' in b.page, "what the account does not know the browser forgets"
        await other.post("/eid/sign-in/device", answer=device.sign(challenge(page)))
        found, _ = await signed(app, other, sau)
        assert (found.acr, found.amr) == (2, ("pin", "swk", "mfa"))
        await app.rollback()
        (told,) = await messages.outbox(app, thumbprint(device.x + device.y))
        assert (told.channel, told.kind) == ("push", "account.new_device"), "a browser never seen before, told once where the key is"
        await b.get("/account/authenticators")
        action = next(a for a in re.findall(r'action="(/account/authenticators/\d+/remove)"', b.page))
        await b.post(action)
        for name in [one for one in other.client.cookies if one.startswith("dancu_session")]:
            other.client.cookies.delete(name)
        assert 'data-device="sign"' not in await other.sign_in(sau, status=200, acr="2")


async def test_the_device_hears_of_a_sign_in_by_the_code_in_a_message(site, app, sau):
    async with browsing(site) as b, browsing(site, address="10.3.3.6") as other:
        device = await with_device(b, sau)
        await other.sign_in(sau, status=200, acr="2")
        await other.post("/eid/sign-in/way", 200, way="sms")
        await other.post("/eid/sign-in/code", code=await other.code(sau.phone))
        await app.rollback()
        (told,) = await messages.outbox(app, thumbprint(device.x + device.y))
        assert told.kind == "account.new_device"


async def test_the_device_hears_that_an_answer_is_waited_for_and_not_what_about(site, app, sau):
    async with browsing(site) as b:
        device = await with_device(b, sau)
    await approvals.ask(
        app, sau.key, client_no=7, client_name="Quầy 3", org_name="Ngân hàng mẫu", kind="ciba", text="Rút tiền, số 4821", purpose="online_service",
        seconds=300,
    )  # fmt: skip
    await app.commit()
    (told, *_) = await messages.outbox(app, thumbprint(device.x + device.y))
    assert (told.channel, told.kind) == ("push", "account.approval") and "4821" not in told.text and "Ngân hàng" not in told.text


async def test_an_answer_counts_once_here_and_for_this_address_only(site, sau):
    async with browsing(site) as b, browsing(site, address="10.3.3.6") as other:
        device = await with_device(b, sau)
        page = await other.sign_in(sau, status=200, acr="2")
        elsewhere = Device("https://evil.example")
        elsewhere.key, elsewhere.x, elsewhere.y = device.key, device.x, device.y
        page = await other.post("/eid/sign-in/device", 422, answer=elsewhere.sign(challenge(page)))
        assert "sign_in.code_refused" in page
        page = await other.post("/eid/sign-in/device", 422, answer=Device().sign(challenge(page)))
        good = device.sign(challenge(page))
        await other.post("/eid/sign-in/device", answer=good)
        for name in [one for one in other.client.cookies if one.startswith("dancu_session")]:
            other.client.cookies.delete(name)
        await other.sign_in(sau, status=200, acr="2")
        assert "sign_in.code_refused" in await other.post("/eid/sign-in/device", 422, answer=good), "a new page, an old answer"


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "[" * 1500, '{"thumbprint": 5}', '{"thumbprint": "x", "signature": null}', "x" * 5000]
)
async def test_any_answer_is_refused_in_our_own_words(site, sau, answer):
    async with browsing(site) as b, browsing(site, address="10.3.3.7") as other:
        await with_device(b, sau)
        await other.sign_in(sau, status=200, acr="2")
        page = await other.post("/eid/sign-in/device", 422, answer=answer)
        assert "sign_in.code_refused" in page or "passkey." in page


@pytest.mark.parametrize("jwk", [{}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "oct", "k": "AA"}, 5])
async def test_a_key_that_did_not_sign_or_is_none_is_not_taken(site, sau, jwk: Any):
    async with browsing(site) as b:
        page = await proved(b, sau)
        said = json.loads(Device().create(challenge(page)))
        assert "passkey.refused" in await b.post("/account/authenticators/device", 422, answer=json.dumps({**said, "jwk": jwk}))


async def test_without_the_passcode_the_devices_key_opens_nothing(site, sau):
    async with browsing(site) as b, browsing(site, address="10.3.3.8") as other:
        device = await with_device(b, sau)
        page = await other.get("/eid/sign-in?acr=2")
        await other.post("/eid/sign-in", 200, number=sau.number)
        fields = form_values(other.page, "/eid/sign-in/passcode")
        answer = await other.client.post("/eid/sign-in/device", data={**fields, "challenge": "x", "answer": device.sign("x")})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/eid/sign-in?")
        assert page
