"""What certification plans ask of a provider and no other test of this folder does: OpenID Connect Core (Basic, Config, RP-Initiated
and Back-Channel Logout), FAPI 2.0 Security Profile and CIBA, and the RFCs behind them (6749, 6750, 7009, 7662, 8414, 8628, 8693, 8705,
9101, 9126, 9207, 9396, 9449, 9700, 9701). A line of a table is one check; its first word names where it is demanded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk, jwt

from dancu.oidc.jose import b64u, split
from dancu.oidc.models import AuthMethod
from dancu.oidc.service.ciba import GRANT as CIBA
from dancu.oidc.service.device import GRANT as DEVICE
from dancu.oidc.service.grants.token_exchange import ACCESS_TOKEN
from dancu.oidc.service.grants.token_exchange import GRANT as EXCHANGE
from dancu.oidc.service.notices import logout_token
from dancu.oidc.store.notices import Notice
from tests.oidc.conftest import BACK, ISSUER, SECRET, Agreement, Citizen, Make, Service, Site, make_citizen
from tests.oidc.flows import Journey, error_of, sent_back
from tests.oidc.test_thin_line import hidden

pytestmark = pytest.mark.asyncio(loop_scope="session")
FREE = Agreement(consent_needed=False)
EVERY_GRANT = frozenset({"authorization_code", "refresh_token", "client_credentials", CIBA, DEVICE, EXCHANGE})
ACR = "urn:vn:eid:acr:"


# Metadata (OpenID Connect Discovery §3, RFC 8414 §2, and who adds members to it) ------------------------------------------

METADATA: dict[str, Callable[[dict[str, Any]], Any]] = {
    "discovery: issuer is where it is read": lambda m: m["issuer"] == ISSUER,
    "discovery: endpoints are of the issuer": lambda m: all(v.startswith(ISSUER + "/") for k, v in m.items() if k.endswith("_endpoint") or k == "jwks_uri"),
    "discovery: openid among the scopes": lambda m: "openid" in m["scopes_supported"],
    "discovery: code": lambda m: m["response_types_supported"] == ["code"],
    "discovery: sub among the claims": lambda m: {"sub", "acr", "auth_time"} <= set(m["claims_supported"]),
    "discovery: both kinds of subject": lambda m: set(m["subject_types_supported"]) == {"pairwise", "public"},
    "discovery: the claims parameter": lambda m: m["claims_parameter_supported"] is True and "normal" in m["claim_types_supported"],
    "discovery: request objects by value, not by reference": lambda m: m["request_parameter_supported"] is True and m["request_uri_parameter_supported"] is False,
    "discovery: nothing unsigned": lambda m: "none" not in json.dumps([v for k, v in m.items() if "signing_alg" in k]),
    "discovery: RS256 for ID tokens, which Core demands": lambda m: set(m["id_token_signing_alg_values_supported"]) == {"ES256", "RS256"},
    "discovery: every prompt that is taken": lambda m: set(m["prompt_values_supported"]) == {"none", "login", "consent", "select_account"},
    "discovery: no member without a value": lambda m: all(v not in ([], "", None, {}) for v in m.values()),
    "8414: PKCE by S256 alone": lambda m: m["code_challenge_methods_supported"] == ["S256"],
    "8414: who proves nothing may not introspect": lambda m: "none" not in m["introspection_endpoint_auth_methods_supported"] and "none" in m["revocation_endpoint_auth_methods_supported"],
    "8414: algorithms beside methods that sign": lambda m: m["token_endpoint_auth_signing_alg_values_supported"] and m["introspection_endpoint_auth_signing_alg_values_supported"],
    "8628: the device endpoint and its grant": lambda m: m["device_authorization_endpoint"] and DEVICE in m["grant_types_supported"],
    "8705: bound to certificates, one address for all": lambda m: m["tls_client_certificate_bound_access_tokens"] is True and "mtls_endpoint_aliases" not in m,
    "9126: the endpoint": lambda m: m["pushed_authorization_request_endpoint"],
    "9207: iss in every answer": lambda m: m["authorization_response_iss_parameter_supported"] is True,
    "9449: proofs as FAPI 2.0 wants them": lambda m: set(m["dpop_signing_alg_values_supported"]) == {"ES256", "PS256", "EdDSA", "Ed25519"},
    "9701: signed answers": lambda m: m["introspection_signing_alg_values_supported"],
    "logout: back channel with sid": lambda m: m["end_session_endpoint"] and m["backchannel_logout_supported"] and m["backchannel_logout_session_supported"],
    "ciba: poll and ping, signed requests": lambda m: m["backchannel_token_delivery_modes_supported"] == ["poll", "ping"] and m["backchannel_authentication_request_signing_alg_values_supported"],
}  # fmt: skip


async def test_metadata(site: Site) -> None:
    async with site.http() as http:
        answer = await http.get("/.well-known/openid-configuration")
        other = await http.get("/.well-known/oauth-authorization-server")
        keys = (await http.get("/oidc/jwks")).json()["keys"]
    said = answer.json()
    assert answer.headers["content-type"].startswith("application/json") and other.json() == said
    assert [name for name, holds in METADATA.items() if not holds(said)] == []
    for key in keys:
        assert key["kid"] and key["use"] == "sig" and key["alg"] in said["id_token_signing_alg_values_supported"]
        assert not {"d", "p", "q", "k"} & key.keys()
    assert len({key["kid"] for key in keys}) == len(keys)


async def test_an_address_of_their_own_for_clients_with_certificates(site: Site) -> None:
    site.app.state.mtls_url = "https://mtls.example"
    async with site.http() as http:
        said = (await http.get("/.well-known/openid-configuration")).json()
    aliases = said["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.example/oidc/token" and aliases.keys() <= said.keys()
    assert all(urlsplit(aliases[name]).path == urlsplit(said[name]).path for name in aliases)


# Authorization requests (oidcc-basic, RFC 6749, 9101, 9207) ----------------------------------------------------------------

_STATE = "é +&=%/?#đ"
ACCEPTED: dict[str, dict[str, Any]] = {
    "basic: without nonce": {"nonce": None},
    "basic: unknown parameter": {"extra": "foobar"},
    "basic: display page": {"display": "page"},
    "basic: display popup": {"display": "popup"},
    "basic: ui_locales nobody speaks": {"ui_locales": "se fr-CA"},
    "basic: claims_locales": {"claims_locales": "se"},
    "basic: login_hint": {"login_hint": "bob@example.com"},
    "basic: acr_values nobody knows": {"acr_values": "1 2"},
    "basic: openid not first among the scopes": {"scope": "profile openid"},
    "basic: a scope nobody knows": {"scope": "openid foo:bar"},
    "basic: claims with a place nobody knows": {"claims": '{"other": {"x": null}, "userinfo": null}'},
    "basic: essential claims": {"claims": '{"userinfo": {"name": {"essential": true}}}'},
    "basic: max_age of long": {"max_age": "10000"},
    "6749: no state": {"state": None},
    "6749: any state": {"state": _STATE},
    "6749: an empty parameter is none": {"login_hint": "", "prompt": ""},
    "7636: without PKCE, for a client that keeps a secret": {"code_challenge": None, "code_challenge_method": None},
    "8707: our own resource": {"resource": ISSUER},
}  # fmt: skip


async def test_requests_that_must_be_understood(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE)
    for name, changes in ACCEPTED.items():
        journey = Journey(site, service, citizen)
        answer = await journey.authorize(journey.request(**changes))
        back = sent_back(answer)
        assert answer.status_code == 303 and back.keys() == {"code", "iss"} | ({"state"} if "state" not in changes or changes["state"] else set()), (name, back)
        assert back["iss"] == ISSUER and back.get("state") == journey.request(**changes).get("state"), name
        assert answer.headers["cache-control"] == "no-store" and "referrer-policy" in answer.headers, name


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "basic: response_type missing": ({"response_type": None}, "invalid_request"),
    "core: implicit": ({"response_type": "id_token"}, "unsupported_response_type"),
    "core: hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "core: prompt nobody knows": ({"prompt": "create"}, "invalid_request"),
    "core: prompt none with others": ({"prompt": "none consent"}, "invalid_request"),
    "core: max_age that is none": ({"max_age": "-1"}, "invalid_request"),
    "core: registration": ({"registration": "{}"}, "registration_not_supported"),
    "core: claims that are none": ({"claims": "{"}, "invalid_request"),
    "core: an id_token_hint that is none": ({"id_token_hint": "x"}, "invalid_request"),
    "core: acr demanded that does not exist": ({"claims": '{"id_token": {"acr": {"essential": true, "value": "urn:x"}}}'}, "unmet_authentication_requirements"),
    "6749: scope missing": ({"scope": None}, "invalid_scope"),
    "7636: plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "7636: method missing": ({"code_challenge_method": None}, "invalid_request"),
    "7636: method without challenge": ({"code_challenge": None}, "invalid_request"),
    "core: by a reference of the client's": ({"request_uri": "https://service.example/object.jwt"}, "request_uri_not_supported"),
    "9101: unsigned object": ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
    "9396: details that are none": ({"authorization_details": "[]"}, "invalid_authorization_details"),
    "9396: a type nobody registered": ({"authorization_details": '[{"type": "other"}]'}, "invalid_authorization_details"),
    "8707: a resource that is not here": ({"resource": "https://other.example"}, "invalid_target"),
    "8707: ours and another": ({"resource": ISSUER + " https://other.example"}, "invalid_target"),
    "9449: dpop_jkt that is none": ({"dpop_jkt": "x"}, "invalid_request"),
    "jarm: a mode that is not announced": ({"response_mode": "jwt"}, "invalid_request"),
    "core: fragment for a code": ({"response_mode": "fragment"}, "invalid_request"),
}  # fmt: skip


async def test_requests_that_must_be_refused_at_the_clients_address(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE)
    for name, (changes, error) in REFUSED.items():
        journey = Journey(site, service, citizen)
        back = sent_back(await journey.authorize(journey.request(**changes)))
        assert (back["error"], back["state"], back["iss"]) == (error, journey.state, ISSUER), (name, back)


BROKEN: dict[str, dict[str, Any]] = {
    "6749: no client": {"client_id": None},
    "9700: a prefix of the address": {"redirect_uri": BACK[:-1]},
    "9700: a parameter more": {"redirect_uri": BACK + "?x=1"},
    "core: no address": {"redirect_uri": None},
    "9101: by value and by reference": {"request": "x", "request_uri": "y"},
    "core: by a reference of the client's, the way back unknown": {"request_uri": "https://service.example/object.jwt", "redirect_uri": None},
}


async def test_requests_that_must_be_answered_to_nobody(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE)
    for name, changes in BROKEN.items():
        journey = Journey(site, service, citizen)
        answer = await journey.authorize(journey.request(**changes))
        assert answer.status_code == 400 and "location" not in answer.headers, name
    async with site.http() as http:
        for method in ("PUT", "DELETE", "PATCH"):
            assert (await http.request(method, "/oidc/authorize")).status_code == 405


async def test_an_address_with_a_query_of_its_own_keeps_it(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE, redirect_uris=(f"{BACK}?tenant=a%2Fb",))
    journey = Journey(site, service, citizen)
    back = sent_back(await journey.authorize(journey.request(redirect_uri=f"{BACK}?tenant=a%2Fb")))
    assert back["tenant"] == "a/b" and "code" in back
    assert sent_back(await journey.authorize(journey.request(redirect_uri=f"{BACK}?tenant=a%2Fb", scope="x")))["tenant"] == "a/b"


# ID tokens, UserInfo (oidcc-basic) -----------------------------------------------------------------------------------------


async def test_an_id_token_says_what_it_must(site: Site, registry: Any, make_service: Make) -> None:
    citizen = await make_citizen(registry, age=120)
    service = await make_service("basic", agreement=FREE)
    journey = Journey(site, service, citizen, scope="openid offline_access")
    async with site.http() as http:
        keys = jwk.KeySet.import_key_set((await http.get("/oidc/jwks")).json())
    made = await journey.signed_in(nonce="né/+=", max_age="10000", claims='{"id_token": {"auth_time": {"essential": true}}}')
    token = jwt.decode(made["id_token"], keys, algorithms=["ES256"])
    said, now = token.claims, time.time()
    assert token.header["kid"] and said["iss"] == ISSUER and said["aud"] == service.id and said["nonce"] == "né/+="
    assert now - 5 < said["iat"] <= now < said["exp"] and said["auth_time"] <= now - 110 and said["acr"].startswith(ACR) and said["amr"]
    assert 0 < len(said["sub"]) <= 255 and said["sub"].isascii()
    assert said["at_hash"] == b64u(hashlib.sha256(made["access_token"].encode()).digest()[:16])
    again = (await journey.refresh(made["refresh_token"])).json()
    later = split(again["id_token"]).claims
    assert {n: later[n] for n in ("iss", "sub", "aud", "auth_time", "acr", "sid")} == {n: said[n] for n in ("iss", "sub", "aud", "auth_time", "acr", "sid")}
    assert "nonce" not in later and later["at_hash"] != said["at_hash"]
    shown = (await journey.userinfo(again["access_token"])).json()
    assert shown["sub"] == said["sub"] == split(again["access_token"]).claims["sub"]
    assert "nonce" not in split((await journey.signed_in(nonce=None))["id_token"]).claims


async def test_a_client_of_an_old_library_gets_rs256_and_its_hint_is_ours(site: Site, citizen: Citizen, make_service: Make) -> None:
    after = "https://service.example/signed-out"
    service = await make_service("basic", agreement=FREE, id_token_alg="RS256", post_logout_redirect_uris=(after,))
    async with site.http() as http:
        before = (await http.get("/oidc/jwks")).json()["keys"]
        assert {key["kty"] for key in before} == {"EC"}, "no key that nobody asked for"
        made = await Journey(site, service, citizen).signed_in()
        keys = jwk.KeySet.import_key_set((await http.get("/oidc/jwks")).json())
    token = jwt.decode(made["id_token"], keys, algorithms=["RS256"])
    assert token.header["alg"] == "RS256" and token.claims["aud"] == service.id
    assert split(made["access_token"]).alg == "ES256", "access tokens are read by others than the client"
    hint = made["id_token"]
    assert "code" in sent_back(await Journey(site, service, citizen).authorize(id_token_hint=hint, prompt="none"))
    sealer, notice = site.app.state.oidc.sealer, Notice(citizen.key, service.client.client_no, citizen.sid, ISSUER, 0)
    told = jwt.decode(logout_token(site.app.state.oidc.keys, sealer, ISSUER, service.client, notice), keys, algorithms=["RS256"])
    assert told.header["typ"] == "logout+jwt" and told.claims["jti"] and {"sub", "sid"} <= told.claims.keys()
    async with site.browser(citizen) as browser:
        assert (await browser.get("/oidc/logout", params={"id_token_hint": hint, "post_logout_redirect_uri": after})).headers["location"] == after


async def test_the_ways_to_show_a_token(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service("basic", agreement=FREE), citizen)
    token = (await journey.signed_in())["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    async with site.http() as http:
        for answer in (
            await http.get("/oidc/userinfo", headers=bearer),
            await http.get("/oidc/userinfo", headers={"Authorization": f"bearer {token}"}),
            await http.post("/oidc/userinfo", headers=bearer),
            await http.post("/oidc/userinfo", data={"access_token": token}),
        ):
            assert answer.status_code == 200 and answer.json()["sub"], answer.text
            assert answer.headers["content-type"].startswith("application/json") and answer.headers["cache-control"] == "no-store"
        for answer, status in (
            (await http.get("/oidc/userinfo", params={"access_token": token}), 401),  # 9700 §4.3.2: never in an address
            (await http.post("/oidc/userinfo", data={"access_token": token}, headers=bearer), 400),  # 6750 §2: one way alone
            (await http.get("/oidc/userinfo", headers={"Authorization": f"DPoP {token}"}), 401),
            (await http.post("/oidc/userinfo", data={"access_token": [token, token]}), 400),
            (await http.get("/oidc/userinfo", headers={"Authorization": "Bearer "}), 400),
        ):
            assert answer.status_code == status and answer.headers["www-authenticate"], answer.text
        for nothing in (await http.get("/oidc/userinfo"), await http.get("/oidc/userinfo", auth=("a", "b"))):
            said = nothing.headers["www-authenticate"]
            assert nothing.status_code == 401 and "error" not in said, "6750 §3.1: no error where nothing came, or an unknown way"
            assert f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"' in said
        resource = (await http.get("/.well-known/oauth-protected-resource")).json()
        assert resource["resource"] == ISSUER == split(token).claims["aud"] and resource["authorization_servers"] == [ISSUER], "9728 §3.3"
        assert resource["bearer_methods_supported"] == ["header", "body"]


async def test_levels_that_are_demanded_and_wished_for(site: Site, registry: Any, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE)
    journey = Journey(site, service, await make_citizen(registry, acr=2))

    def wish(*values: int, essential: bool) -> str:
        return json.dumps({"id_token": {"acr": {"essential": essential, "values": [f"{ACR}{n}" for n in values]}}})

    assert split((await journey.signed_in(claims=wish(2, essential=True)))["id_token"]).claims["acr"] == f"{ACR}2"
    one = await journey.signed_in(claims=wish(1, essential=True))
    assert split(one["id_token"]).claims["acr"] == f"{ACR}1", "one of those demanded, though more was proved"
    up = await journey.authorize(claims=wish(3, 4, essential=True))
    assert "acr=3" in up.headers["location"], "step up"
    assert "acr=3" in (await journey.authorize(claims=wish(3, essential=False))).headers["location"], "a wish is the same as acr_values"
    onward = parse_qs(urlsplit(up.headers["location"]).query)["next"][0]
    async with site.browser(journey.citizen) as browser:
        assert sent_back(await browser.get(onward))["error"] == "unmet_authentication_requirements"
    quiet = await journey.authorize(claims=wish(3, essential=True), prompt="none")
    assert sent_back(quiet)["error"] in ("login_required", "interaction_required", "unmet_authentication_requirements")


async def test_a_wish_to_sign_in_anew_holds_a_moment_after_signing_in(site: Site, registry: Any, make_service: Make) -> None:
    """What counts is another sign-in than the one that stood, not how long ago that one was made."""
    citizen = await make_citizen(registry)
    journey = Journey(site, await make_service("basic", agreement=FREE), citizen)
    for wish in ({"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}):
        answer = await journey.authorize(journey.request(**wish))
        assert "prompt=login" in answer.headers["location"], wish
        onward = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
        async with site.browser(citizen) as browser:
            assert "prompt=login" in (await browser.get(onward)).headers["location"], "came back without having done it"
            await site.sql("UPDATE accounts.sign_in SET at = clock_timestamp() WHERE person_key = %s RETURNING 1", (citizen.key,))
            assert "code" in sent_back(await browser.get(onward)), wish


async def test_a_token_for_part_of_the_details_granted(site: Site, citizen: Citizen, make_service: Make) -> None:
    """RFC 9396 §6: a token may be wanted for less than was granted, never for more; the next one may have all of it again."""
    few, most = {"type": "payment", "amount": "1"}, {"type": "payment", "amount": "2"}
    both = json.dumps([few, most])
    service = await make_service("basic", agreement=FREE, detail_types=("payment",))
    journey = Journey(site, service, citizen, scope="openid offline_access")
    async with site.browser(citizen) as browser:
        page = await browser.get("/oidc/authorize", params=journey.request(authorization_details=both))
        code = sent_back(await browser.post("/oidc/consent", data={**hidden(page.text), "answer": "yes"}))["code"]
    for wrong in ('[{"type": "payment", "amount": "3"}]', '[{"type": "other"}]', "x"):
        assert error_of(await journey.token(code, authorization_details=wrong)) == "invalid_authorization_details", wrong
    made = (await journey.token(code, authorization_details=json.dumps([few]))).json()
    assert made["authorization_details"] == split(made["access_token"]).claims["authorization_details"] == [few]
    assert (await journey.refresh(made["refresh_token"])).json()["authorization_details"] == [few, most]
    own = await journey.ask({"grant_type": _BASIC, "authorization_details": json.dumps([few]), **journey.credentials()})
    assert error_of(own) == "invalid_authorization_details", "nobody agreed to it for the program itself"


# Token endpoint (RFC 6749 §5, 6750, 7009, 7662) -----------------------------------------------------------------------------

_BASIC = "client_credentials"
TOKEN: dict[str, tuple[dict[str, Any], int, str]] = {
    "6749: grant_type missing": ({"grant_type": None}, 400, "invalid_request"),
    "6749: grant_type nobody knows": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "6749: code missing": ({"grant_type": "authorization_code"}, 400, "invalid_request"),
    "6749: a code nobody gave": ({"grant_type": "authorization_code", "code": "x", "redirect_uri": BACK}, 400, "invalid_grant"),
    "6749: refresh token missing": ({"grant_type": "refresh_token"}, 400, "invalid_request"),
    "6749: a refresh token nobody gave": ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    "6749: a scope that is not the client's": ({"grant_type": _BASIC, "scope": "moon"}, 400, "invalid_scope"),
    "6749: no client": ({"grant_type": _BASIC, "client_id": None, "client_secret": None}, 401, "invalid_client"),
    "6749: an unknown client": ({"grant_type": _BASIC, "client_id": "nobody"}, 401, "invalid_client"),
    "6749: a wrong secret": ({"grant_type": _BASIC, "client_secret": "wrong"}, 401, "invalid_client"),
    "7521: an assertion of an unknown kind": ({"grant_type": _BASIC, "client_secret": None, "client_assertion": "x", "client_assertion_type": "y"}, 401, "invalid_client"),
    "7523: an assertion that is none": ({"grant_type": _BASIC, "client_secret": None, "client_assertion": "x", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, 401, "invalid_client"),
    "6749: two ways at once": ({"grant_type": _BASIC, "client_assertion": "x"}, 400, "invalid_request"),
    "8707: a resource nobody knows": ({"grant_type": _BASIC, "resource": "https://other.example"}, 400, "invalid_target"),
    "8628: a device code nobody gave": ({"grant_type": DEVICE, "device_code": "x"}, 400, "invalid_grant"),
    "8628: device code missing": ({"grant_type": DEVICE}, 400, "invalid_request"),
    "ciba: auth_req_id missing": ({"grant_type": CIBA}, 400, "invalid_request"),
    "ciba: a request nobody made": ({"grant_type": CIBA, "auth_req_id": "x"}, 400, "invalid_grant"),
    "8693: subject token missing": ({"grant_type": EXCHANGE, "audience": "x", "subject_token_type": ACCESS_TOKEN}, 400, "invalid_request"),
    "8693: a subject token that is none": ({"grant_type": EXCHANGE, "audience": "x", "subject_token": "x", "subject_token_type": ACCESS_TOKEN}, 400, "invalid_request"),
    "8693: a kind of token nobody exchanges": ({"grant_type": EXCHANGE, "audience": "x", "subject_token": "x", "subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, 400, "invalid_request"),
}  # fmt: skip


async def test_what_the_token_endpoint_refuses(site: Site, make_service: Make) -> None:
    service = await make_service("basic", grant_types=EVERY_GRANT)
    async with site.http() as http:
        for name, (changes, status, error) in TOKEN.items():
            body = {"client_id": service.id, "client_secret": SECRET, **changes}
            answer = await http.post("/oidc/token", data={k: v for k, v in body.items() if v is not None})
            assert (answer.status_code, error_of(answer)) == (status, error), (name, answer.text)
            assert answer.headers["cache-control"] == "no-store" and answer.headers["content-type"].startswith("application/json"), name
            assert answer.json().keys() <= {"error", "error_description", "error_uri"}, name
        good = await http.post("/oidc/token", data={"grant_type": _BASIC}, auth=(service.id, SECRET))
        assert good.status_code == 200 and good.headers["cache-control"] == "no-store" and good.headers["pragma"] == "no-cache"
        assert good.json().keys() == {"access_token", "token_type", "expires_in", "scope"}, "no refresh token for a program (6749 §4.4.3)"
        wrong = await http.post("/oidc/token", data={"grant_type": _BASIC}, auth=(service.id, "wrong"))
        assert wrong.status_code == 401 and wrong.headers["www-authenticate"].startswith("Basic "), "6749 §5.2"
        junk = await http.post("/oidc/token", data={"grant_type": _BASIC}, headers={"Authorization": "Basic !!!"})
        assert (junk.status_code, error_of(junk)) == (401, "invalid_client")
        two = await http.post("/oidc/token", data={"grant_type": _BASIC, "client_id": "another"}, auth=(service.id, SECRET))
        assert (two.status_code, error_of(two)) == (400, "invalid_request"), "one client in the header, another in the form"
        as_json = await http.post("/oidc/token", json={"grant_type": _BASIC})
        assert (as_json.status_code, error_of(as_json)) == (400, "invalid_request")
        twice = await http.post("/oidc/token", content=f"grant_type={_BASIC}&grant_type={_BASIC}", headers={"content-type": "application/x-www-form-urlencoded"}, auth=(service.id, SECRET))
        assert error_of(twice) == "invalid_request"
        in_address = await http.post("/oidc/token", params={"client_id": service.id, "client_secret": SECRET}, data={"grant_type": _BASIC})
        assert in_address.status_code == 401, "6749 §2.3.1: secrets do not travel in addresses"


async def test_every_endpoint_for_programs_takes_post_alone(site: Site) -> None:
    async with site.http() as http:
        for path in ("/oidc/token", "/oidc/par", "/oidc/introspect", "/oidc/revoke", "/oidc/device_authorization", "/oidc/bc-authorize"):
            for method in ("GET", "PUT", "DELETE"):
                answer = await http.request(method, path)
                assert answer.status_code == 405 and "POST" in answer.headers["allow"], (path, method)


async def test_introspection_and_revocation_as_written(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service("basic", agreement=FREE)
    made = await Journey(site, service, citizen, scope="openid offline_access").signed_in()
    auth = (service.id, SECRET)
    async with site.http() as http:
        for hint in ("access_token", "refresh_token", "nonsense"):
            for token in (made["access_token"], made["refresh_token"]):
                said = await http.post("/oidc/introspect", data={"token": token, "token_type_hint": hint}, auth=auth)
                assert said.json()["active"] is True and said.headers["cache-control"] == "no-store", "7662 §2.1: a hint is only a hint"
        dead = await http.post("/oidc/introspect", data={"token": made["id_token"]}, auth=auth)
        assert dead.json() == {"active": False}, "7662 §2.2: and nothing else"
        revoked = await http.post("/oidc/revoke", data={"token": made["refresh_token"], "token_type_hint": "nonsense"}, auth=auth)
        assert revoked.status_code == 200
        for token in (made["access_token"], made["refresh_token"]):
            assert (await http.post("/oidc/introspect", data={"token": token}, auth=auth)).json() == {"active": False}, "7009 §2.1"


# Logout (RP-Initiated) ------------------------------------------------------------------------------------------------------


async def test_a_hint_that_ran_out_is_as_good_and_a_changed_one_is_none(site: Site, citizen: Citizen, make_service: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    after = "https://service.example/signed-out"
    service = await make_service("basic", agreement=FREE, post_logout_redirect_uris=(after, f"{after}?x=1"))
    hint = (await Journey(site, service, citizen).signed_in())["id_token"]
    head, body, signature = hint.split(".")
    claims = {**json.loads(base64.urlsafe_b64decode(body + "==")), "sub": "other"}
    changed = ".".join((head, b64u(json.dumps(claims).encode()), signature))
    unsigned = ".".join((b64u(json.dumps({"alg": "none", "typ": "JWT"}).encode()), body, ""))
    later = time.time() + 3600
    monkeypatch.setattr("time.time", lambda: later)
    async with site.browser(citizen) as browser:

        async def leave(**params: str) -> httpx.Response:
            return await browser.get("/oidc/logout", params=params)

        for wrong in (changed, unsigned, "x"):
            answer = await leave(id_token_hint=wrong, post_logout_redirect_uri=after)
            assert answer.status_code == 400 and "location" not in answer.headers
        for params in ({"state": "only"}, {}, {"logout_hint": "somebody", "ui_locales": "en"}):
            answer = await leave(**params)
            assert answer.status_code == 200 and "/oidc/logout/answer" in answer.text, "asked first, and sent nowhere"
        assert (await leave(id_token_hint=hint, post_logout_redirect_uri=f"{after}?y=1")).status_code == 400, "a query that was not registered"
        good = await leave(id_token_hint=hint, client_id=service.id, post_logout_redirect_uri=f"{after}?x=1", state="a b")
        assert good.headers["location"] == f"{after}?x=1&state=a+b", "expired an hour ago"


# Device, CIBA ---------------------------------------------------------------------------------------------------------------


async def test_devices_and_ciba_say_what_they_must(site: Site, make_service: Make) -> None:
    service = await make_service("basic", grant_types=EVERY_GRANT)
    auth, now = (service.id, SECRET), int(time.time())
    async with site.http() as http:
        device = await http.post("/oidc/device_authorization", data={"scope": "openid"}, auth=auth)
        assert device.headers["cache-control"] == "no-store"
        assert {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"} == device.json().keys()
        asked = await http.post("/oidc/bc-authorize", data={"scope": "openid", "login_hint": "049090000001"}, auth=auth)
        assert asked.headers["cache-control"] == "no-store" and len(asked.json()["auth_req_id"]) >= 22, "CIBA §7.3: 128 bits at least"
        for changes, error in (
            ({"scope": None}, "invalid_scope"),
            ({"login_hint": None}, "invalid_request"),
            ({"login_hint_token": "x"}, "invalid_request"),
            ({"request": "x.y.z"}, "invalid_request"),
            ({"requested_expiry": "-1"}, "invalid_request"),
        ):
            body = {"scope": "openid", "login_hint": "049090000001", **changes}
            assert error_of(await http.post("/oidc/bc-authorize", data={k: v for k, v in body.items() if v}, auth=auth)) == error, changes
        wrong = await http.post("/oidc/bc-authorize", data={"scope": "openid", "login_hint": "x"}, auth=(service.id, "wrong"))
        assert (wrong.status_code, error_of(wrong)) == (401, "invalid_client")
    strong = await make_service(grant_types=EVERY_GRANT)
    inside = {"iss": strong.id, "client_id": strong.id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, "jti": "j", "scope": "openid", "login_hint": "049090000001", "requested_expiry": 60}
    async with site.http() as http:

        async def ask(changes: dict[str, Any], **how: Any) -> httpx.Response:
            claims = {name: value for name, value in {**inside, **changes}.items() if value is not None}
            return await http.post("/oidc/bc-authorize", data={"request": strong.sign(claims, **how), **strong.credentials()})

        signed = await ask({})
        assert signed.status_code == 200 and signed.json()["expires_in"] == 60, signed.text
        week, far = 7 * 86_400, 2_000_000_000_000
        spoiled = [{name: None} for name in ("aud", "iss", "exp", "iat", "nbf", "jti")]
        spoiled += [{"aud": "https://other.example"}, {"iss": "other"}, {"exp": now - 600}, {"exp": far}, {"iat": now - week}, {"nbf": far}, {"nbf": now - 8 * 3600}]
        for changes in spoiled:
            refused = await ask(changes)
            assert (refused.status_code, error_of(refused)) == (400, "invalid_request"), changes
        assert error_of(await ask({}, key=Service(strong.client).key)) == "invalid_request", "another's signature"


async def test_a_method_of_a_client_is_the_one_it_registered(site: Site, make_service: Make) -> None:
    """RFC 9700 §2.5, RFC 7591: a client that proves itself by a key is not let in by a secret, nor by its name alone."""
    strong, weak = await make_service(), await make_service("basic", auth_method=AuthMethod.SECRET_POST)
    async with site.http() as http:
        for auth in ((strong.id, SECRET), (strong.id, "")):
            assert (await http.post("/oidc/token", data={"grant_type": _BASIC}, auth=auth)).status_code == 401
        assert (await http.post("/oidc/token", data={"grant_type": _BASIC, "client_id": strong.id})).status_code == 401
        assert (await http.post("/oidc/token", data={"grant_type": _BASIC, "client_id": weak.id})).status_code == 401
        assert (await http.post("/oidc/token", data={"grant_type": _BASIC, "client_id": weak.id, "client_secret": SECRET})).status_code == 200
