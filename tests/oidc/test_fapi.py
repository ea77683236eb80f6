"""FAPI 2.0 clients: pushed requests, private_key_jwt, DPoP or a certificate, and nothing weaker."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from dancu.oidc.models import AuthMethod
from dancu.oidc.service.grants.token_exchange import ACCESS_TOKEN
from dancu.oidc.service.grants.token_exchange import GRANT as EXCHANGE
from dancu.oidc.service.recent import Recent
from tests.oidc.conftest import BACK, ISSUER, Citizen, Make, Service, Site, make_citizen, register
from tests.oidc.flows import Journey, error_of, sent_back

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_whole_way(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service(), citizen, scope="openid offline_access")
    token = await journey.signed_in()
    assert token["token_type"] == "DPoP" and token["expires_in"] <= 300
    async with site.http() as http:
        keys = KeySet.import_key_set((await http.get("/oidc/jwks")).json())
    access = joserfc_jwt.decode(token["access_token"], keys, algorithms=["ES256"])
    assert access.header["typ"] == "at+jwt" and access.claims["aud"] == ISSUER and access.claims["exp"] - access.claims["iat"] <= 300
    assert access.claims["cnf"]["jkt"] and "person_key" not in access.claims
    shown = await journey.userinfo(token["access_token"])
    assert shown.status_code == 200 and shown.json() == {"sub": access.claims["sub"]}
    again = await journey.refresh(token["refresh_token"])
    assert again.status_code == 200
    # Bound to a key, a refresh token need not rotate: what was lost on the way can be asked again.
    assert (await journey.refresh(token["refresh_token"])).status_code == 200


@pytest.mark.parametrize("remembered", [True, False])
async def test_what_was_given_out_is_read_by_whoever_did_not_give_it_out(site: Site, citizen: Citizen, make_service: Make, monkeypatch: pytest.MonkeyPatch, remembered: bool) -> None:
    """What a process gave out it may know again; another one, or the same after a restart, reads it from the text."""
    journey = Journey(site, await make_service(), citizen, scope="openid offline_access")
    await journey.authorize()
    provider = site.app.state.oidc
    for place in ("pushed", "codes"):
        monkeypatch.setattr(provider, place, Recent(9 if remembered else 0))
    monkeypatch.setattr(provider.keys, "_own", Recent(9 if remembered else 0))
    code = await journey.code()
    token = (await journey.token(code)).json()
    shown = await journey.userinfo(token["access_token"])
    assert (shown.status_code, [*shown.json()]) == (200, ["sub"])
    assert error_of(await journey.token(code)) == "invalid_grant", "known or read, once"
    assert (await journey.userinfo(token["access_token"])).status_code == 401, "and that ended what it gave"


async def test_requests_must_be_pushed(site: Site, citizen: Citizen, make_service: Make) -> None:
    journey = Journey(site, await make_service(), citizen)
    answer = await journey.authorize(journey.request())
    assert answer.status_code == 400 and "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/back"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": 'openid "x"'}, "invalid_scope"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo": {"name": 3}}'}, "invalid_request"),
        ({"authorization_details": '{"type": "x"}'}, "invalid_authorization_details"),
        ({"authorization_details": '[{"no": "type"}]'}, "invalid_authorization_details"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"request": "a.b.c"}, "invalid_request_object"),
        ({"state": "x" * 3000}, "invalid_request"),
        ({"nonce": "x" * 3000}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"client_id": "another"}, "invalid_client"),
    ],
)
async def test_a_wrong_pushed_request_is_named(site: Site, make_service: Make, changes: dict[str, Any], error: str) -> None:
    journey = Journey(site, await make_service(), None)
    answer = await journey.push(**changes)
    assert answer.status_code in (400, 401) and error_of(answer) == error, answer.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "https://evil.example"}, "another issuer's assertion"),
        ({"aud": [ISSUER]}, "an audience in a list"),
        ({"aud": f"{ISSUER}/oidc/token"}, "the endpoint instead of the issuer"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "without an end"),
        ({"exp": int(time.time()) + 86400}, "for a day"),
        ({"iat": int(time.time()) + 3600}, "from the future"),
        ({"nbf": int(time.time()) + 3600}, "not yet valid"),
        ({"iss": "another"}, "another issuer"),
        ({"sub": "another"}, "another subject"),
        ({"jti": None}, "without a jti"),
        ({"jti": "x" * 1000}, "a huge jti"),
        ({"exp": "soon"}, "no number"),
        ({"exp": float(10**30)}, "no time"),
    ],
)
async def test_a_wrong_assertion_proves_nothing(site: Site, make_service: Make, changes: dict[str, Any], why: str) -> None:
    service = await make_service()
    answer = await Journey(site, service, None).push(service.credentials(**changes))
    assert answer.status_code == 401 and error_of(answer) == "invalid_client", why


async def test_a_signature_made_for_something_else_is_no_assertion(site: Site, make_service: Make) -> None:
    service, now = await make_service(), int(time.time())
    claims = {"iss": service.id, "sub": service.id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "x"}
    for typ in ("oauth-authz-req+jwt", "dpop+jwt", "at+jwt", "application/at+jwt", "logout+jwt"):
        good = service.credentials()
        answer = await Journey(site, service, None).push({**good, "client_assertion": service.sign(claims, typ=typ)})
        assert error_of(answer) == "invalid_client", typ


async def test_an_assertion_is_good_once(site: Site, make_service: Make) -> None:
    service = await make_service()
    once = service.credentials()
    journey = Journey(site, service, None)
    assert (await journey.push(once)).status_code == 201
    assert error_of(await journey.push(once)) == "invalid_client"
    answer = await journey.ask({"grant_type": "client_credentials", **once})
    assert error_of(answer) == "invalid_client", "nor at another endpoint"


async def test_a_clock_a_little_ahead_or_behind_does(site: Site, make_service: Make) -> None:
    service, now = await make_service(), int(time.time())
    journey = Journey(site, service, None)
    for iat in (now + 8, now - 8):
        assert (await journey.push(service.credentials(iat=iat, nbf=iat, exp=now + 60))).status_code == 201
    assert (await journey.push(service.credentials(exp=now - 5))).status_code == 201
    assert (await journey.push(service.credentials(exp=now - 15))).status_code == 401


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"htm": "GET"}, "invalid_dpop_proof"),
        ({"htu": f"{ISSUER}/oidc/par"}, "invalid_dpop_proof"),
        ({"htu": "https://evil.example/oidc/token"}, "invalid_dpop_proof"),
        ({"jti": None}, "invalid_dpop_proof"),
        ({"iat": None}, "invalid_dpop_proof"),
        ({"iat": int(time.time()) - 300}, "use_dpop_nonce"),
        ({"iat": int(time.time()) + 36_000}, "use_dpop_nonce"),
        ({"nonce": "not-ours"}, "use_dpop_nonce"),
        ({"header": {"typ": "JWT"}}, "invalid_dpop_proof"),
        ({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "invalid_dpop_proof"),
        ({"header": {"crit": ["exp"]}}, "invalid_dpop_proof"),
    ],
)
async def test_a_wrong_proof_is_named(site: Site, make_service: Make, spoil: dict[str, Any], error: str) -> None:
    service = await make_service()
    journey = Journey(site, service, None)
    ask = {"grant_type": "client_credentials"}
    try:
        proof = service.proof("/oidc/token", **spoil)
    except Exception:  # the library refuses to make some of them
        proof = _by_hand(service, spoil)
    answer = await journey.ask({**ask, **service.credentials()}, proof=proof)
    assert answer.status_code == 400 and error_of(answer) == error, answer.text


def _by_hand(service: Service, spoil: dict[str, Any]) -> str:
    good = service.proof("/oidc/token").split(".")
    head = json.loads(base64.urlsafe_b64decode(good[0] + "==")) | spoil.get("header", {})
    return ".".join([base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode(), *good[1:]])


async def test_a_wrong_clock_is_mended_by_a_nonce(site: Site, make_service: Make) -> None:
    service = await make_service()
    journey = Journey(site, service, None)
    late = int(time.time()) - 7200
    first = await journey.ask({"grant_type": "client_credentials", **service.credentials()}, proof=service.proof("/oidc/token", iat=late))
    assert error_of(first) == "use_dpop_nonce"
    second = await journey.ask(
        {"grant_type": "client_credentials", **service.credentials()},
        proof=service.proof("/oidc/token", iat=late, nonce=first.headers["dpop-nonce"]),
    )
    assert second.status_code == 200, second.text


async def test_a_proof_is_good_once_and_for_its_token(site: Site, citizen: Citizen, make_service: Make) -> None:
    service = await make_service()
    journey = Journey(site, service, citizen)
    proof = service.proof("/oidc/token")
    ask = {"grant_type": "client_credentials"}
    assert (await journey.ask({**ask, **service.credentials()}, proof=proof)).status_code == 200
    again = await journey.ask({**ask, **service.credentials()}, proof=proof)
    assert again.status_code == 400 and error_of(again) == "invalid_dpop_proof"
    assert error_of(await journey.ask({**ask, **service.credentials()}, proof="")) == "invalid_dpop_proof"

    token = (await journey.signed_in())["access_token"]
    jti = secrets.token_hex(4)
    assert (await journey.userinfo(token, jti=jti)).status_code == 200
    replayed = await journey.userinfo(token, jti=jti)
    assert replayed.status_code == 401 and error_of(replayed) == "invalid_dpop_proof"
    for spoil in ({"ath": "x" * 43}, {"key": Service(service.client).proof_key}):
        stolen = await journey.userinfo(token, **spoil)
        assert stolen.status_code == 401 and "DPoP" in stolen.headers["www-authenticate"]
    async with site.http() as http:
        plain = await http.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert plain.status_code == 401 and error_of(plain) == "invalid_token"


async def test_a_code_bound_to_a_key_is_for_that_key(site: Site, citizen: Citizen, make_service: Make) -> None:
    from dancu.oidc.jose import public_key

    service = await make_service()
    journey = Journey(site, service, citizen)
    mine = public_key({k: v for k, v in service.proof_key.as_dict(private=False).items() if k in ("kty", "crv", "x", "y")}).thumbprint
    code = await journey.code(dpop_jkt=mine)
    thief = Service(service.client, service.key)
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": journey.verifier}
    assert error_of(await journey.ask({**body, **service.credentials()}, proof=thief.proof("/oidc/token"))) == "invalid_grant"
    assert (await journey.token(code)).status_code == 200


async def test_a_signed_request_counts_and_nothing_beside_it(site: Site, citizen: Citizen, make_service: Make) -> None:
    service, now = await make_service(), int(time.time())
    journey = Journey(site, service, citizen)
    inside = {**journey.request(state="inside"), "iss": service.id, "aud": ISSUER, "exp": now + 60, "nbf": now}

    def push(claims: dict[str, Any], **how: Any) -> Any:
        return _push_object(site, service, service.sign(claims, typ="oauth-authz-req+jwt", **how))

    pushed = await push(inside)
    assert pushed.status_code == 201, pushed.text
    answer = await journey.authorize({"client_id": service.id, "request_uri": pushed.json()["request_uri"], "state": "beside"})
    assert sent_back(answer)["state"] == "inside"
    for spoil in ({"aud": "https://evil.example"}, {"iss": "another"}, {"client_id": "another"}, {"exp": 1}, {"request": "x.y.z"}, {"nbf": now + 600}):
        assert error_of(await push({**inside, **spoil})) == "invalid_request_object", spoil
    assert error_of(await push(inside, key=Service(service.client).key)) == "invalid_request_object"


async def _push_object(site: Site, service: Service, text: str) -> httpx.Response:
    async with site.http() as http:
        return await http.post("/oidc/par", data={"client_id": service.id, "request": text, **service.credentials()})


async def test_a_pushed_request_is_its_clients_and_for_a_moment(site: Site, citizen: Citizen, make_service: Make) -> None:
    mine, other = await make_service(), await make_service()
    journey = Journey(site, mine, citizen)
    uri = (await journey.push()).json()["request_uri"]
    stolen = await journey.authorize({"client_id": other.id, "request_uri": uri})
    assert stolen.status_code == 400 and "invalid_request_uri" in stolen.text
    tampered = await journey.authorize({"client_id": mine.id, "request_uri": uri[:-4] + "AAAA"})
    assert tampered.status_code == 400
    foreign = await journey.authorize({"client_id": mine.id, "request_uri": "https://evil.example/request.jwt"})
    assert foreign.status_code == 400 and "request_uri_not_supported" in foreign.text


async def test_a_certificate_binds_as_well(site: Site, citizen: Citizen) -> None:
    cert, jwk = _certificate()
    service = await register(
        site, auth_method=AuthMethod.SELF_SIGNED_TLS, bound="mtls", jwks={"keys": [jwk]}
    )
    header = {"client-cert": f":{base64.b64encode(cert).decode()}:"}
    body = {"grant_type": "client_credentials", "client_id": service.id}
    async with site.http(address=("10.0.0.1", 1)) as proxy, site.http(address=("10.9.9.9", 1)) as stranger:
        good = await proxy.post("/oidc/token", data=body, headers=header)
        assert good.status_code == 200, good.text
        forged = await stranger.post("/oidc/token", data=body, headers=header)
        assert forged.status_code == 401, "only our own proxies may speak of certificates"
        other, _ = _certificate()
        wrong = await proxy.post("/oidc/token", data=body, headers={"client-cert": f":{base64.b64encode(other).decode()}:"})
        assert wrong.status_code == 401 and error_of(wrong) == "invalid_client"
        journey = Journey(site, service, citizen)
        pushed = await proxy.post("/oidc/par", data=journey.request(), headers=header)
        assert pushed.status_code == 201, pushed.text
        answer = await journey.authorize({"client_id": service.id, "request_uri": pushed.json()["request_uri"]})
        redeem = {"grant_type": "authorization_code", "code": sent_back(answer)["code"], "redirect_uri": BACK, "code_verifier": journey.verifier, "client_id": service.id}
        token = (await proxy.post("/oidc/token", data=redeem, headers=header)).json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await proxy.get("/oidc/userinfo", headers={**header, **bearer})).status_code == 200
        assert (await proxy.get("/oidc/userinfo", headers=bearer)).status_code == 401


async def test_a_proof_names_the_address_where_certificates_are_shown(site: Site, make_service: Make) -> None:
    """A client with a certificate whose tokens are bound to a DPoP key calls where the metadata sends it."""
    cert, key = _certificate()
    service = await register(site, auth_method=AuthMethod.SELF_SIGNED_TLS, bound="dpop", jwks={"keys": [key]})
    site.app.state.mtls_url = front = "https://mtls.example"
    body = {"grant_type": "client_credentials", "client_id": service.id}
    header = {"client-cert": f":{base64.b64encode(cert).decode()}:"}

    async def call(htu: str, **more: str) -> httpx.Response:
        proof = service.proof("/oidc/token", htu=htu)
        async with site.http(address=("10.0.0.1", 1)) as proxy:
            return await proxy.post("/oidc/token", data=body, headers={**header, "DPoP": proof, **more})

    assert (await call(f"{front}/oidc/token")).json()["token_type"] == "DPoP"
    assert (await call(f"{ISSUER}/oidc/token")).status_code == 200
    for other in (f"{front}/oidc/userinfo", "https://other.example/oidc/token", f"{front}:444/oidc/token"):
        assert error_of(await call(other)) == "invalid_dpop_proof"
    plain = await make_service("fapi2")
    async with site.http() as http:
        proof = plain.proof("/oidc/token", htu=f"{front}/oidc/token")
        answer = await http.post("/oidc/token", data={"grant_type": "client_credentials", **plain.credentials()}, headers={"DPoP": proof})
    assert error_of(answer) == "invalid_dpop_proof", "no certificate was shown"


async def test_a_token_of_one_certificate_is_not_exchanged_with_another(site: Site, citizen: Citizen) -> None:
    (first, key), (second, other_key) = _certificate(), _certificate()
    grants = frozenset({"authorization_code", EXCHANGE})
    service = await register(site, auth_method=AuthMethod.SELF_SIGNED_TLS, bound="mtls", jwks={"keys": [key, other_key]}, grant_types=grants)
    target = await register(site, auth_method=AuthMethod.SELF_SIGNED_TLS, bound="mtls", jwks={"keys": [key]})
    headers = [{"client-cert": f":{base64.b64encode(cert).decode()}:"} for cert in (first, second)]
    journey = Journey(site, service, citizen)
    async with site.http(address=("10.0.0.1", 1)) as proxy:
        pushed = await proxy.post("/oidc/par", data=journey.request(), headers=headers[0])
        answer = await journey.authorize({"client_id": service.id, "request_uri": pushed.json()["request_uri"]})
        redeem = {"grant_type": "authorization_code", "code": sent_back(answer)["code"], "redirect_uri": BACK, "code_verifier": journey.verifier, "client_id": service.id}
        token = (await proxy.post("/oidc/token", data=redeem, headers=headers[0])).json()["access_token"]
        body = {"grant_type": EXCHANGE, "client_id": service.id, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "audience": target.id}
        stolen, own = [await proxy.post("/oidc/token", data=body, headers=header) for header in reversed(headers)]
    assert error_of(stolen) == "invalid_request" and "certificate" in stolen.text
    assert own.status_code == 200, own.text


def _certificate() -> tuple[bytes, dict[str, Any]]:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from dancu.oidc.jose import ES256Signer

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "service.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER), ES256Signer(key).jwk


async def test_signing_in_weakly_is_not_enough_where_more_is_demanded(site: Site, registry: Any, make_service: Make) -> None:
    weak = await make_citizen(registry, acr=1)
    journey = Journey(site, await make_service(), weak)
    demand = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:vn:eid:acr:2"]}}})
    answer = await journey.authorize(claims=demand)
    assert answer.headers["location"].startswith("/eid/sign-in?") and "acr=2" in answer.headers["location"]
    quiet = await journey.authorize(claims=demand, prompt="none")
    assert sent_back(quiet)["error"] == "login_required"
    wish = await journey.authorize(acr_values="urn:vn:eid:acr:2")
    assert "acr=2" in wish.headers["location"]
    nonsense = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:nowhere"}}})
    assert sent_back(await journey.authorize(claims=nonsense))["error"] == "unmet_authentication_requirements"


async def test_replaced_client_is_suspended_at_once_where_it_was_changed(site: Site, make_service: Make) -> None:
    service = await make_service()
    journey = Journey(site, service, None)
    assert (await journey.push()).status_code == 201
    await site.sql("UPDATE oidc.client SET state = 'suspended' WHERE client_id = %s", (service.id,))
    site.app.state.oidc.forget(service.id)
    assert error_of(await journey.push()) == "invalid_client"


async def test_the_issuer_is_the_configured_one_whatever_name_the_caller_used(site: Site, make_service: Make) -> None:
    site.app.state.issuer = "https://id.example/"
    service = await make_service()
    async with site.http() as http:
        assert (await http.get("/.well-known/openid-configuration")).json()["issuer"] == "https://id.example"
        for audience, status in (("https://id.example", 201), (ISSUER, 401)):
            journey = Journey(site, service, None)
            answer = await http.post("/oidc/par", data={**journey.request(), **service.credentials(aud=audience)})
            assert answer.status_code == status, answer.text
