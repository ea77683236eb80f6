"""The portal where organisations register applications and reviewers answer, and the citizen's connected services."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.access.service.os_user import operator
from dancu.kernel.actor import ActorKind
from dancu.kit.db import make_pool
from dancu.kit.keys import KeyRing
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.kit.web.session import COOKIE
from dancu.oidc.endpoints import SHORTCUTS, router
from dancu.oidc.pages import MENU
from dancu.oidc.pages import router as pages_router
from dancu.oidc.policy import PUSHED_SECONDS
from dancu.oidc.service import registration
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.service.seal import Sealer
from dancu.sharing import service as sharing_service
from tests.accounts.browsing import Browser
from tests.kit.html import form_values
from tests.kit.races import after_waiting
from tests.oidc.conftest import BACK, ISSUER, UNLIMITED, Citizen, Make, Site, _key, _public
from tests.oidc.flows import Journey

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOME = "/watch/clients"
PURPOSE = "online_service|69/2024/NĐ-CP"


@pytest_asyncio.fixture(loop_scope="session")
async def portal(site: Site, tmp_path: Path) -> AsyncIterator[Site]:
    """The site of the other tests with pages for people."""
    pool = make_pool(site.registry.dsn("app"), min_size=2, max_size=6)
    settings = WebSettings(secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED)
    surfaces = (
        Surface("citizen", "Cổng công dân", "/", "citizen", sign_in="/eid/sign-in"),
        Surface("watch", "Theo dõi", "/watch", "watch"),
    )
    state = {"sessions": sessions, "pool": pool, "keys": tmp_path / "keys", "demo": False, "surfaces": surfaces, "menu": MENU}
    KeyRing.open(tmp_path / "keys" / "oidc")
    await pool.open()
    try:
        app = create_app(routers=[router, pages_router], settings=settings, state=state, shortcuts=SHORTCUTS)
        yield Site(app, site.registry, site.sharing)
    finally:
        await pool.close()


@asynccontextmanager
async def desk(portal: Site, persona: str) -> AsyncIterator[Browser]:
    async with await psycopg.AsyncConnection.connect(portal.registry.dsn("app")) as conn:
        token, _ = await access.enter_as(conn, persona, demo=True)
    async with portal.http(cookies={COOKIE: token}) as client:
        yield Browser(client)


async def registered(maker: Browser, **fields: str) -> tuple[str, str]:
    """(client_id, secret or "")."""
    await maker.get(f"{HOME}/new")
    fields = {"name": "Cổng dịch vụ công", "redirect_uris": BACK, "profile": "basic", **fields}
    await maker.post(f"{HOME}/new", 303 if fields["profile"] != "basic" else 200, **fields)
    if fields["profile"] == "basic":
        return re.findall(r"<code>([0-9a-f]{24})</code>", maker.page)[0], re.findall(r"<code>([\w-]{43})</code>", maker.page)[0]
    return maker.url.rsplit("/", 1)[1], ""


async def asked(maker: Browser, client_id: str, status: int = 303, **fields: Any) -> None:
    await maker.get(f"{HOME}/{client_id}")
    wanted = {"claims": ["name", "birthdate"], "purposes": [PURPOSE], "consent": "ask", "level_min": "1", **fields}
    await maker.post(f"{HOME}/{client_id}/ask", status, **wanted)


async def state_of(portal: Site, client_id: str) -> str:
    return str((await portal.sql("SELECT state FROM oidc.client WHERE client_id = %s", (client_id,)))[0][0])


async def test_registering_shows_a_secret_once_and_it_works_at_once(portal: Site) -> None:
    async with desk(portal, "integrator") as maker, portal.http() as http:
        client_id, secret = await registered(maker)
        answer = await http.post("/oidc/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
        assert answer.status_code == 200, answer.text
        assert secret not in await maker.get(f"{HOME}/{client_id}"), "shown once"
        assert "Cổng dịch vụ công" in await maker.get(HOME) and "thử nghiệm" in maker.page
        await maker.get(f"{HOME}/{client_id}")
        await maker.post(f"{HOME}/{client_id}/rotate", 200)
        newer = re.findall(r"<code>([\w-]{43})</code>", maker.page)
        assert newer and newer[0] != secret
    owner = await portal.sql("SELECT org_code FROM oidc.client WHERE client_id = %s", (client_id,))
    assert owner == [("DEMO.CDS",)]


async def test_a_form_sent_again_is_the_same_application(portal: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dancu.oidc.pages.portal._TWICE_SECONDS", 10**10)
    async with desk(portal, "integrator") as maker, portal.http() as http:
        page = await maker.get(f"{HOME}/new")
        token = re.findall(r'action="/watch/clients/new"[^>]*>\s*<input[^>]*name="csrf_token" value="([^"]+)"', page)[0]
        form = {"csrf_token": token, "name": "Gửi hai lần", "redirect_uris": BACK, "profile": "basic"}
        pages = [answer.text for answer in await asyncio.gather(*(maker.client.post(f"{HOME}/new", data=form) for _ in range(3)))]
        ids = {re.findall(r"<code>([0-9a-f]{24})</code>", one)[0] for one in pages}
        assert len(ids) == 1 and (await maker.get(HOME)).count("Gửi hai lần") == 1
        last = await maker.client.post(f"{HOME}/new", data=form)
        secret = re.findall(r"<code>([\w-]{43})</code>", last.text)[0]
        answer = await http.post("/oidc/token", data={"grant_type": "client_credentials"}, auth=(*ids, secret))
        assert answer.status_code == 200, "the secret shown last is one that works"
        other = await maker.client.post(f"{HOME}/new", data={**form, "name": "Tên khác"})
        assert re.findall(r"<code>([0-9a-f]{24})</code>", other.text)[0] not in ids, "what was changed is another"


async def test_an_organisation_does_not_join_anothers_sector(portal: Site, make_service: Make) -> None:
    """Who could would know people by the names the other organisation's services know them by."""
    await make_service("basic", sector="evn.example")
    async with desk(portal, "integrator") as maker:
        await maker.get(f"{HOME}/new")
        assert "oidc.sector.taken" in await maker.post(f"{HOME}/new", 422, name="A", redirect_uris=BACK, profile="basic", sector="evn.example")
        assert "oidc.sector_uri" in await maker.post(f"{HOME}/new", 422, name="A", redirect_uris=BACK, profile="basic", sector="", sector_identifier_uri="https://127.0.0.1/list")
        own, _ = await registered(maker, redirect_uris="https://evn.example/back")
        assert await portal.sql("SELECT sector FROM oidc.client WHERE client_id = %s", (own,)) == [(own,)], "their address, by which CIBA would need no sign-in there"
        ids = [(await registered(maker, sector="cds", name=name))[0] for name in ("Một", "Hai")]
    assert await portal.sql("SELECT DISTINCT sector FROM oidc.client WHERE client_id = ANY (%s)", (ids,)) == [("cds",)], "its own it shares"


async def test_what_is_wrong_is_said_beside_its_field(portal: Site) -> None:
    async with desk(portal, "integrator") as maker:
        await maker.get(f"{HOME}/new")
        page = await maker.post(f"{HOME}/new", 422, name="", redirect_uris=BACK, profile="")
        assert "field.required" in page and "field.choice" in page
        page = await maker.post(f"{HOME}/new", 422, name="A", redirect_uris="http://service.example/#x https://[::1/back", profile="fapi2")
        assert "oidc.redirect_uri" in page and "oidc.jwks.missing" in page
        page = await maker.post(f"{HOME}/new", 422, name="A", redirect_uris="\n".join(f"{BACK}/{n}" for n in range(21)), profile="basic")
        assert "oidc.redirect_uri.many" in page and "tối đa 20 địa chỉ" in page, "said after, and before"
        page = await maker.post(f"{HOME}/new", 422, name="A", redirect_uris=BACK + "/" + "a" * 2000, profile="basic")
        assert "oidc.redirect_uri.long" in page
        page = await maker.post(f"{HOME}/new", 422, name="A", redirect_uris=BACK, profile="fapi2", jwks="khóa của tôi")
        assert "oidc.jwks.json" in page
        private = json.dumps({"keys": [_key().as_dict(private=True)]})
        page = await maker.post(f"{HOME}/new", 422, name="A", redirect_uris=BACK, profile="fapi2", jwks=private)
        assert "oidc.jwks" in page, "a private key is not taken"


async def test_two_people_make_it_live(portal: Site) -> None:
    async with desk(portal, "integrator") as maker, desk(portal, "connection_reviewer") as judge:
        client_id, _ = await registered(maker, name_en="Public service portal")
        await asked(maker, client_id, 422, claims=[])
        await asked(maker, client_id)
        wanted = {"claims": ["name", "birthdate"], "purposes": [PURPOSE], "consent": "ask", "level_min": "1"}
        await maker.post(f"{HOME}/{client_id}/ask", **wanted)  # pressed twice: the same result
        assert maker.url.endswith("?done=asked")
        await maker.post(f"{HOME}/{client_id}/ask", 422, **{**wanted, "claims": ["name"]})
        await maker.get(f"{HOME}/{client_id}")
        assert "/approve" not in maker.page, "nobody answers themselves"
        await maker.client.post(f"{HOME}/{client_id}/approve")
        assert await state_of(portal, client_id) == "test"
        assert client_id in await judge.get(HOME)
        await judge.get(f"{HOME}/{client_id}")
        assert "/rotate" not in judge.page and "/ask" not in judge.page
        assert "Public service portal" in judge.page, "who approves reads what citizens will read, in both languages"
        await judge.post(f"{HOME}/{client_id}/refuse", 422, reason="")
        for _ in range(2):
            await judge.post(f"{HOME}/{client_id}/refuse", reason="Chưa rõ vì sao cần ngày sinh")
        assert "Chưa rõ vì sao cần ngày sinh" in await maker.get(f"{HOME}/{client_id}")
        await asked(maker, client_id, claims=["name"])
        await judge.get(f"{HOME}/{client_id}")
        for _ in range(2):
            await judge.post(f"{HOME}/{client_id}/approve")
            assert judge.url.endswith("?done=approved")
        assert await state_of(portal, client_id) == "live"
        await asked(maker, client_id)  # another agreement for a client that is live
        await judge.get(f"{HOME}/{client_id}")
        await judge.post(f"{HOME}/{client_id}/refuse", reason="Không cần")
        assert await state_of(portal, client_id) == "live"
    ((number, asker, approver),) = await portal.sql(
        "SELECT client_no, live_asked_by, approved_by FROM oidc.client WHERE client_id = %s", (client_id,)
    )
    assert asker and approver and asker != approver
    async with await psycopg.AsyncConnection.connect(portal.registry.dsn("app")) as conn:
        agreement = await sharing_service.agreement(conn, number)
    assert agreement is not None and agreement.claims == {"name"} and agreement.agreed is not None
    verbs = await portal.sql("SELECT note ->> 'verb' FROM audit.pending WHERE (note ->> 'client_no')::bigint = %s", (number,))
    assert {"oidc.client.register", "oidc.client.ask_live", "oidc.client.refuse", "oidc.client.approve"} <= {v for (v,) in verbs}


async def test_nobody_approves_what_they_did_not_read(portal: Site) -> None:
    """A page that stood open while the request was refused and another one sent."""
    async with desk(portal, "integrator") as maker, desk(portal, "connection_reviewer") as early, desk(portal, "connection_reviewer") as judge:
        client_id, _ = await registered(maker)
        place = f"{HOME}/{client_id}"
        await asked(maker, client_id, claims=["name"])
        await early.get(place)
        await judge.get(place)
        await judge.post(f"{place}/refuse", reason="Thiếu")
        assert "oidc.client.changed" in await early.post(f"{place}/approve", 422), "nothing waits any more: somebody was quicker"
        await asked(maker, client_id, claims=["name", "personal_id"])
        await judge.get(place)
        first = {"csrf_token": form_values(judge.page, f"{place}/approve")["csrf_token"], "version": "1"}
        for step, fields in (("approve", first), ("refuse", {**first, "reason": "Quá rộng"}), ("approve", {**first, "version": "²"})):
            page = (await judge.client.post(f"{place}/{step}", data=fields)).text
            assert "sharing.agreement.other_version" in page and "đọc bản 2" in page and "Số định danh cá nhân" in page, "what waits now is there to be read"
        assert await state_of(portal, client_id) == "test"
        await judge.get(place)
        await judge.post(f"{place}/approve")
        assert await state_of(portal, client_id) == "live"


async def test_suspended_by_the_reviewer_and_back_to_trial(portal: Site) -> None:
    async with desk(portal, "integrator") as maker, desk(portal, "connection_reviewer") as judge, portal.http() as http:
        client_id, secret = await registered(maker)
        await judge.get(f"{HOME}/{client_id}")
        await judge.post(f"{HOME}/{client_id}/suspend")
        answer = await http.post("/oidc/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
        assert answer.status_code == 401
        await maker.get(f"{HOME}/{client_id}")
        assert "/ask" not in maker.page
        await maker.post(f"{HOME}/{client_id}/resume")
        assert await state_of(portal, client_id) == "test"


async def test_other_organisations_and_other_roles_see_nothing(portal: Site, make_service: Make) -> None:
    other = await make_service("basic")  # of ubnd-tinh
    async with desk(portal, "integrator") as maker, desk(portal, "ward_police") as police:
        await maker.get(f"{HOME}/{other.id}", 404)
        await maker.get(f"{HOME}/{other.id}/try", 404)
        assert other.id not in await maker.get(HOME)
        await police.get(HOME, 403)
    async with desk(portal, "connection_reviewer") as judge:
        await judge.get(f"{HOME}/new", 403)
        await judge.get(f"{HOME}/{other.id}/try", 403)


@pytest.mark.parametrize("profile", ["basic", "public", "fapi2"])
async def test_the_trial_and_the_samples_are_this_clients(portal: Site, citizen: Citizen, profile: str) -> None:
    async with desk(portal, "integrator") as maker:
        key = _key()
        client_id, _ = await registered(maker, profile=profile, **({"jwks": json.dumps({"keys": [_public(key)]})} if profile == "fapi2" else {}))
        page = await maker.get(f"{HOME}/{client_id}/try")
        assert page.count(client_id) >= 6 and page.count(BACK) >= 5 and ISSUER in page
        assert page.count("WebApplication.CreateBuilder(args)") == page.count("app.Run();") == 1  # a whole program, as for the other languages
        if profile == "fapi2":
            assert page.count(key.kid) >= 5
            assert "AddDistributedMemoryCache();" in page, "the library that makes .NET's proofs does not start without one"
            minutes = int(re.findall(r"dùng được trong gần (\d+) phút", page)[0])
            assert minutes * 60 - 60 < PUSHED_SECONDS <= minutes * 60, "what the page says of the link is so"
        address = re.findall(r'href="(http[^"]+/oidc/authorize\?[^"]+)"', page)[0].replace("&amp;", "&")
    async with portal.browser(citizen) as browser:
        answer = await browser.get(address)
        # On trial and without an agreement: the citizen is told and asked, or goes on; never an error.
        assert answer.status_code in (200, 303), answer.text
        assert "error=" not in answer.headers.get("location", "")


async def test_a_change_made_meanwhile_is_not_undone(portal: Site, make_service: Make) -> None:
    service, dsn = await make_service("basic"), portal.registry.dsn("app")
    async with (
        await psycopg.AsyncConnection.connect(dsn) as reviewer, await psycopg.AsyncConnection.connect(dsn) as maker,
        await psycopg.AsyncConnection.connect(portal.registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        await registration.suspend(reviewer, operator(), service.id)
        await after_waiting(admin, reviewer, maker, registration.rotate_secret(maker, operator(), service.id))
        await maker.commit()
    assert await state_of(portal, service.id) == "suspended"


async def test_a_citizen_ends_a_service(portal: Site, make_service: Make, citizen: Citizen, monkeypatch: pytest.MonkeyPatch) -> None:
    from dancu.oidc.service import connections, notices, outbound

    deferred: list[dict[str, Any]] = []

    async def defer(conn: Any, task: str, args: dict[str, Any]) -> None:
        assert task == "oidc:tell_service"
        deferred.append(args)

    monkeypatch.setattr(connections.jobs, "defer", defer)
    service, kept = await make_service("basic", backchannel_logout_uri="https://service.example/out"), await make_service("basic", name="Tra cứu thuế")
    tokens = await Journey(portal, service, citizen).signed_in()
    await Journey(portal, kept, citizen).signed_in()
    async with portal.http(cookies={COOKIE: citizen.token}) as client:
        browser = Browser(client)
        page = await browser.get("/account/services")
        assert "Cổng dịch vụ công tỉnh" in page and "Tra cứu thuế" in page
        await portal.sql("INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES ('ubnd-tinh', 'Ủy ban nhân dân tỉnh', 'Provincial committee', 'committee', '[2020-01-01,)') ON CONFLICT DO NOTHING")
        await portal.sql("UPDATE oidc.client SET org_name = 'Ủy ban nhân dân tỉnh' WHERE org_code = 'ubnd-tinh'")
        english = await client.get("/account/services", headers={"Cookie": f"{COOKIE}={citizen.token}; lang=en"})
        assert "Provincial committee" in english.text and "Ủy ban" not in english.text
        # Its tokens ran out, but not the session the service itself keeps: it can still be ended.
        await portal.sql("UPDATE oidc.family SET expires_at = now() - interval '1 hour' WHERE client_no = %s", (service.client.client_no,))
        assert "Cổng dịch vụ công tỉnh" in await browser.get("/account/services")
        await browser.post(f"/account/services/{service.id}/end")
        page = await browser.get(browser.url)
        assert "Cổng dịch vụ công tỉnh" not in page and "Tra cứu thuế" in page
        answer = await client.post(f"/account/services/{service.id}/end", data={"csrf": "x"})
        assert answer.status_code in (400, 403)
    async with portal.http() as http:
        answer = await http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 401
    ended = await portal.sql("SELECT ended_by FROM oidc.family WHERE person_key = %s AND client_no = %s", (citizen.key, service.client.client_no))
    assert ended == [("disconnected",)]
    assert [(one["person_key"], one["client_no"], one["sid"]) for one in deferred] == [(citizen.key, service.client.client_no, citizen.sid)]
    told: list[Any] = []

    async def call(method: str, url: str, **kwargs: Any) -> tuple[int, bytes]:
        told.append((url, kwargs["form"]["logout_token"]))
        return (503 if len(told) == 1 else 200), b""

    monkeypatch.setattr(outbound, "call", call)
    folder = portal.app.state.keys / "oidc"
    notice = (SigningKeys(folder), Sealer(folder), citizen.key, service.client.client_no, citizen.sid, ISSUER)
    async with await psycopg.AsyncConnection.connect(portal.registry.dsn("worker")) as conn:
        with pytest.raises(notices.Untold):
            await notices.tell_one(conn, *notice)
        await notices.tell_one(conn, *notice)
    assert [url for url, _ in told] == ["https://service.example/out"] * 2


async def test_nobody_ends_anothers_service(portal: Site, make_service: Make, citizen: Citizen) -> None:
    service = await make_service("basic")
    await Journey(portal, service, citizen).signed_in()
    async with await psycopg.AsyncConnection.connect(portal.registry.dsn("app")) as conn:
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, 1)
    async with portal.http(cookies={COOKIE: token}) as client:
        browser = Browser(client)
        page = await browser.get("/account/services")
        assert service.id not in page
        csrf = re.findall(r'name="(\w+)" value="([^"]+)"', page)
        answer: httpx.Response = await client.post(f"/account/services/{service.id}/end", data=dict(csrf))
        assert answer.status_code in (403, 404)
    assert (await portal.sql("SELECT ended_at FROM oidc.family WHERE client_no = %s", (service.client.client_no,))) == [(None,)]
