"""Signing out at one service signs out of all: the browser's way, and what the other services are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from joserfc import jwk, jwt

from dancu.oidc.service import notices, outbound
from dancu.oidc.service.keys import SigningKeys
from dancu.oidc.service.seal import Sealer
from dancu.oidc.store import notices as store
from tests.oidc.conftest import Citizen, Make, Service, Site
from tests.oidc.flows import Journey

pytestmark = pytest.mark.asyncio(loop_scope="session")
AFTER = "https://service.example/signed-out"


async def leave(site: Site, citizen: Citizen | None, **params: str):  # type: ignore[no-untyped-def]
    async with site.browser(citizen) as browser:
        return await browser.get("/oidc/logout", params=params)


async def ended(site: Site, citizen: Citizen) -> bool:
    ((there,),) = await site.sql("SELECT ended_at IS NOT NULL FROM accounts.sign_in WHERE person_key = %s", (citizen.key,))
    return bool(there)


async def test_a_service_signs_its_own_citizen_out(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service(post_logout_redirect_uris=(AFTER,))
    journey = Journey(site, service, citizen)
    made = await journey.signed_in()
    answer = await leave(site, citizen, id_token_hint=made["id_token"], post_logout_redirect_uri=AFTER, state="s t")
    assert answer.status_code == 303 and answer.headers["location"] == f"{AFTER}?state=s+t"
    assert "dancu_session=" in answer.headers["set-cookie"]
    assert await ended(site, citizen)
    assert (await journey.userinfo(made["access_token"])).status_code == 401, "what lives as long as the session ends with it"
    assert (await journey.authorize()).headers["location"].startswith("/eid/sign-in")
    again = await leave(site, citizen, id_token_hint=made["id_token"], post_logout_redirect_uri=AFTER)
    assert again.headers["location"] == AFTER, "signed out already: back all the same"


async def test_offline_access_goes_on(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic")
    journey = Journey(site, service, citizen, scope="openid offline_access")
    made = await journey.signed_in()
    assert (await leave(site, citizen, id_token_hint=made["id_token"])).status_code == 200
    assert (await journey.refresh(made["refresh_token"])).status_code == 200


async def test_without_proof_the_citizen_is_asked(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", post_logout_redirect_uris=(AFTER,))
    for params in ({}, {"client_id": service.id, "post_logout_redirect_uri": AFTER}):
        page = await leave(site, citizen, **params)
        assert page.status_code == 200 and "/oidc/logout/answer" in page.text
        assert not await ended(site, citizen), "a link alone signs nobody out"


@pytest.mark.parametrize(("word", "gone"), [("no", False), ("yes", True)])
async def test_the_citizens_answer(site: Site, citizen: Citizen, make_service: Make, word: str, gone: bool) -> None:
    service = await make_service("basic", post_logout_redirect_uris=(AFTER,))
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/logout", params={"client_id": service.id, "post_logout_redirect_uri": AFTER})
        form = _hidden(page.text)
        forged = await browser.post("/oidc/logout/answer", data={"flow": form["flow"], "answer": "yes"})
        assert forged.status_code == 403, "another site's form"
        answer = await browser.post("/oidc/logout/answer", data={**form, "answer": word}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 200 and AFTER in answer.text
    assert await ended(site, citizen) is gone


def _hidden(html: str) -> dict[str, str]:
    import html as entities
    import re

    found = re.findall(r'<input type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', html)
    return {name: entities.unescape(value) for name, value in found}


async def test_somebody_elses_id_token_signs_nobody_out(site: Site, registry: Any, citizen: Citizen, make_service: Make) -> None:
    from tests.oidc.conftest import make_citizen

    service = await make_service("basic")
    other = await make_citizen(registry)
    made = await Journey(site, service, other).signed_in()
    page = await leave(site, citizen, id_token_hint=made["id_token"])
    assert page.status_code == 200 and "/oidc/logout/answer" in page.text and not await ended(site, citizen)


async def test_an_id_token_whose_key_is_gone_asks_the_citizen(site: Site, citizen: Citizen, make_service: Make, tmp_path: Path) -> None:
    """Signed in at a service for longer than keys live: signing out there is no error, and its link alone signs nobody out."""
    service = await make_service("basic", post_logout_redirect_uris=(AFTER,))
    hint = (await Journey(site, service, citizen).signed_in())["id_token"]
    site.app.state.oidc.keys = SigningKeys(tmp_path / "newer")
    page = await leave(site, citizen, id_token_hint=hint, post_logout_redirect_uri=AFTER)
    assert page.status_code == 200 and 'action="/oidc/logout/answer"' in page.text
    assert not await ended(site, citizen)
    refused = await leave(site, citizen, id_token_hint=hint, post_logout_redirect_uri="https://evil.example/")
    assert refused.status_code == 400 and "Chưa đăng xuất được" in refused.text


async def test_nobody_is_sent_where_the_client_did_not_say(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, other = await make_service("basic", post_logout_redirect_uris=(AFTER,)), await make_service("basic")
    hint = (await Journey(site, service, citizen).signed_in())["id_token"]
    access = (await Journey(site, service, citizen).signed_in())["access_token"]
    for params in (
        {"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"},
        {"id_token_hint": hint, "post_logout_redirect_uri": AFTER + "/x"},
        {"post_logout_redirect_uri": AFTER},
        {"client_id": "nobody", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": hint, "client_id": other.id, "post_logout_redirect_uri": AFTER},
        {"id_token_hint": hint[:-3] + "AAA", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": access, "post_logout_redirect_uri": AFTER},
        {"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "x" * 2001},
    ):
        answer = await leave(site, citizen, **params)
        assert answer.status_code == 400 and "location" not in answer.headers, params
    assert not await ended(site, citizen)


async def test_a_posted_request_goes_on_by_get(site: Site) -> None:
    async with site.http() as http:
        answer = await http.post("/oidc/logout", data={"state": "x&y"})
        assert answer.status_code == 303 and answer.headers["location"] == "/oidc/logout?state=x%26y"


# Back-channel ----------------------------------------------------------------------------------------------------------


class Told:
    """A service's logout address on this machine; answers what it is told to."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.status, self.port = 200, 0

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/out"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        self.tokens.append(parse_qs((await reader.readexactly(length)).decode())["logout_token"][0])
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Told]:
    told = Told()
    server = await asyncio.start_server(told.handle, "127.0.0.1", 0)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()


@pytest.fixture
def keys(site: Site, tmp_path: Path) -> tuple[SigningKeys, Sealer]:
    return SigningKeys(tmp_path / "keys" / "oidc"), Sealer(tmp_path / "keys" / "oidc")


@asynccontextmanager
async def worker(site: Site) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker"), autocommit=True) as conn:
        yield conn


async def read(site: Site, token: str) -> dict[str, Any]:
    async with site.http() as http:
        keys = jwk.KeySet.import_key_set((await http.get("/oidc/jwks")).json())
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "logout+jwt"
    return dict(decoded.claims)


async def two(site: Site, citizen: Citizen, make_service: Make, told: Told) -> tuple[Service, Service, dict[str, Any], dict[str, Any]]:
    first = await make_service("basic", backchannel_logout_uri=told.uri)
    second = await make_service("basic", backchannel_logout_uri=told.uri)
    return first, second, await Journey(site, first, citizen).signed_in(), await Journey(site, second, citizen).signed_in()


async def test_every_service_of_the_sign_in_is_told_once(site: Site, citizen: Citizen, make_service: Make, keys: Any) -> None:
    async with listening() as told, worker(site) as conn:
        first, second, made, other = await two(site, citizen, make_service, told)
        await leave(site, citizen, id_token_hint=made["id_token"])
        assert await notices.tell(conn, *keys, demo=True) == 2
        assert await notices.tell(conn, *keys, demo=True) == 0
        assert await store.end_revoked(conn, timedelta(hours=1)) == 0, "told already"
    said = {claims["aud"]: claims for claims in [await read(site, token) for token in told.tokens]}
    assert set(said) == {first.id, second.id}
    for service, answer in ((first, made), (second, other)):
        claims, id_claims = said[service.id], jwt.decode(answer["id_token"], _any_keys(await _jwks(site)), algorithms=["ES256"]).claims
        assert claims["sid"] == id_claims["sid"] and claims["sub"] == id_claims["sub"] and claims["iss"] == "http://localhost"
        assert claims["events"] == {notices.EVENT: {}} and "nonce" not in claims and claims["exp"] - claims["iat"] <= 120
    assert said[first.id]["sid"] != said[second.id]["sid"], "two services cannot compare what they know"


async def _jwks(site: Site) -> dict[str, Any]:
    async with site.http() as http:
        return dict((await http.get("/oidc/jwks")).json())


def _any_keys(keys: dict[str, Any]) -> Any:
    return jwk.KeySet.import_key_set(keys)  # type: ignore[arg-type]


async def test_sessions_that_end_elsewhere_are_noticed(site: Site, citizen: Citizen, make_service: Make, keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCU_PUBLIC_URL", "http://localhost")
    async with listening() as told, worker(site) as conn:
        await two(site, citizen, make_service, told)
        assert await store.end_revoked(conn, timedelta(hours=1)) == 0
        await site.sql("UPDATE access.session SET revoked_at = now() WHERE actor_kind = 'citizen' AND actor_id = %s", (citizen.key,))
        assert await store.end_revoked(conn, timedelta(hours=1)) == 2
        await notices.tell(conn, *keys, demo=True)
    assert len(told.tokens) == 2 and (await read(site, told.tokens[0]))["iss"] == "http://localhost"


async def test_a_lock_is_told(site: Site, citizen: Citizen, make_service: Make, keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCU_PUBLIC_URL", "http://localhost")
    async with listening() as told, worker(site) as conn:
        await two(site, citizen, make_service, told)
        assert await store.end_of_person(conn, citizen.key) == 0, "not moved on"
        await site.sql("UPDATE accounts.account SET state = 'locked', lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
        assert await store.end_of_person(conn, citizen.key) == 2
        await notices.tell(conn, *keys, demo=True)
    assert len(told.tokens) == 2


async def test_a_service_that_does_not_answer_is_told_again(site: Site, citizen: Citizen, make_service: Make, keys: Any) -> None:
    async with listening() as told, worker(site) as conn:
        service = await make_service("basic", backchannel_logout_uri=told.uri)
        made = await Journey(site, service, citizen).signed_in()
        await leave(site, citizen, id_token_hint=made["id_token"])
        told.status = 503
        tries = 0
        while await notices.tell(conn, *keys, demo=True):
            tries += 1
            assert await notices.tell(conn, *keys, demo=True) == 0, "not at once"
            await site.sql("UPDATE oidc.logout_notice SET due_at = now() WHERE person_key = %s", (citizen.key,))
        assert tries == len(notices.PAUSES) + 1 == len(set(told.tokens)), "each time a token of its own, and then given up"
    ((error, done),) = await site.sql("SELECT error, done_at IS NOT NULL FROM oidc.logout_notice WHERE person_key = %s", (citizen.key,))
    assert error == "answered 503" and done


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://10.1.2.3/x", "https://169.254.169.254/latest", "https://[::1]/x", "https://[::ffff:10.0.0.1]/x",
        "https://[fd00::1]/x", "https://localhost/x", "https://0.0.0.0/x", "https://100.64.0.1/", "https://224.0.0.1/", "http://example.com/",
        "ftp://example.com/", "https://user@example.com/", "https://no-such-name.invalid/", "https://[::1", "https://2130706433/", "https://0x7f.1/",
    ],
)  # fmt: skip
async def test_no_call_goes_into_our_own_network(url: str) -> None:
    with pytest.raises(outbound.Failed):
        await outbound.call("POST", url, form={})


async def test_a_demonstration_may_call_this_machine_and_no_other() -> None:
    async with listening() as told:
        assert await outbound.call("POST", told.uri, form={"logout_token": "t"}, local=True) == (200, b"")
        assert urlsplit(told.uri).hostname == "127.0.0.1" and told.tokens == ["t"]
    with pytest.raises(outbound.Failed):
        await outbound.call("POST", "http://10.0.0.1/", form={}, local=True)


async def test_discovery_names_them(site: Site) -> None:
    async with site.http() as http:
        said = (await http.get("/.well-known/openid-configuration")).json()
    assert said["end_session_endpoint"].endswith("/oidc/logout") and said["backchannel_logout_supported"]
    assert said["introspection_endpoint"].endswith("/oidc/introspect") and said["revocation_endpoint"].endswith("/oidc/revoke")
