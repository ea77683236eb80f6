"""Estonia's data tracker: who used the data of a person, by pages and periods, asked by the person or who speaks for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import httpx
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from dancu import app as composition
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind, Channel, Purpose
from dancu.population import service as population
from dancu.settings import Settings
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

pytestmark = pytest.mark.asyncio
MOTHER, CHILD, OTHER, THIRD = "049190030001", "049218030002", "049190030003", "049190030004"
CLIENT = {"X-Road-Client": "ee-test/GOV/70006317/datatracker"}


@pytest.fixture
async def client(registry, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(composition, "dsn", lambda role, data=None: registry.dsn(role))
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    application = composition.build_dialect(Settings(data=tmp_path, demo=True), "findusage")
    async with application.router.lifespan_context(application):
        yield httpx.AsyncClient(transport=httpx.ASGITransport(application, client=("127.0.0.1", 1)), base_url="http://localhost", headers=CLIENT)


@pytest.fixture(scope="module")
def log(tmp_path_factory):  # type: ignore[no-untyped-def]
    """Where this module's database has the key and checkpoints of its log."""
    return tmp_path_factory.mktemp("log")


async def sequenced(registry, folder):  # type: ignore[no-untyped-def]
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
        signer = await audit.signer_of_log(conn, folder / "keys", folder / "checkpoints")
        while await audit.sequence_once(conn, signer):
            await conn.commit()
        await conn.commit()
        await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")


async def ask(client, code, asker=None, version="v2", **query):  # type: ignore[no-untyped-def]
    return await client.get(f"/{version}/findUsage", params={"userCode": code, **query}, headers={"X-Road-UserId": asker or code})


async def test_pages_and_periods(client, registry, office, log):  # type: ignore[no-untyped-def]
    await office.person(number=OTHER)
    await office.conn.commit()
    for _ in range(7):  # each look at the list is itself in the list
        assert (await ask(client, f"VN{OTHER}")).status_code == 200
    await sequenced(registry, log)
    whole = (await ask(client, OTHER)).json()
    total, uses = whole["totalUsages"], whole["usages"]
    assert total == len(uses) >= 8
    assert all(set(one) == {"logtime", "action", "receiverCode", "receiverName", "receiverSystem"} for one in uses)
    times = [one["logtime"] for one in uses]
    assert times == sorted(times, reverse=True) and times[0].endswith("Z")
    # Any page is a stretch of the whole, and the whole is said with each.
    for offset, limit in ((0, 3), (3, 3), (total - 1, 5), (total, 5), (0, 0)):
        page = (await ask(client, OTHER, offset=offset, limit=limit)).json()
        assert page == {"totalUsages": total, "usages": uses[offset : offset + limit]}, (offset, limit)
    # A period takes both its ends in.
    for first, last in ((1, 4), (0, 0), (total - 1, total - 1)):
        found = (await ask(client, OTHER, periodStart=times[last], periodEnd=times[first])).json()
        assert [one["logtime"] for one in found["usages"]] == times[first : last + 1] and found["totalUsages"] == last - first + 1
    for ends in ({"periodEnd": "2001-01-01T00:00:00Z"}, {"periodStart": "2101-01-01T00:00:00+07:00"}, {"periodStart": times[0], "periodEnd": times[-1]}):
        assert (await ask(client, OTHER, **ends)).json() == {"totalUsages": 0, "usages": []}


async def test_only_who_speaks_for_the_person_is_answered(client, office):  # type: ignore[no-untyped-def]
    mother, child = await office.person(number=MOTHER), await office.person("Trần Văn Bé", number=CHILD)
    await office(population.set_representative, child, representative=mother, since=date(2025, 8, 1))
    await office.conn.commit()
    assert (await ask(client, f"VN{CHILD}", f"VN{MOTHER}")).status_code == 200
    refused = await ask(client, MOTHER, CHILD)
    assert (refused.status_code, refused.json()["code"]) == (403, "usage.not_represented")


@pytest.mark.parametrize(("code", "query"), [
    ("x", {}), ("EE12345678901", {}), (OTHER, {"limit": "10001"}), (OTHER, {"limit": "-1"}), (OTHER, {"offset": "x"}), (OTHER, {"offset": "9" * 30}),
    (OTHER, {"periodStart": "2021-01-31"}), (OTHER, {"periodStart": "2021-01-31T10:20:30"}), (OTHER, {"periodEnd": "0001-01-01T00:00:00+14:00"}),
])  # fmt: skip
async def test_bad_questions(client, code, query):  # type: ignore[no-untyped-def]
    answer = await ask(client, code, **query)
    assert answer.status_code == 400 and answer.json()["code"].startswith("usage.")


async def test_headers_period_and_heartbeat(client):  # type: ignore[no-untyped-def]
    assert (await client.get("/v2/findUsage", params={"userCode": OTHER})).status_code == 400
    assert (await client.get("/v2/findUsage", params={"userCode": OTHER}, headers={"X-Road-UserId": OTHER, "X-Road-Client": "x"})).status_code == 400
    assert (await client.get("/v2/findUsage", params={"userCode": OTHER}, headers={"X-Road-UserId": OTHER, "X-Forwarded-For": "127.0.0.1"})).status_code == 401
    since = datetime.fromisoformat((await client.get("/v2/usagePeriod")).json()["periodStart"])
    assert since.tzinfo is not None and since <= datetime.now(UTC)
    assert (await client.get("/v2/heartbeat")).json()["status"] == "OK"


LISTS = ("dataRequests", "dataResponses", "dataProcessings", "internalProcessings")


async def test_v3_tells_the_kind_of_each_use(client, registry, office, log):  # type: ignore[no-untyped-def]
    key = await office.person(number=THIRD)
    await office.conn.commit()
    why = Purpose("public_service", "104/2022/NĐ-CP")
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        staff = Actor(ActorKind.STAFF, 7, "DEMO.X", channel=Channel.WEB)
        partner, itself = Actor(ActorKind.CLIENT, 9, "DEMO.BHXH", channel=Channel.API), Actor(ActorKind.CITIZEN, key, "", channel=Channel.WEB)
        for actor, fields, verb, case in (
            (staff, ["paper.social_insurance"], "look", "HS-1"), (staff, ["paper.land", "paper.housing"], "look", ""), (partner, ["name"], "verify", ""),
            (itself, ["name"], "look", ""), (partner, ["name"], "reconcile", ""),
        ):  # fmt: skip
            await audit.record(conn, actor, replace(why, case_ref=case), action="read", subjects=[key], fields=fields, note={"verb": verb})
    await sequenced(registry, log)
    whole = (await ask(client, THIRD, version="v3", includeBulkProcessing="true")).json()
    assert whole["totalUsages"] == whole["returnedUsages"] == sum(len(whole[name]) for name in LISTS)
    (request,), (processing,) = whole["dataRequests"], whole["dataProcessings"]
    assert request["target"] == {"type": "GOV", "name": "Bảo hiểm xã hội Việt Nam"} and request["queryGroupId"] == "DEMO.X-HS-1"
    assert request["initiatorOrg"]["name"] == "DEMO.X" and request["legalBasis"] == "104/2022/NĐ-CP" and request["logTime"].endswith("Z")
    assert "source" in processing and [one["bulkProcessing"] for one in whole["dataResponses"]] == [True, False]
    assert all(one["target"]["systemName"] == "Dancu" for one in whole["dataResponses"])
    own = [one for one in whole["internalProcessings"] if "initiatorPerson" in one]
    assert own[0]["initiatorPerson"]["alternativeCode"] == f"VN{THIRD}"
    assert all(("initiatorOrg" in one) != ("initiatorPerson" in one) and one["purpose"] for name in LISTS for one in whole[name])
    # Mass processing only where it is asked for; kinds and systems that are asked for, and no others.
    usual = (await ask(client, f"VN{THIRD}", version="v3")).json()
    assert usual["totalUsages"] == whole["totalUsages"] - sum(one["bulkProcessing"] for name in LISTS for one in whole[name])
    some = (await ask(client, THIRD, version="v3", processingType=["DATA_REQUEST", "DATA_RESPONSE"])).json()
    assert set(some) == {"totalUsages", "returnedUsages", "dataRequests", "dataResponses"} and some["totalUsages"] == 2
    assert (await ask(client, THIRD, version="v3", logSourceSystems="Digilugu")).json()["totalUsages"] == 0
    page = (await ask(client, THIRD, version="v3", limit=1, offset=1)).json()
    assert (page["totalUsages"], page["returnedUsages"]) == (usual["totalUsages"], 1)


@pytest.mark.parametrize("query", [
    {"processingType": "ALL"}, {"includeBulkProcessing": "yes"}, {"limit": "0"}, {"limit": "10001"}, {"offset": "-1"}, {"periodStart": "2021-01-31"},
])  # fmt: skip
async def test_v3_refuses_in_its_own_shape(client, query):  # type: ignore[no-untyped-def]
    answer = await ask(client, OTHER, version="v3", **query)
    assert answer.status_code == 400 and set(answer.json()) == {"code", "message"} and answer.headers["content-type"] == "application/json"


async def test_v3_keeps_its_shape_where_the_database_is_not_there(client):  # type: ignore[no-untyped-def]
    application = client._transport.app
    gone = AsyncConnectionPool("host=/nonexistent", min_size=0, max_size=1, timeout=0.2, open=False)
    await gone.open()
    pool, application.state.pool = application.state.pool, gone
    try:
        told = [await ask(client, OTHER, version="v3"), await client.get("/v3/heartbeat")]
        v2 = await ask(client, OTHER)
    finally:
        application.state.pool = pool
        await gone.close()
    assert [(one.status_code, set(one.json()), one.headers["content-type"]) for one in told] == [(503, {"code", "message"}, "application/json")] * 2
    assert told[0].json()["code"] == "db.unavailable" and "retry-after" in told[0].headers and v2.headers["content-type"] == "application/problem+json"


async def test_v3_has_its_own_services(client):  # type: ignore[no-untyped-def]
    assert (await client.get("/v3/heartbeat")).json()["status"] == "OK"
    assert (await client.get("/v3/usagePeriod")).status_code == 404  # of v2 only
    stranger = await client.get("/v3/findUsage", params={"userCode": OTHER}, headers={"X-Road-UserId": OTHER, "X-Forwarded-For": "127.0.0.1"})
    assert stranger.status_code == 401 and set(stranger.json()) == {"code", "message"}
