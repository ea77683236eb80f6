"""GovStack's dialect of digital registries: what its own published tests send and expect, and what must never work."""

from __future__ import annotations

import httpx
import pytest

from dancu import app as composition
from dancu.access import service as access
from dancu.exchange.store import registries as store
from dancu.settings import Settings

pytestmark = pytest.mark.asyncio
HEADER = {"Information-Mediator-Client": "eGovStack/GOV/90000009/digitalregistries"}
BASE = "/data/registryname/111"


def content(number="", first="", last="", certificate="", *, capital=True):  # type: ignore[no-untyped-def]
    names = ("ID", "FirstName", "LastName", "BirthCertificateID") if capital else ("id", "firstName", "lastName", "birthCertificateId")
    return {name: value for name, value in zip(names, (number, first, last, certificate), strict=True) if value}


@pytest.fixture
async def dialect(database, admin, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    async with admin.transaction():
        await access.sync_catalogue(admin)
        # No sequencer runs here, and the log would refuse to record once an entry has waited for a minute.
        await admin.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")
    await admin.commit()
    monkeypatch.setattr(composition, "dsn", lambda role, data=None: database.dsn(role))

    async def open_client(demo=True, address="127.0.0.1", **more):  # type: ignore[no-untyped-def]
        app = composition.build_dialect(Settings(data=tmp_path, demo=demo, **more), "govstack")
        context = app.router.lifespan_context(app)
        await context.__aenter__()
        opened.append(context)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://localhost", headers=HEADER)

    opened: list = []  # type: ignore[type-arg]
    yield open_client
    for context in opened:
        await context.__aexit__(None, None, None)


async def test_what_the_published_tests_send(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    made = await client.post(f"{BASE}/create", json={"write": {"content": content("2999", "Anna", "Stock", "RR-1234567999")}})
    assert made.status_code == 200 and made.json() == {"content": content("2999", "Anna", "Stock", "RR-1234567999")}
    assert made.headers["content-type"].startswith("application/json")
    for number in ("EE378627348834", "EE378627348855", "RR378627348834", "DD378627348834", "EE378627348834"):
        assert (await client.delete(f"{BASE}/{number}/delete")).status_code == 204
    there = await client.post(f"{BASE}/exists", json={"query": {"content": content("EE123627348834", "John", "Bon", "RR-3334537999")}})
    assert there.json()["answer"]["status"] is True
    absent = await client.post(f"{BASE}/exists", json={"query": {"content": content("EE456627348844", "Mike", "Helmut", "RR-1234567889")}})
    assert absent.status_code == 200 and absent.json()["answer"]["status"] is False
    for wanted in (content(first="John Helmut"), content("EE378129127223"), content(first="Eva"), content(last="Smith"),
                   content(certificate="EE6546273487865"), content("EE378129127223", "Billy", "Johnson", "RR-1112223331")):  # fmt: skip
        found = await client.post(f"{BASE}/read", json={"query": {"content": wanted}})
        assert found.status_code == 200 and found.json()["content"].items() >= wanted.items()
    nobody = await client.post(f"{BASE}/read", json={"query": {"content": content(first="NotExist")}})
    assert nobody.status_code == 404 and nobody.json()["detail"] == "no record found"
    for path in ("read-value/FirstName.json", "readValue/firstName.json"):
        value = await client.get(f"{BASE}/80bcb084-fa17-11ed-be56-0242ac120002/{path}")
        assert value.status_code == 200 and isinstance(value.json(), str)
    update = {"query": {"content": content("EE3784545277266", "Philip", "Red", "RR-30045370099")},
              "write": {"content": content("EE383838348834", "Elsa", "West", "RR-1234007889")}}  # fmt: skip
    assert (await client.put(f"{BASE}/update", json=update)).status_code == 200
    assert (await client.post(f"{BASE}/read", json={"query": {"content": content("EE383838348834")}})).json()["content"]["FirstName"] == "Elsa"
    for first, after in (("Alina", "Jack"), ("Casandra", "Tamara"), ("Olga", "Alice")):
        body = {"query": {"content": content(first=first)}, "write": {"content": content(first=after)}}
        assert (await client.put(f"{BASE}/update-entries", json=body)).status_code == 200
    for word in ("update-or-create", "updateOrCreate"):
        body = {"query": {"content": content("EE123456789012", "John", "Smith", "RR-1234567890")},
                "write": {"content": content("EE123456789012", "Jack", "Sparrow", "RR-1234567890")}}  # fmt: skip
        assert (await client.post(f"{BASE}/{word}", json=body)).json()["content"] == body["write"]["content"]


async def test_lists_are_filtered_ordered_and_paged(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    for first, order in (("John", "ascending"), ("Alice", "descending"), ("Nobody", "ascending")):
        body = (await client.get(BASE, params={"search": first, "filter": "FirstName", "ordering": order})).json()
        assert len(body["results"]) == body["count"] and all(one["FirstName"] == first for one in body["results"])
    empty = (await client.get("/data/registryempty/111")).json()
    assert empty == {"count": 0, "results": []}
    page = (await client.get(BASE, params={"pageSize": 2, "page": 2})).json()
    assert len(page["results"]) == 2 and page["count"] > 4 and "page=3" in page["next"] and "page=1" in page["previous"]
    pattern = (await client.get(BASE, params={"search": "^Jo", "filter": "firstName"})).json()
    assert {one["firstName"] for one in pattern["results"]} >= {"John", "John Helmut"}
    assert (await client.get(BASE, params={"search": "(", "filter": "firstName"})).status_code < 500
    assert (await client.get(BASE, params={"query.lastName": "Gold"})).json()["count"] >= 1


async def test_schemas_of_registries(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    schema = {"type": "object", "properties": {"ID": {"type": "string", "primaryKey": True}}, "incrementIndex": 30, "required": ["ID"]}
    body = {"groupName": "Test", "catalogName": "Mother and Child", "code": "MCR", "schema": schema}
    assert (await client.post("/database/modify", json=body)).json() == schema
    known = (await client.get("/databases")).json()
    number = next(one["id"] for one in known["databases"] if one["name"] == "MCR")
    assert (await client.get(f"/database/{number}")).json()["schema"] == schema
    assert (await client.delete(f"/database/{number}")).json() == "Success"
    assert (await client.get(f"/database/{number}")).status_code == 404
    assert (await client.delete("/database/896756")).json() == "Success"


async def test_who_used_a_record(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    await client.post(f"{BASE}/read", json={"query": {"content": content("EE378129277266", capital=False)}})
    for path, user, database in (("/data/myPersonalDataUsage", "userId", "databaseId"), ("/data/MyPersonalDataUsage/1.0", "userID", "DatabaseID")):
        answer = await client.get(path, params={user: "EE378129277266", database: "MCTS"})
        assert answer.status_code == 200 and len(answer.json()) >= 1, path
        for wrong in ({user: "...", database: "MCTS"}, {user: "EE378129277266", database: "..."}, {}):
            assert (await client.get(path, params=wrong)).status_code == 400
    first = (await client.get("/data/myPersonalDataUsage", params={"userId": "EE378129277266", "databaseId": "MCTS"})).json()[0]
    assert first["readerId"] == HEADER["Information-Mediator-Client"] and first["readerInstitutionId"] == "90000009"


async def test_the_population_is_read_only_and_never_trawled(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    assert (await client.post("/data/population/1.0/create", json={"write": {"content": {"id": "049190012345"}}})).json()["code"] == "registry.read_only"
    for params in ({}, {"search": ".*", "filter": "firstName"}, {"query.id": "0491.*"}):
        refused = await client.get("/data/population/1.0", params=params)
        assert refused.status_code == 403 and refused.json()["code"] == "registry.no_trawling"
    assert (await client.post("/data/population/1.0/read", json={"query": {"content": {"id": "049190012345"}}})).status_code == 404


async def test_the_plain_header_is_identity_only_here_in_a_demonstration(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    assert (await client.get(BASE, headers={"Information-Mediator-Client": "x"})).status_code == 400
    assert (await client.get(BASE, headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 401
    assert (await client.get(BASE, headers={"Client-Cert": ":AAAA:"})).status_code == 403
    elsewhere = await dialect(address="192.0.2.1")
    assert (await elsewhere.get(BASE)).status_code == 401
    real = await dialect(demo=False)
    assert (await real.get(BASE)).status_code == 401


async def test_a_name_stops_with_the_organisation_it_names(dialect, admin):  # type: ignore[no-untyped-def]
    async with admin.transaction():
        await admin.execute("INSERT INTO access.organisation (org_code, name, kind, valid) VALUES ('STOPPED', 'X', 'government', '[2020-01-01,)')")
        await admin.execute("INSERT INTO exchange.partner (org_code, state, reason, before) VALUES ('STOPPED', 'suspended', 'x', 'live')")
        await admin.execute("INSERT INTO exchange.system (client_no, org_code, name) VALUES (93, 'STOPPED', 'x')")
    await admin.commit()
    client = await dialect()
    told = [await client.get(BASE, headers={"Information-Mediator-Client": f"VN/GOV/{member}/x"}) for member in ("STOPPED", "GOING")]
    assert [one.status_code for one in told] == [403, 200] and told[0].json()["code"] == "exchange.suspended"
    async with admin.transaction():
        await admin.execute("UPDATE exchange.partner SET state = 'live', reason = '', before = NULL WHERE org_code = 'STOPPED'")
    await admin.commit()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"write": 1}', b'{"write": {"content": {"id": "\\u0000"}}}', b'{"write": {"content": {"a": NaN}}}',
                                  b'{"write": {"content": {"id": ""}}}', b"[" * 100_000, b'{"write": {"content": {"id": "\\ud800"}}}'])  # fmt: skip
async def test_bad_bodies_are_refused(dialect, body):  # type: ignore[no-untyped-def]
    client = await dialect()
    answer = await client.post(f"{BASE}/create", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500 and answer.json()["code"]


async def test_what_is_sent_twice_is_done_once(dialect):  # type: ignore[no-untyped-def]
    """PUT is repeatable (RFC 9110), and a program that heard no answer sends its record again."""
    client = await dialect()
    record = content("EE400000000001", "Anu", "Tamm", "RR-1")
    for _ in range(2):
        assert (await client.post(f"{BASE}/create", json={"write": {"content": record}})).json() == {"content": record}
    other = await client.post(f"{BASE}/create", json={"write": {"content": {**record, "LastName": "Kask"}}})
    assert (other.status_code, other.json()["code"]) == (409, "registry.exists")
    for word in ("update", "update-entries"):
        change = {"query": {"content": {"FirstName": f"Before-{word}"}}, "write": {"content": {"FirstName": f"After-{word}"}}}
        assert (await client.put(f"{BASE}/{word}", json=change)).status_code == 404
        await client.post(f"{BASE}/create", json={"write": {"content": content(f"EE-{word}", f"Before-{word}")}})
        assert [(await client.put(f"{BASE}/{word}", json=change)).status_code for _ in range(2)] == [200, 200]
        # Another change that found nothing is not made because some record reads like that.
        unmet = {"query": {"content": {"FirstName": f"Never-{word}"}}, "write": change["write"]}
        assert (await client.put(f"{BASE}/{word}", json=unmet)).status_code == 404
    named = {"query": {"content": {"ID": "EE-nobody"}}, "write": {"content": {"FirstName": "After-update"}}}
    assert (await client.put(f"{BASE}/update", json=named)).status_code == 404  # another record reads so, not this one


async def test_what_the_published_tests_ask_beyond_the_description(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    bare = content("EE123627348834", "John", "Bon", "RR-3334537999")
    assert (await client.post(f"{BASE}/exists", json=bare)).json()["answer"]["status"] is True
    assert (await client.post(f"{BASE}/exists", json={**bare, "ID": "EE456627348844"})).json()["answer"]["status"] is False
    assert (await client.post(f"{BASE}/exists", json={"FirstName": "John"})).status_code == 400
    listed = (await client.get("/databases")).json()
    assert set(listed) == {"id", "name", "code", "databases", "order"}  # members all editions spell alike
    for number in (123, 8438778473):
        assert (await client.get(f"/database/{number}")).json()["id"] == number


async def test_a_number_given_to_an_example_stops_nobody(dialect, admin):  # type: ignore[no-untyped-def]
    client = await dialect()
    (last,) = await (await admin.execute("SELECT nextval(pg_get_serial_sequence('exchange.registry', 'registry_no'))")).fetchone()
    assert await store.put_numbered(admin, last + 1, f"example-{last}", "1", "DEMO", {"type": "object"})
    await admin.commit()
    made = await client.post("/database/modify", json={"code": f"NEXT{last}", "schema": {"type": "object"}})
    assert made.status_code == 200


@pytest.mark.parametrize("wrong", [
    {"type": {}}, {"properties": [None]}, {"properties": {"ID": [None, None]}}, {"properties": {"ID": {"triggers": [1]}}}, {"required": [1]}, {"required": True},
    {"properties": {"ID": {"triggers": [{"actions": [{"field_id": "1"}]}]}}}, {"incrementIndex": "20"}, {"properties": {"a": {"properties": {"b": {"type": 1}}}}},
])  # fmt: skip
async def test_a_schema_that_is_none_is_not_kept(dialect, wrong):  # type: ignore[no-untyped-def]
    client = await dialect()
    refused = await client.post("/database/modify", json={"code": "WRONG", "schema": {"type": "object", **wrong}})
    assert (refused.status_code, refused.json()["code"]) == (400, "registry.schema")
    nested = {"type": "object"}
    for _ in range(60):
        nested = {"properties": {"a": nested}}
    assert (await client.post("/database/modify", json={"code": "DEEP", "schema": nested})).status_code == 400
    whole = {"type": "object", "properties": {"ID": {"type": "string", "required": True, "triggers": [{"conditions": [], "actions": [{"field_id": 1}]}]}}, "required": ["ID"]}
    assert (await client.post("/database/modify", json={"code": "RIGHT", "schema": whole})).json() == whole


async def test_an_example_that_was_ended_is_there_again_at_the_next_start(dialect):  # type: ignore[no-untyped-def]
    client = await dialect()
    before = {one["name"]: one["id"] for one in (await client.get("/databases")).json()["databases"]}
    for name in ("registryname", "registry-123"):
        assert (await client.delete(f"/database/{before[name]}")).json() == "Success"
        assert (await client.get(f"/database/{before[name]}")).status_code == 404
    again = await dialect()
    for name in ("registryname", "registry-123"):
        assert (await again.get(f"/database/{before[name]}")).json()["name"] == name
    assert (await again.post(f"{BASE}/exists", json={"query": {"content": content("MCTS31")}})).json()["answer"]["status"] is True
