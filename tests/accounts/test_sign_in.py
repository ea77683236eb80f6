"""Signing in as a browser does it: alike for known and unknown, step by step, one use per code."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dancu.accounts.models.core import AccountState
from dancu.accounts.models.sign_in import Flow, Standing
from dancu.accounts.service import sign_in
from dancu.kernel.actor import Actor, ActorKind
from tests.accounts.browsing import Citizen, application, browsing, citizen


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


async def signed(app, browser, who: Citizen):
    """What the browser's session proved, as the OpenID provider asks."""
    from dancu.access.service import sessions

    token = next(value for name, value in browser.client.cookies.items() if name.startswith("dancu_session"))
    actor = await sessions.resolve(app, token)
    assert actor is not None
    assert (actor.kind, actor.actor_id) == (ActorKind.CITIZEN, who.key)
    return await sign_in.current(app, actor), actor


async def test_number_and_passcode_open_a_session_of_level_one(site, app, sau):
    async with browsing(site) as b:
        await b.sign_in(sau, next="/account?x=1")
        assert b.url == "/account?x=1"
        proved, _ = await signed(app, b, sau)
    assert (proved.acr, proved.amr, proved.level) == (1, ("pin",), 1)


async def test_level_two_asks_for_the_code_in_the_message(site, app, sau):
    async with browsing(site) as b:
        page = await b.sign_in(sau, status=200, acr="2")
        assert sau.phone[-3:] in page
        code = await b.code(sau.phone)
        await b.post("/eid/sign-in/code", 422, code="000000" if code != "000000" else "111111")
        await b.post("/eid/sign-in/code", code=code)
        proved, _ = await signed(app, b, sau)
        assert (proved.acr, proved.amr) == (2, ("pin", "sms", "mfa"))
        await b.get("/eid/sign-in?acr=2&next=/account", 303)
        assert b.url == "/account", "nothing is asked twice"


async def test_a_session_is_raised_and_keeps_its_name(site, app, sau):
    async with browsing(site) as b:
        await b.sign_in(sau)
        before, old = await signed(app, b, sau)
        page = await b.get("/eid/sign-in?acr=2&next=/account")
        assert await b.texts(sau.phone) == [], "asking for the page sends nothing"
        assert "/eid/sign-in/way" in page
        await b.post("/eid/sign-in/way", 200)
        await b.post("/eid/sign-in/code", code=await b.code(sau.phone))
        after, new = await signed(app, b, sau)
        assert (after.sid, after.acr) == (before.sid, 2)
        assert new.session_id != old.session_id
        assert await sign_in.current(app, old) is None, "the session from before is worth nothing"


@pytest.mark.parametrize("wish", ["prompt=login", "max_age=0"])
async def test_it_is_proved_again_where_that_is_asked(site, app, sau, wish):
    async with browsing(site) as b:
        await b.sign_in(sau)
        await b.get(f"/eid/sign-in?next=/account&{wish}")
        await b.post("/eid/sign-in/passcode", passcode="748205")
        assert b.url == "/account"


async def test_every_refusal_reads_alike(site, app, office, sau):
    unactivated = await citizen(app, office)
    await app.execute("UPDATE accounts.account SET state = 'notified' WHERE person_key = %s", (unactivated.key,))
    nobody = Citizen(0, "049190299999", "")
    registered = Citizen(0, "049190388888", "")
    await office.person("Trần Văn Không", number=registered.number)
    await app.commit()
    pages = []
    async with browsing(site) as b:
        for who in (sau, nobody, registered, unactivated):
            await b.get("/eid/sign-in")
            second = await b.post("/eid/sign-in", 200, number=who.number)
            pages.append((_plain(second), _plain(await b.post("/eid/sign-in/passcode", 422, passcode="111222"))))
    assert len({one for one, _ in pages}) == 1
    assert len({two for _, two in pages}) == 1


def _plain(page: str) -> str:
    """A page without what is drawn anew each time."""
    import re

    return re.sub(r'(value|nonce|data-options)="[^"]*"|<code>[0-9a-f-]+</code>', "", page)


async def test_what_the_page_carries_is_as_long_for_nobody_as_for_somebody(site):
    """Its length is in the page: by it a number with an account could be told from one without."""
    flows = [Flow(key=key, number="0" * 32, sid="x", started=1_790_000_000.5) for key in (0, 7, 123_456_789_012)]
    sealed = [sign_in.seal(flow, "browser") for flow in flows]
    assert len({len(one) for one in sealed}) == 1
    assert [sign_in.unseal(one, "browser", now=1_790_000_001) for one in sealed] == flows


def test_what_a_step_knows_of_an_account_is_not_shown_with_it():
    """It may stand in a trace of an error."""
    shown = repr(Standing(7, 1, AccountState.ACTIVE, 0, "vi", None, b"a phone", True, frozenset({"passcode"}), "$argon2id$a hash"))
    assert "person_key=7" in shown and "phone" not in shown and "hash" not in shown


async def test_unknown_numbers_cost_the_same_hash(site, sau, monkeypatch):
    from dancu.kit.authn import passwords

    verified = []
    plain = passwords._matches
    monkeypatch.setattr(passwords, "_matches", lambda p, h: verified.append(h is None) or plain(p, h))
    async with browsing(site, address="10.9.9.1") as b:
        await b.sign_in(Citizen(0, "049190277777", ""), "998877", 422)
        await b.sign_in(sau, "998877", 422)
    assert verified == [True, False]


async def test_guessing_waits_but_the_owners_device_does_not(site, sau):
    async with browsing(site, address="10.5.5.5") as owner, browsing(site, address="10.6.6.6") as thief:
        await owner.sign_in(sau)
        for _ in range(5):
            await thief.sign_in(sau, "111222", 422)
        assert "sign_in.wait" in await thief.sign_in(sau, status=422), "even the right one waits there"
        device = {name: value for name, value in owner.client.cookies.items() if name == "dancu_eid_device"}
        thief.client.cookies.set("dancu_eid_device", "x.0123", path="/eid")
        assert "sign_in.wait" in await thief.sign_in(sau, status=422), "a made-up device"
        assert device
    async with browsing(site, address="10.6.6.6") as owner:
        owner.client.cookies.update(device)
        await owner.sign_in(sau)
        assert owner.url == "/account", "the owner's own device, in the very network of the thief"


async def test_a_browsers_mark_is_one_installations_of_a_machine(site):
    """Over plain http cookies do not tell ports apart, so the name does."""
    from dancu.access.pages import request as desk
    from dancu.accounts.pages.browser import browser_of, helper_of, remember_device, remember_helper
    from dancu.accounts.service import helpers
    from dancu.kit.web import Request, Response

    def at(port: int, cookie: str = "") -> Request:
        headers = [(b"host", f"localhost:{port}".encode()), (b"cookie", cookie.encode())]
        return Request({"type": "http", "path": "/eid", "app": site, "headers": headers, "client": ("127.0.0.1", 1)})

    until = int(time.time()) + 60
    for remember, value, read in (
        (remember_device, "mark", lambda request: browser_of(request).device or None),
        (desk.remember_device, "mark", lambda request: desk.device_of(request) or None),
        (remember_helper, f"7.{until}.{helpers._mark(7, until)}", helper_of),
    ):
        response = Response()
        remember(at(8740), response, value)
        cookie = response.headers["set-cookie"].partition(";")[0]
        known = 7 if read is helper_of else "mark"
        assert [read(at(port, cookie)) for port in (8740, 8700)] == [known, None]
    assert desk.device_of(at(8740, "dancu_device=before")) == "before", "under its old name until there is one under the new"
    assert desk.device_of(at(8740, "dancu_device=before; dancu_device_8740=now")) == "now"


async def test_unknown_numbers_wait_like_known_ones(site):
    async with browsing(site, address="10.7.7.7") as b:
        nobody = Citizen(0, "049190266666", "")
        for _ in range(5):
            assert "sign_in.refused" in await b.sign_in(nobody, "111222", 422)
        assert "sign_in.wait" in await b.sign_in(nobody, "111222", 422)


async def test_a_code_of_another_browser_is_worth_nothing_here(site, sau):
    async with browsing(site) as one, browsing(site, address="10.8.8.8") as other:
        await one.sign_in(sau, status=200, acr="2")
        code = await one.code(sau.phone)
        await other.get("/eid/sign-in?acr=2")
        await other.post("/eid/sign-in", 200, number=sau.number)
        other.page = one.page  # the flow of the other browser
        await other.post("/eid/sign-in/code", 403, code=code)


async def test_a_flow_belongs_to_its_browser(site, sau):
    async with browsing(site) as one, browsing(site) as other:
        await one.sign_in(sau, status=200, acr="2")
        await other.get("/eid/sign-in")
        mine = await other.post("/eid/sign-in", 200, number=sau.number)
        stolen = one.page.split('name="flow" value="')[1].split('"')[0]
        await other.post("/eid/sign-in/passcode", flow=stolen, passcode="748205")
        assert other.url == "/eid/sign-in"
        assert mine


async def test_a_locked_account_says_so_to_its_owner_only(site, app, sau):
    await app.execute("SELECT accounts.open(%s)", ([sau.key],))
    await app.execute("UPDATE accounts.account SET state = 'locked' WHERE person_key = %s", (sau.key,))
    await app.commit()
    async with browsing(site) as b:
        assert "sign_in.locked" not in await b.sign_in(sau, "111222", 422)
        assert "sign_in.locked" in await b.sign_in(sau, status=422)


async def test_a_moved_lock_version_makes_the_session_worthless(site, app, sau):
    async with browsing(site) as b:
        await b.sign_in(sau)
        proved, actor = await signed(app, b, sau)
        assert proved is not None
        await app.execute("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (sau.key,))
        assert await sign_in.current(app, actor) is None


async def test_a_session_from_before_ends_at_sign_in(site, app, sau):
    async with browsing(site) as b:
        await b.sign_in(sau)
        _, planted = await signed(app, b, sau)
        await b.get("/eid/sign-in?prompt=login")
        await b.post("/eid/sign-in/passcode", passcode="748205")
        from dancu.access.service import sessions

        token = next(value for name, value in b.client.cookies.items() if name.startswith("dancu_session"))
        assert sessions.hash_of(token).hex() != planted.session_id
        rows = await (
            await app.execute(
                "SELECT revoked_at IS NOT NULL FROM access.session WHERE token_hash = %s", (bytes.fromhex(planted.session_id),)
            )
        ).fetchall()
    assert rows == [(True,)]


@pytest.mark.parametrize("url", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_the_way_back_stays_on_this_site(site, sau, url):
    async with browsing(site) as b:
        await b.sign_in(sau, next=url)
        assert b.url == "/account"


async def test_only_citizens_have_proved_anything(app):
    assert await sign_in.current(app, Actor(ActorKind.STAFF, 1, "X", session_id="00" * 32)) is None
