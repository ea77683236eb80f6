"""The code flow end to end, with other people's client library against the application."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.jose import JsonWebKey
from authlib.jose import jwt as authlib_jwt

from tests.oidc.conftest import BACK, ISSUER, SECRET, Citizen, Make, Site, verifier

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_citizen_signs_in_at_a_legacy_service(site: Site, citizen: Citizen, make_service: Make) -> None:
    """Discovery, PKCE, consent, code, tokens, ID token checked by the library, claims from the registry."""
    import httpx

    service = await make_service("basic")
    async with site.http() as plain:
        found = (await plain.get("/.well-known/openid-configuration")).json()
        keys = JsonWebKey.import_key_set((await plain.get("/oidc/jwks")).json())
    client = AsyncOAuth2Client(
        service.id, SECRET, scope="openid profile personal_id offline_access", redirect_uri=BACK,
        code_challenge_method="S256", transport=httpx.ASGITransport(site.app), base_url=ISSUER,
    )  # fmt: skip
    secret, _ = verifier()
    address, state = client.create_authorization_url(found["authorization_endpoint"], code_verifier=secret, nonce="n-1")

    async with site.browser(citizen) as browser:
        page = await browser.get(address)
        assert page.status_code == 200 and "checked" not in page.text
        said = await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes", "share": ["name", "personal_id"], "term": "once"})
    assert said.status_code == 303, said.text
    back = said.headers["location"]
    assert back.startswith(BACK) and parse_qs(urlsplit(back).query)["iss"] == [ISSUER]

    token = await client.fetch_token(found["token_endpoint"], authorization_response=back, code_verifier=secret, state=state)
    claims = authlib_jwt.decode(
        token["id_token"], keys, claims_options={"iss": {"value": ISSUER}, "aud": {"value": service.id}, "nonce": {"value": "n-1"}}
    )
    claims.validate()
    assert claims["acr"] == "urn:vn:eid:acr:2" and claims["amr"] == ["pin", "sms"]
    shown = (await client.get(found["userinfo_endpoint"])).json()
    assert shown["sub"] == claims["sub"] and shown["name"] == "Nguyễn Thị Thu Hà"
    assert shown["personal_id"].startswith("0490900") and "birthdate" not in shown, "only what was ticked"

    token = await client.refresh_token(found["token_endpoint"], refresh_token=token["refresh_token"])
    assert (await client.get(found["userinfo_endpoint"])).status_code == 200
    await client.aclose()
    entries = await site.sql("SELECT fields, note->>'verb' FROM audit.pending WHERE subject = %s AND actor_kind = 'client' ORDER BY entry_id", (citizen.key,))
    assert [e for e in entries if e[0]] == [(["name", "number"], e[1]) for e in entries if e[0]], entries
    assert {e[1] for e in entries} >= {"oidc.sign_in", "oidc.refresh"}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the last form of a page."""
    import re

    form = page[page.rindex("<form") :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
