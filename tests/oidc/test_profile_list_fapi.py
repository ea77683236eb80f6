"""What certification plans ask of a provider for FAPI 2.0 Security Profile clients (RFC 9101, 9126, 9449, private_key_jwt) and no other
test of this folder does; see test_profile_list.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any

import httpx
import pytest
from joserfc import jwk, jws, jwt

from dancu.oidc.jose import b64u, split
from dancu.oidc.service.device import GRANT as DEVICE
from tests.oidc.conftest import BACK, ISSUER, Agreement, Citizen, Make, Service, Site
from tests.oidc.flows import Journey, error_of, sent_back

pytestmark = pytest.mark.asyncio(loop_scope="session")
FREE = Agreement(consent_needed=False)


async def test_a_reference_is_good_for_one_answer_and_a_moment(site: Site, citizen: Citizen, make_service: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    journey = Journey(site, await make_service(agreement=FREE), citizen)
    pushed = await journey.push()
    said = pushed.json()
    assert pushed.status_code == 201 and pushed.headers["cache-control"] == "no-store" and said["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= said["expires_in"] <= 600, "fapi2: less than ten minutes"
    params = {"client_id": journey.service.id, "request_uri": said["request_uri"]}
    assert (await journey.authorize({**params, "redirect_uri": "https://evil.example/", "scope": "x", "state": "other"})).headers["location"].startswith(BACK), "9126 §4: what stands beside does not count"
    code = sent_back(await journey.authorize(params))["code"]
    assert (await journey.token(code)).status_code == 200
    again = sent_back(await journey.authorize(params))
    assert again["error"] == "invalid_request_uri" and again["iss"] == ISSUER and "code" not in again
    assert "location" not in (await journey.authorize({"request_uri": said["request_uri"]})).headers, "client_id is missing"
    later = time.time() + said["expires_in"] + 5
    monkeypatch.setattr("dancu.oidc.service.requests.time.time", lambda: later)
    late = await journey.authorize({"client_id": journey.service.id, "request_uri": said["request_uri"]})
    assert late.status_code == 400 and "invalid_request_uri" in late.text


async def test_more_references_at_once_than_there_are_connections(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service(agreement=FREE), citizen)
    params = [{"client_id": journey.service.id, "request_uri": (await journey.push()).json()["request_uri"]} for _ in range(8)]
    for answer in await asyncio.gather(*map(journey.authorize, params)):
        assert "code" in sent_back(answer), "nobody who holds a connection waits for another"


OBJECTS: dict[str, tuple[dict[str, Any], str]] = {
    "fapi2: nonce and state inside": ({"nonce": "inside", "state": "inside"}, ""),
    "9101: several audiences": ({"aud": [ISSUER, "https://other.example"]}, ""),
    "fapi2: nbf a little ahead": ({"nbf": 8}, ""),
    "7519: moments in fractions of a second": ({"nbf": -0.5, "exp": 60.5}, ""),
    "fapi2: without nbf": ({"nbf": None}, "invalid_request_object"),
    "fapi2: nbf of long ago": ({"nbf": -4000}, "invalid_request_object"),
    "fapi2: nbf far ahead": ({"nbf": 600}, "invalid_request_object"),
    "fapi2: without exp": ({"exp": None}, "invalid_request_object"),
    "fapi2: exp far ahead": ({"exp": 7200}, "invalid_request_object"),
    "9101: without aud": ({"aud": None}, "invalid_request_object"),
    "9101: without iss": ({"iss": None}, "invalid_request_object"),
    "9101: one object in another": ({"request": "x"}, "invalid_request_object"),
    "9101: a reference inside": ({"request_uri": "urn:x"}, "invalid_request_object"),
    "9126: another's address": ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
    "9126: PKCE missing inside": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
}  # fmt: skip


async def test_request_objects(site: Site, make_service: Make) -> None:
    service, now = await make_service(), int(time.time())
    journey = Journey(site, service, None)
    async with site.http() as http:
        for name, (changes, error) in OBJECTS.items():
            moved = {n: now + v if n in ("nbf", "exp") and v is not None else v for n, v in changes.items()}
            claims = {**journey.request(), "iss": service.id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 300, **moved}
            signed = service.sign({k: v for k, v in claims.items() if v is not None}, typ="oauth-authz-req+jwt")
            outside = {"client_id": service.id, "request": signed, "code_challenge": journey.challenge, "state": "outside"}
            answer = await http.post("/oidc/par", data={**outside, **service.credentials()})
            assert (answer.json().get("error", "")) == error, (name, answer.text)


async def test_the_answer_is_of_what_stands_inside_the_object(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, now = await make_service(agreement=FREE), int(time.time())
    journey = Journey(site, service, citizen)
    inside = {**journey.request(nonce="inside", state="inside"), "iss": service.id, "aud": ISSUER, "nbf": now, "exp": now + 60}
    async with site.http() as http:
        pushed = await http.post("/oidc/par", data={"client_id": service.id, "request": service.sign(inside), "nonce": "outside", "state": "outside", **service.credentials()})
    back = sent_back(await journey.authorize({"client_id": service.id, "request_uri": pushed.json()["request_uri"]}))
    assert back["state"] == "inside" and split((await journey.token(back["code"])).json()["id_token"]).claims["nonce"] == "inside"


PROOFS: dict[str, tuple[dict[str, Any], str]] = {
    "9449: query and fragment do not count": ({"htu": f"{ISSUER}/oidc/token?x=1#y"}, ""),
    "9449: nor does the port of the scheme": ({"htu": "http://localhost:80/oidc/token"}, ""),
    "9449: nor capital letters of the host": ({"htu": "HTTP://LOCALHOST/oidc/token"}, ""),
    "9449: members nobody knows": ({"extra": "x"}, ""),
    "9449: a little ahead": ({"iat": 8}, ""),
    "9449: another method": ({"htm": "POS"}, "invalid_dpop_proof"),
    "9449: the method in small letters": ({"htm": "post"}, "invalid_dpop_proof"),
    "9449: another path": ({"htu": f"{ISSUER}/oidc/token/"}, "invalid_dpop_proof"),
    "9449: a path in capital letters": ({"htu": f"{ISSUER}/oidc/TOKEN"}, "invalid_dpop_proof"),
    "9449: no htm": ({"htm": None}, "invalid_dpop_proof"),
    "9449: no htu": ({"htu": None}, "invalid_dpop_proof"),
    "9449: an address that is none": ({"htu": "x"}, "invalid_dpop_proof"),
    "9449: iat that is none": ({"iat": "now"}, "invalid_dpop_proof"),
    "9449: jti that is none": ({"jti": 7}, "invalid_dpop_proof"),
    "9449: old": ({"iat": -600}, "use_dpop_nonce"),
}  # fmt: skip


async def test_proofs_of_possession(site: Site, make_service: Make) -> None:
    service, now = await make_service("public", grant_types=frozenset({"authorization_code", DEVICE})), int(time.time())
    async with site.http() as http:

        async def ask(*proofs: str) -> httpx.Response:
            headers = [("DPoP", proof) for proof in proofs]
            return await http.post("/oidc/token", data={"grant_type": "authorization_code", "code": "x", "client_id": service.id}, headers=headers)

        for name, (changes, error) in PROOFS.items():
            moved = {n: now + v if n == "iat" and isinstance(v, int) else v for n, v in changes.items()}
            answer = await ask(service.proof("/oidc/token", **moved))
            assert error_of(answer) == (error or "invalid_grant"), (name, answer.text)
            assert ("dpop-nonce" in answer.headers) is bool(error), name
        rsa = jwk.RSAKey.generate_key(2048)
        assert error_of(await ask(_proof(rsa, "RS256"))) == "invalid_dpop_proof", "fapi2: not an algorithm of the profile"
        assert error_of(await ask(_proof(rsa, "PS256"))) == "invalid_grant"
        for member in ({"alg": ["ES256"]}, {"alg": {}}, {"use": []}, {"kty": []}):
            odd = _proof(service.proof_key, "ES256", jwk={**service.proof_key.as_dict(private=False), **member})
            assert error_of(await ask(odd)) == "invalid_dpop_proof", member
        private = _proof(service.proof_key, "ES256", jwk={k: v for k, v in service.proof_key.as_dict(private=True).items() if k != "kid"})
        assert error_of(await ask(private)) == "invalid_dpop_proof", "9449 §4.3: a private key in the header"
        good = service.proof("/oidc/token")
        assert error_of(await ask(good, service.proof("/oidc/token"))) == "invalid_dpop_proof", "one header alone"
        head, body, _ = good.split(".")
        none = b64u(json.dumps({**split(good).header, "alg": "none"}).encode())
        for forged in (f"{head}.{body}.AAAA", f"{none}.{body}.", "x", good + "A"):
            assert error_of(await ask(forged)) == "invalid_dpop_proof"


def _proof(key: Any, alg: str, **header: Any) -> str:
    public = {k: v for k, v in key.as_dict(private=False).items() if k in ("kty", "crv", "x", "y", "n", "e")}
    claims = {"jti": secrets.token_hex(8), "htm": "POST", "htu": f"{ISSUER}/oidc/token", "iat": int(time.time())}
    head = {"alg": alg, "typ": "dpop+jwt", "jwk": public, **header}
    if header:  # the library would not sign with it in the header: the signature of the honest one does, the header is refused first
        honest = jws.serialize_compact({"alg": alg, "typ": "dpop+jwt"}, json.dumps(claims), key, algorithms=[alg]).split(".")
        return ".".join((b64u(json.dumps(head).encode()), *honest[1:]))
    return jws.serialize_compact(head, json.dumps(claims), key, algorithms=[alg])


async def test_a_proof_that_comes_again_is_named(site: Site, make_service: Make) -> None:
    service = await make_service()
    journey = Journey(site, service, None)
    proof, body = service.proof("/oidc/par"), journey.request()
    async with site.http() as http:
        first = await http.post("/oidc/par", data={**body, **service.credentials()}, headers={"DPoP": proof})
        again = await http.post("/oidc/par", data={**body, **service.credentials()}, headers={"DPoP": proof})
        assertion = service.credentials()
        assert (await http.post("/oidc/par", data={**body, **assertion}, headers={"DPoP": service.proof("/oidc/par")})).status_code == 201
        other = await http.post("/oidc/par", data={**body, **assertion}, headers={"DPoP": service.proof("/oidc/par")})
    assert first.status_code == 201 and (again.status_code, error_of(again)) == (400, "invalid_dpop_proof")
    assert (other.status_code, error_of(other)) == (401, "invalid_client"), "it was the assertion that came again"


async def test_who_proved_to_be_the_client_may_refresh_with_a_new_key(site: Site, citizen: Citizen, make_service: Make) -> None:
    """RFC 9449 §5: a confidential client's refresh token is bound to the client, so its key can be replaced; a public one's to the key."""
    service = await make_service(agreement=FREE)
    journey = Journey(site, service, citizen, scope="openid offline_access")
    made = await journey.signed_in()
    old, service.proof_key = service.proof_key, Service(service.client).proof_key
    changed = await journey.refresh(made["refresh_token"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["refresh_token"] == made["refresh_token"], "fapi2 §5.3.2.1: not replaced, nor anything that looks like it"
    assert (await journey.userinfo(changed.json()["access_token"])).status_code == 200
    assert split(changed.json()["access_token"]).claims["cnf"] != split(made["access_token"]).claims["cnf"]
    service.proof_key = old
    assert (await journey.refresh(changed.json()["refresh_token"])).status_code == 200
    missing = await journey.ask({"grant_type": "refresh_token", "refresh_token": made["refresh_token"], **service.credentials()}, proof="")
    assert error_of(missing) == "invalid_dpop_proof", "and never without one"
    app = await make_service("public", agreement=FREE, bound="dpop")
    mobile = Journey(site, app, citizen, scope="openid offline_access")
    held = await mobile.signed_in()
    app.proof_key = service.proof_key
    assert error_of(await mobile.refresh(held["refresh_token"])) == "invalid_grant"


async def test_tokens_of_a_fapi_client_at_their_edges(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, other = await make_service(agreement=FREE), await make_service(agreement=FREE)
    journey = Journey(site, service, citizen)
    code = await journey.code()
    stolen = Journey(site, other, citizen)
    stolen.verifier = journey.verifier
    assert error_of(await stolen.token(code)) == "invalid_grant", "a code is its client's"
    assert error_of(await journey.token(code, client_assertion=None, client_assertion_type=None)) == "invalid_client"
    assert error_of(await journey.token(code, client_id=other.id)) == "invalid_client", "another client's name beside the assertion"
    made = (await journey.token(code, client_id=service.id)).json()
    assert made["token_type"] == "DPoP"
    assert error_of(await journey.token(code)) == "invalid_grant" and (await journey.userinfo(made["access_token"])).status_code == 401, "6749 §4.1.2: used twice, all ends"
    rsa = jwk.RSAKey.import_key({**jwk.RSAKey.generate_key(2048).as_dict(private=True), "kid": "r"})
    weak = await make_service(jwks={"keys": [{**rsa.as_dict(private=False), "kid": "r"}]})
    now = int(time.time())
    for alg, status in (("RS256", 401), ("PS256", 201)):
        claims = {"iss": weak.id, "sub": weak.id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": secrets.token_hex(8)}
        signed = jwt.encode({"alg": alg, "kid": "r"}, claims, rsa, algorithms=[alg])
        pushed = await Journey(site, weak, None).push({"client_assertion_type": service.credentials()["client_assertion_type"], "client_assertion": signed})
        assert pushed.status_code == status, (alg, pushed.text)


async def test_dpop_at_a_resource(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service(agreement=FREE)
    journey = Journey(site, service, citizen)
    token = (await journey.signed_in())["access_token"]
    async with site.http() as http:

        async def show(scheme: str, proof: str = "", method: str = "GET") -> httpx.Response:
            headers = {"Authorization": f"{scheme} {token}", **({"DPoP": proof} if proof else {})}
            return await http.request(method, "/oidc/userinfo", headers=headers)

        good = await show("dpop", service.proof("/oidc/userinfo", "GET", token=token))
        assert good.status_code == 200, "the scheme's letters do not matter"
        assert (await show("DPoP", service.proof("/oidc/userinfo", token=token), "POST")).status_code == 200
        for answer in (
            await show("DPoP"),
            await show("Bearer"),
            await show("Bearer", service.proof("/oidc/userinfo", "GET", token=token)),
            await show("DPoP", service.proof("/oidc/userinfo", "GET")),
            await show("DPoP", service.proof("/oidc/userinfo", "POST", token=token)),
            await show("DPoP", service.proof("/oidc/userinfo", "GET", token=token, iat=int(time.time()) - 600)),
        ):
            assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("DPoP ") and "algs=" in answer.headers["www-authenticate"], answer.headers
        stale = await show("DPoP", service.proof("/oidc/userinfo", "GET", token=token, iat=int(time.time()) - 600))
        assert 'error="use_dpop_nonce"' in stale.headers["www-authenticate"] and stale.headers["dpop-nonce"], "9449 §9"
        mended = service.proof("/oidc/userinfo", "GET", token=token, iat=int(time.time()) - 600, nonce=stale.headers["dpop-nonce"])
        assert (await show("DPoP", mended)).status_code == 200
