"""The linking kit: what a service learns about its own customers, and what it does not."""

from __future__ import annotations

import pytest

from dancu.oidc.service import linking
from dancu.population.service import verify
from tests.oidc.conftest import BACK, SECRET, Agreement, Make, Service, Site, make_citizen, verifier

RIGHT = {"name": "Nguyễn Thị Thu Hà", "birthdate": "1990-04-12"}


@pytest.fixture(autouse=True)
def _same_sharing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "sharing", site.sharing)


async def service_of(make_service: Make, **changes) -> Service:  # type: ignore[no-untyped-def]
    return await make_service("basic", scopes=("linking.match",), **changes)


async def token_of(http, service: Service, **form: str) -> str:  # type: ignore[no-untyped-def]
    answer = await http.post("/oidc/token", data={"grant_type": "client_credentials", **form}, auth=(service.id, SECRET))
    return str(answer.json()["access_token"])


async def ask(http, token: str, *rows: dict[str, str], body=None):  # type: ignore[no-untyped-def]
    sent = {"rows": [{"ref": str(n), **row} for n, row in enumerate(rows)]} if body is None else body
    return await http.post("/oidc/linking/match", json=sent, headers={"Authorization": f"Bearer {token}"})


async def number_of(site: Site, key: int) -> str:
    ((number,),) = await site.sql("SELECT number FROM population.directory WHERE person_key = %s AND kind = 'personal_id'", (key,))
    return str(number)


async def test_matched_ambiguous_not_found_and_each_is_in_the_persons_log(site, registry, make_service):
    citizen = await make_citizen(registry)
    number = await number_of(site, citizen.key)
    service = await service_of(make_service)
    async with site.http() as http:
        answer = await ask(
            http, await token_of(http, service),
            {"personal_id": number, **RIGHT},
            {"personal_id": number, **RIGHT, "birthdate": " 12/4/1990"},
            {"personal_id": number, **RIGHT, "birthdate": "1991-01-01"},
            {"personal_id": number, **RIGHT, "name": "Nguyen Thi Thu Ha"},
            {"personal_id": number, "name": "Lê Văn Tám", "birthdate": "1950-01-01"},
            {"personal_id": "049999999999", **RIGHT},
            {"personal_id": "12", **RIGHT},
            {"personal_id": number, **RIGHT, "birthdate": "hôm qua"},
            {"personal_id": number, "name": "", "birthdate": "1990-04-12"},
        )  # fmt: skip
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [r["outcome"] for r in results] == ["matched", "matched", "ambiguous", "ambiguous", *["not_found"] * 5]
    assert [r["ref"] for r in results] == [str(n) for n in range(9)]
    assert [bool(r.get("sub")) for r in results] == [True] * 2 + [False] * 7
    rows = await site.sql(
        "SELECT actor_kind, actor_id, fields FROM audit.pending WHERE subject = %s AND actor_kind = 'client' ORDER BY entry_id", (citizen.key,)
    )
    assert rows == [("client", service.client.client_no, ["number", "name", "birth"])] * 5 + [("client", service.client.client_no, ["number", "birth"])]
    ((counts),) = await site.sql("SELECT rows, matched, ambiguous, not_found FROM oidc.linking_batch WHERE client_no = %s", (service.client.client_no,))
    assert counts == (9, 2, 2, 5)


async def test_the_sub_is_the_one_of_the_sign_in(site, registry, make_service):
    """What the service is told beforehand is what it sees when the citizen comes."""
    citizen = await make_citizen(registry)
    service = await service_of(make_service)
    secret, challenge = verifier()
    async with site.http() as http:
        told = await ask(http, await token_of(http, service), {"personal_id": await number_of(site, citizen.key), **RIGHT})
    async with site.browser(citizen) as browser:
        went = await browser.get(
            "/oidc/authorize",
            params={
                "client_id": service.id, "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s",
                "code_challenge": challenge, "code_challenge_method": "S256", "nonce": "n",
            },
        )  # fmt: skip
        code = went.headers["location"].split("code=")[1].split("&")[0]
    async with site.http() as http:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": secret}
        tokens = (await http.post("/oidc/token", data=form, auth=(service.id, SECRET))).json()
        seen = (await http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})).json()
    assert told.json()["results"][0]["sub"] == seen["sub"]


async def test_the_dead_are_nobodys_account(site, make_service, monkeypatch):
    yes = verify.Agreement.YES

    async def compared(*args: object, **kwargs: object) -> verify.Comparison:
        return verify.Comparison(True, {"name": yes, "birth": yes}, person_key=7, alive=False)

    monkeypatch.setattr(verify, "verify", compared)
    service = await service_of(make_service)
    async with site.http() as http:
        answer = await ask(http, await token_of(http, service), {"personal_id": "049090000001", **RIGHT})
    assert answer.json()["results"] == [{"ref": "0", "outcome": "ambiguous"}]


async def test_only_with_scope_and_agreement(site, make_service):
    row = {"personal_id": "049090000001", **RIGHT}
    bare = await make_service("basic", scopes=("registry.statistics",))
    narrow = await service_of(make_service, agreement=Agreement(claims=frozenset({"name"})))
    async with site.http() as http:
        assert (await ask(http, await token_of(http, bare), row)).json()["error"] == "insufficient_scope"
        refused = await ask(http, await token_of(http, narrow), row)
        assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        assert (await ask(http, "nonsense", row)).status_code == 401
    assert await site.sql("SELECT 1 FROM oidc.linking_batch WHERE client_no IN (%s, %s)", (bare.client.client_no, narrow.client.client_no)) == []


async def test_a_day_has_its_limit(site, make_service, monkeypatch):
    monkeypatch.setattr(linking, "MOST_A_DAY", 3)
    service = await service_of(make_service)
    row = {"personal_id": "049999999999", **RIGHT}
    async with site.http() as http:
        token = await token_of(http, service)
        assert (await ask(http, token, row, row)).status_code == 200
        refused = await ask(http, token, row, row)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
        assert (await ask(http, token, row)).status_code == 200


@pytest.mark.parametrize("body", [{}, [], {"rows": []}, {"rows": [{}]}, {"rows": "x"}, {"rows": [{"ref": 1, "personal_id": "", "name": "", "birthdate": ""}]}, {"rows": [1]}, {"rows": [{"ref": "", "personal_id": "a\x00", "name": "", "birthdate": ""}]}])
async def test_bodies_that_are_none(site, make_service, body):
    service = await service_of(make_service)
    async with site.http() as http:
        answer = await ask(http, await token_of(http, service), body=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_too_much_at_once(site, make_service):
    service = await service_of(make_service)
    async with site.http() as http:
        token = await token_of(http, service)
        assert (await ask(http, token, *[{"personal_id": "1", **RIGHT}] * 201)).status_code == 400
        assert (await ask(http, token, body={"rows": "x" * 200_000})).status_code == 413
