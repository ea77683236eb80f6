"""More than can be done: said with 429 or 503 and when to come back; nothing accepted is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dancu.kernel.errors import Unavailable
from dancu.kit.admission import Bound
from dancu.kit.limits import Rate, TokenBuckets
from dancu.oidc.service.clients import ClientCache
from dancu.oidc.service.minting import Minting
from tests.oidc.conftest import Make, Site
from tests.oidc.flows import Journey, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_client_that_asks_too_fast(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    ask = {"grant_type": "client_credentials", **journey.credentials()}
    assert (await journey.ask(ask)).status_code == 200
    site.app.state.oidc._rates = TokenBuckets(Rate(1, 2))
    answers = [await journey.ask(ask) for _ in range(4)]
    late = answers[-1]
    assert [a.status_code for a in answers[:2]] == [200, 200] and late.status_code == 429
    assert error_of(late) == "temporarily_unavailable" and int(late.headers["retry-after"]) >= 1
    other = Journey(site, await make_service("basic"), None)
    assert (await other.ask({"grant_type": "client_credentials", **other.credentials()})).status_code == 200


async def test_a_full_queue_is_said_at_once(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    ask = {"grant_type": "client_credentials", **journey.credentials()}
    assert (await journey.ask(ask)).status_code == 200
    provider = site.app.state.oidc
    provider.minting = Minting(provider.connect, lanes=1, batch=1, queue=3)
    answers = await asyncio.gather(*(journey.ask(ask) for _ in range(12)))
    statuses = [a.status_code for a in answers]
    assert set(statuses) == {200, 503} and all("retry-after" in a.headers for a in answers if a.status_code == 503)
    recorded = await site.sql("SELECT count(*) FROM audit.pending WHERE actor_id = %s", (journey.service.client.client_no,))
    assert recorded[0][0] == 1 + statuses.count(200), "every token given is in the log, and no other"


async def test_one_bad_request_of_a_batch_fails_alone(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    await journey.ask({"grant_type": "client_credentials", **journey.credentials()})
    minting, client = site.app.state.oidc.minting, journey.service.client
    good: tuple[Any, ...] = (client.client_no, client.org_code, "", "a", ())
    bad: tuple[Any, ...] = (client.client_no, client.org_code, "nul\x00", "a", ())
    answers = await asyncio.gather(*(minting.record(one) for one in (good, bad, good)), return_exceptions=True)
    assert answers[0] is True and answers[2] is True and isinstance(answers[1], Exception)


async def test_more_than_can_be_answered_is_refused_at_the_door(site: Site, make_service: Make) -> None:
    """Before a key is looked up or a signature verified: also for what would have been refused for another reason."""
    journey = Journey(site, await make_service("basic"), None)
    ask = {"grant_type": "client_credentials", **journey.credentials()}
    assert (await journey.ask(ask)).status_code == 200
    site.app.state.admission._bound = Bound(least=4, most=4)
    answers = await asyncio.gather(*(journey.ask(ask) for _ in range(12)))
    good, refused = [a for a in answers if a.status_code == 200], [a for a in answers if a.status_code != 200]
    assert len(good) == 4 and {a.status_code for a in refused} == {503}
    assert {error_of(a) for a in refused} == {"temporarily_unavailable"} and all(int(a.headers["retry-after"]) for a in refused)
    recorded = await site.sql("SELECT count(*) FROM audit.pending WHERE actor_id = %s", (journey.service.client.client_no,))
    assert recorded[0][0] == 5, "every token given is in the log, and no other"
    site.app.state.admission._bound = Bound(least=0, most=0)
    async with site.http() as http:
        for method, path in (("POST", "token"), ("POST", "par"), ("POST", "introspect"), ("POST", "userinfo"), ("GET", "userinfo"), ("HEAD", "userinfo")):
            busy = await http.request(method, f"/oidc/{path}")
            assert busy.status_code == 503 and busy.headers["retry-after"] and busy.headers["access-control-allow-origin"] == "*"
        assert (await http.get("/oidc/jwks")).status_code == 200
    site.app.state.admission._bound = Bound()
    assert (await journey.ask(ask)).status_code == 200


async def test_who_waited_too_long_is_refused_and_nothing_of_it_is_spent(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    await journey.ask({"grant_type": "client_credentials", **journey.credentials()})
    client, provider = journey.service.client, site.app.state.oidc
    slow = Minting(provider.connect, lanes=1, batch=1, patience=0.0)
    asked: tuple[Any, ...] = (client.client_no, client.org_code, "", "a", ())
    answers = await asyncio.gather(*(slow.record(asked) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in answers)
    recorded = await site.sql("SELECT count(*) FROM audit.pending WHERE actor_id = %s", (client.client_no,))
    assert recorded[0][0] == 1


async def test_many_who_miss_the_same_client_ask_the_database_once(site: Site, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic"), None)
    await journey.ask({"grant_type": "client_credentials", **journey.credentials()})
    provider, asked = site.app.state.oidc, 0
    provider._clients, connect = ClientCache(), provider.connect

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return connect()

    provider.connect = counted
    first = asyncio.create_task(provider.client(journey.service.id))
    others = [asyncio.create_task(provider.client(journey.service.id)) for _ in range(30)]
    await asyncio.sleep(0)
    first.cancel()
    assert {one.client_no for one in await asyncio.gather(*others)} == {journey.service.client.client_no} and asked == 1
    assert await provider.client(journey.service.id) and asked == 1
    assert await asyncio.gather(*(provider.client("nobody") for _ in range(5))) == [None] * 5 and asked == 2


async def test_a_look_up_does_not_outlive_the_change_it_missed(site: Site, make_service: Make) -> None:
    """Suspended while somebody was looking: they may get what they saw, the next asks again. A failure is not kept either."""
    client, cache, go = (await make_service("basic")).client, ClientCache(), asyncio.Event()

    async def before_the_change() -> Any:
        await go.wait()
        return client

    async def after() -> None:
        return None

    async def broken() -> None:
        raise Unavailable("db.unavailable", "x")

    early = asyncio.create_task(cache.look(client.client_id, before_the_change))
    await asyncio.sleep(0)
    cache.forget(client.client_id)
    assert await cache.look(client.client_id, after) is None
    go.set()
    assert await early is client and cache.get(client.client_id) is None
    with pytest.raises(Unavailable):
        await cache.look(client.client_id, broken)
    assert await cache.look(client.client_id, after) is None
