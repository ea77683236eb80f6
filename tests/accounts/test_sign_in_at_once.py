"""The steps of a sign-in that are one statement each: what they count, forgive and refuse is what the separate ones would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import psycopg
import pytest
import pytest_asyncio

from dancu.accounts.models.sign_in import Asks, Flow
from dancu.accounts.models.sign_in import Browser as Where
from dancu.accounts.pages.waiting import next_of, waiting_for
from dancu.accounts.service import sign_in
from dancu.accounts.service.sign_in.begin import typed
from dancu.accounts.service.sign_in.throttling import buckets
from dancu.kit.authn import throttle
from tests.accounts.browsing import PASSCODE, Citizen, application, browsing, citizen
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


async def enter(b, number: str, passcode: str, status: int, **wishes: str) -> str:
    """Number and passcode on the first page."""
    await b.get("/eid/sign-in?" + "&".join(f"{name}={value}" for name, value in wishes.items()))
    return await b.post("/eid/sign-in", status, number=number, passcode=passcode)


@pytest.mark.usefixtures("_ring")
async def test_what_a_sign_in_carries_comes_back_to_the_page_it_leads_to() -> None:
    async def begins(request, held, said):
        return said

    places = {"after_sign_in": {"/waits": begins, "/other": begins}, "carried": {"/waits": lambda request, said: f"/waits?flow={said[0][0]}"}}
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(**places)))
    for next_page, carried, told, address in (
        ("/waits", [["x"], True], [["x"], True], "/waits?flow=x"), ("/waits?flow=y", None, "flow=y", "/waits?flow=y"), ("/other?a=b", None, "a=b", "/other?a=b"),
    ):  # fmt: skip
        flow = sign_in.unseal(sign_in.seal(sign_in.anonymous(next=next_page, acr=1, carried=carried), "browser"), "browser")
        assert await waiting_for(request, None, flow) == told
        assert next_of(request, flow) == address


async def failures(app, counted) -> list[int]:
    """How many tries stand against each of what is charged; one in part forgiven since, on a slow machine, still stands."""
    found = []
    for bucket in counted.before:
        row = await (
            await app.execute("SELECT ceil(extract(epoch FROM tat - now()) / %s) FROM kit.throttle WHERE key = %s", (bucket.seconds, bucket.key))
        ).fetchone()
        found.append(max(0, int(row[0])) if row else 0)
    await app.commit()
    return found


@pytest.mark.parametrize("known", [True, False])
async def test_tries_are_counted_where_a_wait_will_look_for_them(site, app, sau, known):
    address = f"10.21.{int(known)}.1"
    number = sau.number if known else "049190244444"
    flow = Flow(key=sau.key) if known else Flow(number=typed(number)[1])
    counted = buckets(flow, Where(address))
    async with browsing(site, address=address) as b:
        for n in range(1, 6):
            assert "sign_in.refused" in await enter(b, number, "111222", 422)
            assert await failures(app, counted) == [n, n]
        assert "sign_in.wait" in await enter(b, number, PASSCODE, 422)
        assert await failures(app, counted) == [5, 5], "who waits is not charged"


async def test_of_two_tries_at_once_the_last_that_is_allowed_is_one(app, registry, admin):
    """Both look before either is charged; who waited at the row for the other's charge looks again."""
    few, many = throttle.bucket("at_once", "a", burst=2, seconds=60), throttle.bucket("at_once", "b", burst=9, seconds=60)
    await throttle.charge(app, [few])
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other:
        assert await throttle.charge_unless_waiting(app, [few, many], [few, many]) == 0
        wait = await after_waiting(admin, app, other, throttle.charge_unless_waiting(other, [few, many], [few, many]))
        assert 59 < wait <= 60
        assert await throttle.charge_unless_waiting(other, [many], [many]) == 0, "where there is room, both are"


async def test_a_right_passcode_is_not_charged_and_forgives_its_network(site, app, sau):
    counted = buckets(Flow(key=sau.key), Where("10.22.0.1"))
    async with browsing(site, address="10.22.0.1") as b:
        for _ in range(3):
            await enter(b, sau.number, "111222", 422)
        await enter(b, sau.number, PASSCODE, 303)
    assert await failures(app, counted) == [0, 3], "guesses from anywhere stay counted against all of them"


async def at_the_code(b, who: Citizen) -> str:
    """Passcode given, code asked for; the code."""
    await enter(b, who.number, PASSCODE, 200, acr="2")
    return str(await b.code(who.phone))


async def test_a_right_code_signs_in_once_and_forgives(site, app, sau):
    counted = buckets(Flow(key=sau.key), Where("10.23.0.1"), "second")
    async with browsing(site, address="10.23.0.1") as b:
        code = await at_the_code(b, sau)
        page = b.page
        await b.post("/eid/sign-in/code", 422, code="0" + code[:5])
        assert await failures(app, counted) == [1, 1]
        await b.post("/eid/sign-in/code", 303, code=f" {code[:3]} {code[3:]}")
        assert await failures(app, counted) == [0, 1]
    async with browsing(site, address="10.23.0.1") as b:
        b.page = page
        await b.post("/eid/sign-in/code", 403, code=code)


async def sessions_of(app, who: Citizen) -> int:
    row = await (await app.execute("SELECT count(*) FROM access.session WHERE actor_kind = 'citizen' AND actor_id = %s", (who.key,))).fetchone()
    await app.commit()
    return int(row[0])


async def test_the_code_to_a_phone_that_was_just_moved_is_worth_nothing(site, app, sau):
    async with browsing(site, address="10.24.0.1") as b:
        code = await at_the_code(b, sau)
        await app.execute("SELECT accounts.open(%s)", ([sau.key],))
        await app.execute("UPDATE accounts.account SET contact_changed_at = now() WHERE person_key = %s", (sau.key,))
        await app.commit()
        assert "sign_in.code_refused" in await b.post("/eid/sign-in/code", 422, code=code)
    assert await sessions_of(app, sau) == 0


async def test_an_account_locked_meanwhile_is_not_entered_by_the_right_code(site, app, sau):
    counted = buckets(Flow(key=sau.key), Where("10.25.0.1"), "second")
    async with browsing(site, address="10.25.0.1") as b:
        code = await at_the_code(b, sau)
        await app.execute("SELECT accounts.open(%s)", ([sau.key],))
        await app.execute("UPDATE accounts.account SET state = 'locked' WHERE person_key = %s", (sau.key,))
        await app.commit()
        assert "sign_in.locked" in await b.post("/eid/sign-in/code", 422, code=code)
    assert await sessions_of(app, sau) == 0
    assert await failures(app, counted) == [0, 0]


@pytest.mark.parametrize("acr", ["1", "2"])
async def test_what_was_agreed_to_comes_with_the_sign_in(site, app, sau, registry, acr):
    """A service that waits asks the statement that ends the sign-in, by passcode or by code; another one's consent is not its."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        await admin.execute(
            "INSERT INTO sharing.consent (person_key, consent_id, client_no, client_name, org_code, claims, purpose, legal_basis, given_at, until,"
            " receipt, entry_id) VALUES (%s, gen_random_uuid(), 7, 'x', 'x', '{name}', 'online_service', 'x', now(), now() + '1 day', 'r', 0)",
            (sau.key,),
        )
    for client_no, claims in ((7, {"name"}), (8, None)):
        heard = []

        async def answer(request, held, step, heard=heard):
            heard.append(step)

        async def waits(request, held, query, answer=answer, client_no=client_no):
            return SimpleNamespace(asks=Asks(client_no, query), answer=answer, service=lambda request: "Cổng <dịch vụ>")

        site.state.after_sign_in = {"/waits": waits}
        async with browsing(site, address=f"10.26.{client_no}.{acr}") as b:
            page = await b.get(f"/eid/sign-in?acr={acr}&next=/waits?online_service")
            assert "Đăng nhập để dùng Cổng &lt;dịch vụ&gt;" in page, "whoever types a passcode reads who asks for it"
            assert 'href="/eid/recover"' in page, "and finds the way back in, who forgot it"
            wrong = await b.post("/eid/sign-in", 422, number=f"0{sau.number[:-1]}", passcode=PASSCODE)
            assert f'value="0{sau.number[:-1]}"' in wrong and "Đăng nhập để dùng Cổng &lt;dịch vụ&gt;" in wrong, "a number mistyped is mended where it stands"
            page = await b.post("/eid/sign-in", 303 if acr == "1" else 200, number=sau.number, passcode=PASSCODE)
            if acr == "2":
                assert "Đăng nhập để dùng Cổng &lt;dịch vụ&gt;" in page, "and so does whoever types a code"
                await b.post("/eid/sign-in/code", 303, code=await b.code(sau.phone))
            assert b.url == "/waits?online_service", "who cannot answer at once is come back to"
            if acr == "1":  # signed in already, and asked to prove more
                assert "Đăng nhập để dùng Cổng &lt;dịch vụ&gt;" in await b.get("/eid/sign-in?acr=2&next=/waits?online_service")
        (step,) = heard
        assert step.asked == Asks(client_no, "online_service")
        assert (step.consent and step.consent.claims) == claims
    site.state.after_sign_in = {}
