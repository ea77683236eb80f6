"""SPDCI's dialect: envelopes, searches that name one person, refusals in the standard's words, callbacks."""

from __future__ import annotations

import asyncio
import json
import uuid

import httpx
import psycopg
import pytest

from dancu import app as composition
from dancu.settings import Settings
from tests.exchange.receiver import Receiver
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

pytestmark = pytest.mark.asyncio
NOW = "2026-11-22T10:00:00Z"


def header(action: str, **more):  # type: ignore[no-untyped-def]
    return {"version": "1.0.0", "message_id": str(uuid.uuid4()), "message_ts": NOW, "action": action, "sender_id": "spp.example.org",
            "receiver_id": "civilregistry.example.org", "total_count": 1, **more}  # fmt: skip


def searching(criteria, reference="r1"):  # type: ignore[no-untyped-def]
    return {"transaction_id": "t-" + uuid.uuid4().hex, "search_request": [{"reference_id": reference, "timestamp": NOW, "search_criteria": criteria}]}


def by_number(number):  # type: ignore[no-untyped-def]
    return {"query_type": "idtype-value", "query": {"type": "UIN", "value": number}, "reg_type": "ns:org:RegistryType:Civil"}


@pytest.fixture
async def spdci(registry, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(composition, "dsn", lambda role, data=None: registry.dsn(role))
    opened = []

    async def open_client(**settings):  # type: ignore[no-untyped-def]
        application = composition.build_dialect(Settings(data=tmp_path, demo=True, **settings), "spdci")
        context = application.router.lifespan_context(application)
        await context.__aenter__()
        opened.append(context)
        return httpx.AsyncClient(transport=httpx.ASGITransport(application, client=("127.0.0.1", 1)), base_url="http://localhost")

    yield open_client
    for context in opened:
        await context.__aexit__(None, None, None)


@pytest.fixture
async def someone(office):  # type: ignore[no-untyped-def]
    """The personal number of a registered person."""
    key = await office.person(number="049190012345")
    view = await office.view(key)
    await office.conn.commit()
    assert view.personal_id
    return view.personal_id.number


async def ask(client, message, path="/registry/sync/search", action="search", **more):  # type: ignore[no-untyped-def]
    return await client.post(path, json={"signature": "", "header": header(action, **more), "message": message})


async def test_nobody_is_an_empty_answer_and_an_entry(spdci, registry):  # type: ignore[no-untyped-def]
    client = await spdci()
    answer = await ask(client, searching(by_number("001099000001")))
    body = answer.json()
    assert answer.status_code == 200 and body["header"]["action"] == "on-search" and body["header"]["status"] == "succ"
    (one,) = body["message"]["search_response"]
    assert one["status"] == "succ" and one["data"]["reg_records"] == [] and one["pagination"]["total_count"] == 0
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        cursor = await conn.execute("SELECT count(*) FROM audit.pending WHERE action = 'denied' AND subject IS NULL AND note ->> 'verb' = 'spdci.search'")
        assert await cursor.fetchone() == (1,)


async def test_one_person_by_number_and_by_name_and_birth(spdci, someone, office):  # type: ignore[no-untyped-def]
    client = await spdci()
    both = [{"expression1": {"attribute_name": "name", "operator": "eq", "attribute_value": "tran thi hoa"}, "condition": "and",
             "expression2": {"attribute_name": "birth_date", "operator": "eq", "attribute_value": "1990-04-12"}}]  # fmt: skip
    equal = {"type": "x", "value": {"expression": {"collection": "Person", "query": {"$and": [{"UIN": {"$eq": someone}}]}}}}
    for criteria in (by_number(someone), {"query_type": "expression", "query": equal}, {"query_type": "predicate", "query": both}):
        (one,) = (await ask(client, searching(criteria))).json()["message"]["search_response"]
        if one.get("status_reason_code") == "rjct.search.too_many_records_found":
            continue  # another test's person of the same name and day
        (found,) = one["data"]["reg_records"]
        assert found["identifier"]["identifier_value"] == someone and found["name"]["surname"] == "Trần" and found["sex"] == "female"
    group = {**by_number(someone), "response_entity": "Group"}
    (one,) = (await ask(client, searching(group))).json()["message"]["search_response"]
    assert one["data"]["reg_records"][0]["group_type"] == "family"


@pytest.mark.parametrize(("criteria", "code"), [
    ({"query_type": "graphql", "query": {"type": "x", "value": {}}}, "rjct.search_criteria.invalid"),
    ({"query_type": "idtype-value", "query": {"type": "EMAIL", "value": "x"}}, "rjct.search_criteria.invalid"),
    ({"query_type": "predicate", "query": [{"expression1": {"attribute_name": "birth_date", "operator": "gt", "attribute_value": "1980"}}]}, "rjct.filter.invalid"),
    ({"query_type": "predicate", "query": [{"expression1": {"attribute_name": "poverty_score", "operator": "eq", "attribute_value": 5}}]}, "rjct.filter.invalid"),
    ({"query_type": "expression", "query": {"type": "x", "value": {"expression": {"query": {"$or": []}}}}}, "rjct.filter.invalid"),
    ({**by_number("001099000001"), "pagination": {"page_size": 0}}, "rjct.pagination.invalid"),
    ({**by_number("001099000001"), "pagination": {"page_size": 10.5, "page_number": None}}, "rjct.pagination.invalid"),
])  # fmt: skip
async def test_trawling_is_refused_in_the_standards_words(spdci, criteria, code):  # type: ignore[no-untyped-def]
    (one,) = (await ask(await spdci(), searching(criteria))).json()["message"]["search_response"]
    assert (one["status"], one["status_reason_code"]) == ("rjct", code)


async def test_a_message_counts_once(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    message, number = searching(by_number("001099000001")), str(uuid.uuid4())
    first = await ask(client, message, message_id=number)
    second = (await ask(client, message, message_id=number)).json()
    assert first.json()["header"]["status"] == "succ"
    assert (second["header"]["status"], second["header"]["status_reason_code"]) == ("rjct", "rjct.message_id.duplicate")


async def test_status_of_an_earlier_message_holds_no_data(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    message = searching(by_number("001099000001"))
    await ask(client, message)
    wanted = {"transaction_id": "t2", "txnstatus_request": {"reference_id": "x", "txn_type": "search", "attribute_type": "transaction_id",
                                                            "attribute_value": message["transaction_id"]}}  # fmt: skip
    answer = (await ask(client, wanted, "/registry/sync/txn/status", "txn-status")).json()
    (one,) = answer["message"]["txnstatus_response"]["txn_status"]["search_response"]
    assert one["status"] == "succ" and "data" not in one


async def heard(receiver):  # type: ignore[no-untyped-def]
    """The one message that comes."""
    for _ in range(200):
        if receiver.got:
            return receiver.got.pop()
        await asyncio.sleep(0.05)
    raise AssertionError("nothing came")


async def test_answers_by_callback_go_only_to_addresses_on_the_list(spdci):  # type: ignore[no-untyped-def]
    async with Receiver() as receiver:
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        refused = (await ask(client, searching(by_number("001099000001")), "/registry/search", sender_uri="http://169.254.169.254/")).json()
        assert (refused["message"]["ack_status"], refused["message"]["error"]["code"]) == ("ERR", "err.sender_uri.invalid")
        taken = (await ask(client, searching(by_number("001099000001")), "/registry/search", sender_uri=receiver.url)).json()
        assert taken["message"]["ack_status"] == "ACK"
        said = await heard(receiver)
        assert said["header"]["action"] == "on-search" and said["message"]["correlation_id"] == taken["message"]["correlation_id"]


@pytest.mark.parametrize(("where", "value", "reason"), [
    (("timestamp",), "not-a-timestamp", None), (("timestamp",), "2024-01-15T10:30:00", None), (("locale",), "en", None), (("locale",), "ENG", None),
    (("reference_id",), 5, None), (("search_criteria",), [], None), (("search_criteria", "query_type"), "sql", None),
    (("search_criteria", "query"), "x", None), (("search_criteria", "query", "value"), ["x"], None),
    (("search_criteria", "query"), [{"expression1": {"attribute_name": "UIN", "operator": "like", "attribute_value": "x"}}], None),
    (("search_criteria", "sort"), [{"sort_order": "up"}], None), (("search_criteria", "pagination"), {"page_number": 1}, None),
    (("header", "message_ts"), "2024-01-15T10:30:00", "rjct.message_ts.invalid"), (("header", "total_count"), "1", "rjct.total_count.invalid"),
    (("header", "action"), "find", "rjct.action.invalid"), (("header", "sender_uri"), 5, None), (("header", "meta"), [], None),
])  # fmt: skip
async def test_what_the_description_forbids_stops_the_message(spdci, where, value, reason):  # type: ignore[no-untyped-def]
    client = await spdci()
    for path in ("/registry/sync/search", "/registry/search"):
        head, message = header("search"), searching(by_number("001099000001"))
        at = {"header": head} if where[0] == "header" else message["search_request"][0]
        for name in where[:-1]:
            at = at[name]
        at[where[-1]] = value
        answer = await client.post(path, json={"signature": "", "header": head, "message": message})
        said = answer.json()
        assert (answer.status_code, said["errors"][0]["code"]) == (400, "err.request.bad"), said
        assert said["header"].get("status_reason_code") == reason if "sync" in path else said["message"]["ack_status"] == "ERR"
    message = searching(by_number("001099000001"))
    message["search_request"][0]["locale"] = None  # many write null for what they leave out
    assert (await ask(client, message)).status_code == 200


async def test_pages_there_are_none_of_are_told_at_once(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    for inside in (True, False):
        for wrong in ({"page_size": 0, "page_number": 1}, {"page_size": 10, "page_number": 0}, {"page_size": -1}):
            message = searching(by_number("001099000001"))
            one = message["search_request"][0]
            (one["search_criteria"] if inside else one)["pagination"] = wrong
            said = (await ask(client, message, "/registry/search")).json()["message"]
            assert (said["ack_status"], said["error"]["message"]) == ("ERR", "rjct.pagination.invalid")


async def test_messages_are_json(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    body = json.dumps({"signature": "", "header": header("search"), "message": searching(by_number("001099000001"))}).encode()
    for kind, status in (("application/json; charset=utf-8", 200), ("text/plain", 415), ("multipart/form-data; boundary=x", 415), (None, 415)):
        answer = await client.post("/registry/sync/search", content=body, headers={"content-type": kind} if kind else {})
        assert answer.status_code == status
        assert status == 200 or answer.json()["errors"][0]["code"] == "err.request.bad"


async def test_status_by_references_and_subscription_codes(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    marks = [uuid.uuid4().hex for _ in range(3)]
    for mark in marks[:2]:
        await ask(client, searching(by_number("001099000001"), reference=mark))

    async def status(kind, attribute, value):  # type: ignore[no-untyped-def]
        wanted = {"reference_id": "x", "txn_type": kind, "attribute_type": attribute, "attribute_value": value}
        answer = await ask(client, {"transaction_id": "t2", "txnstatus_request": wanted}, "/registry/sync/txn/status", "txn-status")
        return answer.json()["message"]["txnstatus_response"]["txn_status"]

    found = (await status("search", "reference_id_list", [marks[1], marks[2], marks[0]]))["search_response"]
    assert [(one["reference_id"], one["status"]) for one in found] == [(marks[1], "succ"), (marks[0], "succ")]
    assert (await status("search", "reference_id_list", marks[2]))["search_response"] == []
    assert (await status("subscribe", "reference_id_list", marks))["subscribe_response"] == []
    assert (await status("unsubscribe", "subscription_code_list", marks))["status_reason_code"] == "rjct.reference_id.invalid"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"header": {}, "message": {}}', b'{"header": 1, "message": NaN}', b"[" * 50_000])
@pytest.mark.parametrize("path", ["/registry/sync/search", "/registry/search", "/registry/sync/txn/status"])
async def test_bad_envelopes_are_refused(spdci, body, path):  # type: ignore[no-untyped-def]
    answer = await (await spdci()).post(path, content=body, headers={"content-type": "application/json"})
    said = answer.json()
    assert 400 <= answer.status_code < 500 and said["errors"][0]["code"].startswith("err.")
    # And what the standard's description has for every other status of this path.
    if "sync" in path:
        assert said["header"]["status"] == "rjct" and said["header"]["action"] in ("on-search", "txn-on-status")
    else:
        assert said["message"]["ack_status"] == "ERR" and said["message"]["error"] == said["errors"][0] and said["message"]["correlation_id"]


async def test_what_is_no_number_is_nobodys(spdci):  # type: ignore[no-untyped-def]
    (one,) = (await ask(await spdci(), searching(by_number("TEST-001")))).json()["message"]["search_response"]
    assert one["status"] == "succ" and one["data"]["reg_records"] == []


@pytest.mark.parametrize(("path", "action"), [
    ("on-search", "on-search"), ("on-subscribe", "on-subscribe"), ("on-unsubscribe", "on-unsubscribe"), ("txn/on-status", "txn-on-status"), ("notify", "notify"),
])  # fmt: skip
async def test_what_others_registries_tell_is_taken_and_not_used(spdci, path, action):  # type: ignore[no-untyped-def]
    client = await spdci()
    shorter = {name: value for name, value in header(action, status="succ").items() if name not in ("total_count", "sender_id")}
    for head in (header(action, status="succ"), shorter):
        whole = head is not shorter or path in ("on-subscribe", "on-unsubscribe")  # the description needs no message in the others
        said = (await client.post(f"/registry/{path}", json={"header": head} | ({"message": {"transaction_id": "t"}} if whole else {}))).json()["message"]
        assert (said["ack_status"], said["error"]["code"]) == ("NACK", "err.request.not_found")
    bare = await client.post(f"/registry/{path}", json={"header": header(action, status="succ")})
    assert bare.status_code == (400 if path in ("on-subscribe", "on-unsubscribe") else 200)
    # The description has a status in the header where it needs no message, and none in the others.
    stateless = await client.post(f"/registry/{path}", json={"header": header(action), "message": {"transaction_id": "t"}})
    assert stateless.status_code == (200 if path in ("on-subscribe", "on-unsubscribe") else 400)
    other = await client.post(f"/registry/{path}", json={"signature": "", "header": header("search"), "message": {}})
    assert (other.status_code, other.json()["message"]["ack_status"]) == (400, "ERR")
    forged = await client.post(f"/registry/{path}", json={"signature": "x", "header": header(action, status="succ"), "message": {"transaction_id": "t"}})
    assert (forged.status_code, forged.json()["error"]["code"]) == (401, "err.signature.invalid")


async def test_a_name_that_came_with_authorization_is_not_taken_without_it(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    for path in ("/registry/sync/search", "/registry/search"):
        body = {"signature": "", "header": header("search", sender_id=path[-12:]), "message": searching(by_number("001099000001"))}

        async def send(body=body, path=path, **headers):  # type: ignore[no-untyped-def]
            return await client.post(path, json={**body, "header": {**body["header"], "message_id": str(uuid.uuid4())}}, headers=headers)

        assert (await send()).status_code == 200
        assert (await send(authorization="Bearer a")).status_code == 200
        refused = await send()
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "err.request.unauthorized")
    assert (await ask(client, searching(by_number("001099000001")))).status_code == 200  # another name


async def test_a_version_we_do_not_speak(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    at_once = (await ask(client, searching(by_number("001099000001")), version="2.0.0")).json()
    assert at_once["header"]["status_reason_code"] == "rjct.version.invalid"
    later = (await ask(client, searching(by_number("001099000001")), "/registry/search", version="2.0.0")).json()
    assert (later["message"]["ack_status"], later["message"]["error"]["code"]) == ("ERR", "err.version.not_supported")
