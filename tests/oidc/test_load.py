"""More than can be done: said with 429 or 503 and when to come back; nothing accepted is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dancu.kit.limits import Rate, TokenBuckets
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
