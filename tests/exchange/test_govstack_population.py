"""The population in GovStack's dialect, by a partner's program behind our proxy: one person by number, what was agreed on."""

from __future__ import annotations

from datetime import UTC, date, datetime

import httpx
import psycopg
import pytest

from dancu import app as composition
from dancu.settings import Settings
from dancu.sharing.models import DataTerms
from dancu.sharing.service import data_agreements
from tests.exchange.calling import OPERATOR, WHY
from tests.exchange.test_find_usage import sequenced
from tests.exchange.test_govstack import HEADER
from tests.exchange.test_spdci import someone  # noqa: F401
from tests.exchange.test_spdci_signature import program  # noqa: F401
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

pytestmark = pytest.mark.asyncio
PEOPLE = "/data/population/1.0"


async def test_one_person_by_number_and_what_was_agreed(registry, someone, program, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(composition, "dsn", lambda role, data=None: registry.dsn(role))
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    partner = await program("Bộ đọc dân cư")  # personal_id, name
    built = composition.build_dialect(Settings(data=tmp_path, trusted_proxies=frozenset({"127.0.0.1"})), "govstack")
    async with built.router.lifespan_context(built):
        transport = httpx.ASGITransport(built, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers={**HEADER, **partner.headers}) as client:
            found = await client.post(f"{PEOPLE}/read", json={"query": {"content": {"ID": someone}}})
            assert found.status_code == 200 and found.json()["content"] == {"ID": someone, "FirstName": "Thị Hoà", "LastName": "Trần"}
            assert (await client.get(f"{PEOPLE}/{someone}/readValue/lastName.json")).json() == "Trần"
            assert (await client.get(f"{PEOPLE}/{someone}/readValue/birthDate.json")).status_code == 404  # not agreed
            assert (await client.post(f"{PEOPLE}/exists", json={"query": {"content": {"id": someone, "lastName": "Lê"}}})).json()["answer"]["status"] is False
            by_name = await client.post(f"{PEOPLE}/read", json={"query": {"content": {"lastName": "Trần"}}})
            assert (by_name.status_code, by_name.json()["code"]) == (403, "registry.no_trawling")
            assert (await client.get(PEOPLE, params={"query.id": someone})).json()["count"] == 1
            # A number of nobody is an entry of the program that tried it, by whatever way.
            nobody = "049190888888"
            assert (await client.post(f"{PEOPLE}/exists", json={"query": {"content": {"id": nobody}}})).json()["answer"]["status"] is False
            assert (await client.post(f"{PEOPLE}/read", json={"query": {"content": {"id": nobody}}})).status_code == 404
            assert (await client.get(f"{PEOPLE}/{nobody}/readValue/id.json")).status_code == 404
            assert (await client.get(PEOPLE, params={"query.id": nobody})).json()["count"] == 0
            async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
                tried = "SELECT count(*) FROM audit.pending WHERE actor_kind = 'client' AND action = 'denied' AND subject IS NULL AND note ->> 'verdict' = 'not_found'"
                assert await (await conn.execute(tried)).fetchone() == (4,)
            # Who looked at a citizen is told under an agreement of its own.
            asked = {"userId": someone, "databaseId": "population"}
            refused = await client.get("/data/myPersonalDataUsage", params=asked)
            assert (refused.status_code, refused.json()["code"]) == (403, "agreement.none")
            async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
                today = datetime.now(UTC).date()
                org = await (await conn.execute("SELECT max(org_code) FROM sharing.data_agreement WHERE service = 'registry'")).fetchone()
                terms = DataTerms(org[0], "usage", frozenset({"personal_id"}), {WHY.purpose: WHY.legal_basis}, (today, date(today.year + 1, 12, 31)))
                await data_agreements.grant(conn, OPERATOR, terms)
            await sequenced(registry, tmp_path)
            told = (await client.get("/data/myPersonalDataUsage", params=asked)).json()
            assert told[0]["readerInstitutionName"] == "Bộ đọc dân cư" and told[0]["searchDateTime"].endswith("Z") and len(told) >= 5
            assert (await client.get("/data/myPersonalDataUsage", params={**asked, "userId": "nobody"})).json() == []
