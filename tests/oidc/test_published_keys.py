"""Keys published at an address of the client's own, the list of a sector's addresses, and pings of CIBA: all go out through the guarded way."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import Invalid
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
from dancu.oidc.service import outbound, pings, published, registration, renewing, sectors
from dancu.oidc.service.ciba import GRANT
from dancu.oidc.service.seal import Sealer
from tests.oidc.conftest import ISSUER, Citizen, Make, Site, _key, _public
from tests.oidc.flows import Journey, error_of
from tests.oidc.test_ciba import ask, decide, number_of, poll

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADDRESS = "https://service.example/jwks"
NOTIFY = "https://service.example/ciba"
SECTOR = "https://Nhom.example/danh-sach.json"


class World:
    """What others answer, and what they were sent."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.sent: list[tuple[str, Any, Any]] = []

    async def call(self, method: str, url: str, *, json: Any = None, headers: Any = None, local: bool = False, **more: Any) -> tuple[int, bytes]:
        self.sent.append((url, json, headers))
        if url not in self.answers:
            raise outbound.Failed("outbound.unreachable", "the name is not known")
        return self.answers[url]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(outbound, "call", made.call)
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def worker(site: Site):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker"), autocommit=True) as conn:
        yield conn


def keys(*many: Any) -> bytes:
    return json.dumps({"keys": [_public(one) for one in many]}).encode()


async def registered(site: Site) -> Any:
    wish = registration.Wish("Bệnh viện", ("https://service.example/back",), "ubnd-tinh", profile=Profile.FAPI2, jwks_uri=ADDRESS)
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        client, _ = await registration.register(conn, SYSTEM, wish)
    return client


async def kept(site: Site, client: Any) -> list[str]:
    ((found,),) = await site.sql("SELECT jwks FROM oidc.client WHERE client_no = %s", (client.client_no,))
    return [one["kid"] for one in found["keys"]]


async def test_keys_are_read_at_registration_and_follow_the_client(site: Site, world: World, worker: Any) -> None:
    first, second = _key(), _key()
    world.answers[ADDRESS] = (200, keys(first))
    client = await registered(site)
    assert await kept(site, client) == [first.kid]
    assert registration.metadata(client)["jwks_uri"] == ADDRESS
    world.answers[ADDRESS] = (200, keys(first, second))
    async with worker.transaction():
        assert await published.refresh(worker) >= 1
    assert await kept(site, client) == [first.kid, second.kid]
    for nonsense in ((500, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}'), (200, b'{"keys": [{"kty": "oct", "k": "AA"}]}')):
        world.answers[ADDRESS] = nonsense
        async with worker.transaction():
            await published.refresh(worker)
        assert await kept(site, client) == [first.kid, second.kid], "the last good set stays"
    await site.sql("UPDATE oidc.client SET jwks_uri = '' WHERE client_no = %s", (client.client_no,))


async def test_a_new_key_is_taken_at_once_and_nobody_makes_us_ask_without_end(
    site: Site, world: World, worker: Any, make_service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await make_service("fapi2", jwks_uri=ADDRESS)
    newer, foreign = _key(), _key()

    async def ask(key: Any) -> int:
        async with site.http() as http:
            body = {"grant_type": "client_credentials", **replace(service, key=key).credentials()}
            return (await http.post("/oidc/token", data=body, headers={"DPoP": service.proof("/oidc/token")})).status_code

    world.answers[ADDRESS] = (200, keys(service.key, newer))
    assert await ask(service.key) == 200 and not world.sent, "a known key asks nobody"
    assert await asyncio.gather(*(ask(newer) for _ in range(5))) == [200] * 5
    assert len(world.sent) == 1, "one asks for all who wait"
    assert [await ask(foreign) for _ in range(3)] == [401] * 3
    assert len(world.sent) == 1, "once a minute at most"
    monkeypatch.setattr(renewing, "EVERY_SECONDS", 0.0)
    site.app.state.oidc._newer._next.clear()
    world.answers[ADDRESS] = (503, b"")
    assert await ask(foreign) == 401 and await ask(newer) == 200, "what was read stays while the address cannot be read"
    # The hourly look finds that the client took the key back: what was read here before counts no more.
    world.answers[ADDRESS] = (200, keys(foreign))
    async with worker.transaction():
        await published.refresh(worker)
    site.app.state.oidc.forget(service.id)
    assert await ask(foreign) == 200 and await ask(newer) == 401
    await site.sql("UPDATE oidc.client SET jwks_uri = '' WHERE client_no = %s", (service.client.client_no,))


@pytest.mark.parametrize("way", ["/oidc/authorize", "/oidc/par", "/oidc/bc-authorize"])
async def test_a_request_signed_with_a_new_key_is_read_wherever_it_comes(site: Site, world: World, make_service: Make, way: str) -> None:
    service = await make_service("basic", jwks={"keys": [_public(_key())]}, jwks_uri=ADDRESS, grant_types=frozenset({"authorization_code", GRANT}))
    journey, now = Journey(site, service, None), int(time.time())
    inside = {**journey.request(), "login_hint": "049090000001", "iss": service.id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, "jti": "j"}
    params = {**journey.request(), "request": service.sign(inside)}
    world.answers[ADDRESS] = (200, keys(service.key))
    async with site.http() as http:
        if way == "/oidc/authorize":
            assert (await http.get(way, params=params)).headers["location"].startswith("/eid/sign-in")
        else:
            assert (await http.post(way, data={"request": params["request"], **journey.credentials()})).is_success
    assert len(world.sent) == 1
    await site.sql("UPDATE oidc.client SET jwks_uri = '' WHERE client_no = %s", (service.client.client_no,))


@pytest.mark.parametrize("answer", [None, (404, b""), (200, b"{}"), (200, b"x" * 10), (200, b"[" * 5000)])
async def test_an_address_that_cannot_be_read_is_not_registered(site: Site, world: World, answer: Any) -> None:
    if answer is not None:
        world.answers[ADDRESS] = answer
    with pytest.raises(Invalid, match=r"oidc\.jwks_uri"):
        await registered(site)


async def test_nothing_inside_our_own_network_is_asked() -> None:
    for inside in ("http://127.0.0.1/jwks", "https://127.0.0.1/jwks", "https://10.0.0.1/jwks", "https://localhost/jwks", "file:///etc/passwd"):
        with pytest.raises(Invalid, match=r"oidc\.jwks_uri"):
            await published.read(inside)
        with pytest.raises(Invalid) as refused:
            await sectors.declared(Client(0, "x", "A", "ubnd-tinh", Profile.BASIC, ClientState.TEST, AuthMethod.SECRET_BASIC, "x", sector_identifier_uri=inside))
        assert refused.value.fields[0].code == "oidc.sector_uri"


async def of_a_sector(site: Site, host: str, org_code: str = "ubnd-tinh", **wishes: Any) -> Any:
    usual = {"redirect_uris": (f"https://{host}/back",), "profile": Profile.BASIC, "sector_identifier_uri": SECTOR}
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        client, _ = await registration.register(conn, SYSTEM, registration.Wish("Tra cứu", org_code=org_code, **{**usual, **wishes}))
    return client


async def test_a_sector_is_the_host_of_a_list_that_holds_every_address(site: Site, world: World) -> None:
    """OpenID Connect Core 8.1, Dynamic Client Registration 5."""

    async def refused(*args: Any, **wishes: Any) -> str:
        with pytest.raises(Invalid, match=r"oidc\.client\.invalid") as found:
            await of_a_sector(site, *args, **wishes)
        return str(found.value.fields[0].code)

    assert await refused("a.example") == "oidc.sector_uri", "nothing is there"
    for nonsense in ((404, b"[]"), (302, b"[]"), (200, b"<html>"), (200, b"{}"), (200, b'["https://a.example/back", 5]'), (200, b"[" * 5000)):
        world.answers[SECTOR] = nonsense
        assert await refused("a.example") == "oidc.sector_uri", nonsense
    world.answers[SECTOR] = (200, json.dumps(["https://a.example/back", "https://b.example/back"]).encode())
    both = [await of_a_sector(site, host) for host in ("a.example", "b.example")]
    assert [one.sector for one in both] == ["nhom.example"] * 2, "different hosts, one name for a person"
    assert registration.metadata(both[0])["sector_identifier_uri"] == SECTOR
    for other in ("https://c.example/back", "https://a.example/back/", "https://a.example/BACK"):
        assert await refused("a.example", redirect_uris=("https://a.example/back", other)) == "oidc.sector_uri.lacks", other
    assert await refused("a.example", sector="nhom.example") == "oidc.sector.both"
    assert await refused("a.example", sector_identifier_uri=SECTOR + "x" * 2000) == "oidc.sector_uri"
    # One organisation's, whoever registers it, and by whichever of the three ways.
    assert await refused("a.example", "evn") == "oidc.sector.taken"
    assert await refused("a.example", "evn", sector="nhom.example", sector_identifier_uri="") == "oidc.sector.taken"
    alone = await of_a_sector(site, "nhom.example", "evn", sector_identifier_uri="")
    assert alone.sector == alone.client_id
    asked = len(world.sent)
    assert await refused("a.example", redirect_uris=("http://a.example/",)) == "oidc.redirect_uri" and len(world.sent) == asked, "what is refused anyway asks nobody"


async def test_a_client_that_wants_to_be_pinged_hears_that_it_was_answered(
    site: Site, citizen: Citizen, make_service: Make, world: World, worker: Any, tmp_path: Any
) -> None:
    service = await make_service("basic", grant_types=frozenset({GRANT}), ciba_notification_uri=NOTIFY)
    number, sealer = await number_of(site, citizen), Sealer(tmp_path / "keys" / "oidc")
    assert error_of(await ask(site, service, number)) == "invalid_request", "without its token"
    for bad in ("a b", "x" * 1025, "é"):
        assert error_of(await ask(site, service, number, client_notification_token=bad)) == "invalid_request"
    made = (await ask(site, service, number, client_notification_token="tok-1")).json()
    world.answers[NOTIFY] = (503, b"")
    assert await pings.send(worker, sealer) == 0, "nobody answered yet"
    await decide(site, citizen, approve=True)
    assert await pings.send(worker, sealer) == 1
    assert await pings.send(worker, sealer) == 0, "the next try comes later"
    await site.sql("UPDATE oidc.backchannel_request SET pinged_at = now() - interval '1 minute' WHERE ping <> ''")
    world.answers[NOTIFY] = (204, b"")
    assert await pings.send(worker, sealer) == 1
    assert world.sent[-1] == (NOTIFY, {"auth_req_id": made["auth_req_id"]}, {"Authorization": "Bearer tok-1"})
    assert await pings.send(worker, sealer) == 0, "once"
    assert (await poll(site, service, made["auth_req_id"])).status_code == 200


async def test_what_a_ping_carries_stands_nowhere_in_the_clear(
    site: Site, citizen: Citizen, make_service: Make
) -> None:
    service = await make_service("basic", grant_types=frozenset({GRANT}), ciba_notification_uri=NOTIFY)
    made = (await ask(site, service, await number_of(site, citizen), client_notification_token="tok-secret")).json()
    rows = await site.sql("SELECT * FROM oidc.backchannel_request")
    assert "tok-secret" not in str(rows)
    assert made["auth_req_id"] not in str(rows)
