"""What both demonstration services do by themselves: sessions, being told of a logout, pages."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from dancu.demo.relying_parties import electricity, portal, stock
from dancu.demo.relying_parties.config import Config
from dancu.demo.relying_parties.counter import Counter
from dancu.demo.relying_parties.customers import Customers
from dancu.demo.relying_parties.logout import LogoutTokens, Refused
from dancu.demo.relying_parties.sessions import SessionMiddleware, Sessions
from dancu.demo.relying_parties.web import Service

ISSUER = "http://localhost:8700"
EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


class Provider:
    """What a client library knows of the provider; its keys change."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self._shown = [self.key]

    async def load_server_metadata(self) -> dict[str, Any]:
        return {"issuer": ISSUER}

    async def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        if force:
            self._shown = [self.key]
        return {"keys": [{**key.as_dict(private=False), "kid": key.kid, "alg": "ES256"} for key in self._shown]}

    def token(self, **changes: Any) -> str:
        claims = {"iss": ISSUER, "aud": "c", "iat": int(time.time()), "jti": str(time.monotonic_ns()), "sid": "s", "events": EVENT, **changes}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, {k: v for k, v in claims.items() if v is not None}, self.key)


@pytest.fixture
def provider() -> Provider:
    return Provider()


async def test_a_logout_token_names_session_or_person_and_comes_once(provider):
    tokens = LogoutTokens(provider, "c")
    token = provider.token()
    assert await tokens.read(token) == ("s", "")
    with pytest.raises(Refused):
        await tokens.read(token)
    assert await tokens.read(provider.token(sid=None, sub="p", aud=["c", "d"])) == ("", "p")
    provider.key = ECKey.generate_key("P-256", {"kid": "two"})
    assert await tokens.read(provider.token()) == ("s", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://evil"}, {"aud": "d"}, {"iat": 1}, {"iat": None}, {"events": {}}, {"events": None}, {"nonce": "n"}, {"jti": None},
        {"sid": None},
    ],
)  # fmt: skip
async def test_what_is_no_logout_token_for_us(provider, changes):
    with pytest.raises(Refused):
        await LogoutTokens(provider, "c").read(provider.token(**changes))


async def test_tokens_of_others_and_nonsense(provider):
    tokens = LogoutTokens(provider, "c")
    for token in ("", "x", "a.b.c", Provider().token(), jwt.encode({"alg": "HS256"}, {"iss": ISSUER}, OctKey.import_key("k" * 32))):
        with pytest.raises((Refused, ValueError)):
            await tokens.read(token)


def test_sessions_end_by_sign_in_or_by_person():
    sessions = Sessions()
    sessions.keep("a", {"sub": "p", "sid": "1"})
    sessions.keep("b", {"sub": "p", "sid": "2"})
    sessions.keep("c", {"sub": "q", "sid": ""})
    assert sessions.end(sid="1") == 1
    assert sessions.get("a") is None
    assert sessions.end(sub="p") == 1
    assert sessions.end() == 0
    assert sessions.get("c") is not None


async def test_a_sign_in_goes_on_under_a_new_id():
    """An id planted beforehand is worth nothing afterwards."""
    sessions = Sessions()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["session"]["n"] = scope["session"].get("n", 0) + 1
        scope["fresh"] = scope["path"] == "/in"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(scope["session"]["n"]).encode()})

    transport = httpx.ASGITransport(SessionMiddleware(app, sessions, "sid_1"))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        await client.get("/")
        before = client.cookies["sid_1"]
        assert (await client.get("/in")).text == "2"
        assert client.cookies["sid_1"] != before
        assert sessions.get(before) is None
        client.cookies.set("sid_1", "made-up")
        assert (await client.get("/", headers={"Cookie": "sid_1=made-up"})).text == "1"


@pytest.fixture(params=["portal", "electricity"])
def service(request, tmp_path):  # type: ignore[no-untyped-def]
    config = Config(request.param, "http://127.0.0.1:9", "http://localhost:8799", "c", secret="s")
    if request.param == "portal":
        return portal.make(config)
    stock.fill(tmp_path)
    return electricity.make(config, tmp_path)


async def test_pages_without_the_provider(service):
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8799") as client:
        for path, status in (("/", 200), ("/?lang=en", 200), ("/signed-out", 200), ("/sign-in", 503), ("/back?code=x&state=y", 400), ("/style.css", 200), ("/mark.svg", 200)):
            page = await client.get(path)
            assert page.status_code == status, (path, page.text)
        assert "no-store" in (await client.get("/")).headers["cache-control"]
        assert (await client.post("/sign-out")).status_code == 303
        assert (await client.post("/backchannel-logout", data={"logout_token": "x"})).status_code == 400


async def test_the_portals_form_asks_for_what_was_not_told_and_shows_what_it_received():
    app = portal.make(Config("portal", "http://127.0.0.1:9", "http://localhost:8799", "c", secret="s"))
    claims = {"name": "Nguyễn Văn Minh", "birthdate": "", "personal_id": "", "address": "Tổ 3", "organisations": None}
    app.user_middleware[0].kwargs["sessions"].keep("k", {"sub": "p", "form": "t", "claims": claims})
    cookies = {"portal_session_8799": "k"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8799", cookies=cookies, follow_redirects=True) as client:
        assert "2 trong 4 ô" in (await client.get("/")).text
        form = {"_token": "t", "name": "Ai Khác", "birthdate": "3/11/1987", "personal_id": ""}
        short = await client.post("/apply", data=form)
        assert short.status_code == 422 and "Còn ô trống" in short.text and 'value="3/11/1987"' in short.text
        done = (await client.post("/apply", data={**form, "personal_id": "049087004512"})).text
        assert all(text in done for text in ("Đã nhận hồ sơ", "Nguyễn Văn Minh", "3/11/1987", "049087004512", "Tổ 3"))
        assert "<form" not in done.partition("<main")[2] and "Ai Khác" not in done
        assert "Submit another application" in (await client.get("/?done=1&lang=en")).text


async def test_the_old_way_in_until_it_is_linked(tmp_path):
    stock.fill(tmp_path)
    app = electricity.make(Config("electricity", "http://127.0.0.1:9", "http://localhost:8799", "c", secret="s"), tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8799", follow_redirects=True) as client:
        page = await client.get("/")
        token = page.text.split('name="_token" value="')[1].split('"')[0]
        form = {"_token": token, "customer_no": "pc05002345", "password": stock.PASSWORD}
        assert "PC05002345" not in (await client.post("/old-sign-in", data={**form, "_token": "x"})).text.replace("placeholder=\"PC05002345\"", "")
        assert "không đúng" in (await client.post("/old-sign-in", data={**form, "password": "x"})).text
        assert "Khách hàng PC05002345" in (await client.post("/old-sign-in", data=form)).text
        for _ in range(5):
            page = await client.post("/old-sign-in", data={**form, "password": "x"})
        assert "Thử sai nhiều lần" in page.text


@pytest.mark.parametrize(
    ("error", "said"),
    [("authorization_pending", "Đang chờ khách"), ("slow_down", "Đang chờ khách"), ("access_denied", "đã từ chối"), ("expired_token", "Không có trả lời"),
     ("invalid_grant", "Chưa hỏi được"), ("", "đã đồng ý")],
)  # fmt: skip
async def test_the_counter_asks_once_and_says_how_it_was_answered(tmp_path, monkeypatch, error, said):
    asked: list[str] = []

    def provider(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path + " " + request.content.decode())
        if request.url.path == "/oidc/bc-authorize":
            return httpx.Response(200, json={"auth_req_id": "r", "expires_in": 180, "interval": 0})
        if request.url.path == "/oidc/userinfo":
            return httpx.Response(200, json={"sub": "p", "name": "Trần Thị Hoà"})
        return httpx.Response(400, json={"error": error}) if error else httpx.Response(200, json={"access_token": "t", "id_token": "i"})

    async def parsed(self: Any, token: Any, nonce: Any) -> dict[str, str]:
        return {"sub": "p"}

    stock.fill(tmp_path)
    config, customers = Config("electricity", "http://provider", "http://localhost:8799", "c", secret="s"), Customers(tmp_path / "customers.db")
    service = Service(config, "", lambda request, claims: None)
    monkeypatch.setattr(type(service.client), "parse_id_token", parsed)
    app = service.app(Counter(config, service, customers, httpx.MockTransport(provider)).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8799", follow_redirects=True) as client:
        token = (await client.get("/counter")).text.split('name="_token" value="')[1].split('"')[0]
        assert "Nhập số" in (await client.post("/counter", data={"_token": "x", "number": "049190012345", "matter": "owner"})).text
        page = await client.post("/counter", data={"_token": token, "number": "049190012345", "matter": "owner"})
        assert said in page.text, page.text
        assert ('http-equiv="refresh"' in page.text) == ("Đang chờ" in said), "moves by itself while it waits, and no longer"
        assert ("Trần Thị Hoà" in page.text) == (not error)
        assert [one.split()[0] for one in asked[:2]] == ["/oidc/bc-authorize", "/oidc/token"]
        assert "binding_message=Qu" in asked[0] and "049190012345" not in page.text
        assert "Hỏi trên điện thoại" in (await client.post("/counter/next", data={"_token": token})).text
