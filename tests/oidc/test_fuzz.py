"""Whatever a client sends: never a failure of ours, and every refusal in the words of the RFCs."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from dancu.oidc.jose import b64u
from dancu.oidc.service import linking
from dancu.oidc.service.ciba import GRANT as CIBA
from dancu.oidc.service.device import GRANT as DEVICE
from dancu.oidc.service.grants.token_exchange import ACCESS_TOKEN
from dancu.oidc.service.grants.token_exchange import GRANT as EXCHANGE
from tests.oidc.conftest import BACK, ISSUER, Agreement, Make, Service, Site, make_citizen, verifier
from tests.oidc.flows import Journey
from tests.oidc.fuzz import Material, Shot, requests

pytestmark = pytest.mark.asyncio(loop_scope="session")
GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials", CIBA, DEVICE, EXCHANGE})
SEED, SHORT, LONG, FRESH = 6749, 300, 8000, 250
#: RFC 6749 §4.1.2.1 and §5.2, 6750 §3.1, 7009 §2.2.1, 8628 §3.5, 8707 §2, 9396 §5, 9449 §5 and §8, 9470 §3; OIDC Core §3.1.2.6, CIBA §13,
#: Unmet Authentication Requirements.
_WORDS = (
    "invalid_request unauthorized_client access_denied unsupported_response_type invalid_scope server_error temporarily_unavailable invalid_client"
    " invalid_grant unsupported_grant_type invalid_token insufficient_scope unsupported_token_type authorization_pending slow_down expired_token"
    " invalid_target invalid_authorization_details invalid_dpop_proof use_dpop_nonce insufficient_user_authentication interaction_required"
    " login_required account_selection_required consent_required invalid_request_uri invalid_request_object request_not_supported"
    " request_uri_not_supported registration_not_supported expired_login_hint_token unknown_user_id missing_user_code invalid_user_code"
    " invalid_binding_message transaction_failed unmet_authentication_requirements"
)
NAMES = frozenset(_WORDS.split())
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


async def ask(app: Any, shot: Shot) -> tuple[int, dict[str, str], bytes]:
    query, headers, body = shot.wire()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": shot.method, "path": shot.path, "raw_path": shot.path.encode(),
        "root_path": "", "scheme": "http", "query_string": query, "headers": headers, "client": ("203.0.113.7", 5000), "server": ("localhost", 80),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    said = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], said, b"".join(one.get("body", b"") for one in sent[1:])


async def material(site: Site, make_service: Make) -> Material:
    """Clients of each profile, somebody signed in, and what they would be given. One of the requests signs them out."""
    citizen = await make_citizen(site.registry)
    high = await make_service("fapi2", grant_types=GRANTS, scopes=("registry.statistics", "linking.match"), agreement=Agreement(consent_needed=False))
    plain = await make_service("basic", grant_types=GRANTS, scopes=("registry.statistics", "linking.match"), agreement=Agreement(consent_needed=False))
    starts = []
    for service in (high, plain):
        journey = Journey(site, service, citizen, scope="openid profile offline_access")
        code, held = await journey.code(), await journey.signed_in()
        token, refresh = held["access_token"], held.get("refresh_token", "")
        starts += _starts(journey, code, token, refresh, held["id_token"])
    return Material(starts, [_assertion(high), _proof(high), _object(high)])


def _signed(key: Any, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Signed as asked for: a library would not sign such headers."""
    text = f"{b64u(json.dumps(header).encode())}.{b64u(json.dumps(claims).encode())}"
    private = serialization.load_pem_private_key(key.as_pem(private=True), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = utils.decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64u(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _assertion(service: Service) -> Any:
    def make(claims: dict[str, Any], header: dict[str, Any]) -> str:
        good = {"iss": service.id, "sub": service.id, "aud": ISSUER, "iat": int(time.time()), "exp": int(time.time()) + 60, "jti": secrets.token_hex(8)}
        return _signed(service.key, {"alg": "ES256", "typ": "JWT", "kid": service.key.kid, **header}, {**good, **claims})

    return make


def _proof(service: Service) -> Any:
    def make(claims: dict[str, Any], header: dict[str, Any]) -> str:
        public = {name: value for name, value in service.proof_key.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
        good = {"jti": secrets.token_hex(8), "htm": "POST", "htu": ISSUER + "/oidc/token", "iat": int(time.time())}
        return _signed(service.proof_key, {"alg": "ES256", "typ": "dpop+jwt", "jwk": public, **header}, {**good, **claims})

    return make


def _object(service: Service) -> Any:
    def make(claims: dict[str, Any], header: dict[str, Any]) -> str:
        asked = {"client_id": service.id, "response_type": "code", "redirect_uri": BACK, "scope": "openid", "iss": service.id, "aud": ISSUER,
                 "exp": int(time.time()) + 60, "nbf": int(time.time()), "code_challenge": verifier()[1], "code_challenge_method": "S256"}  # fmt: skip
        return _signed(service.key, {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": service.key.kid, **header}, {**asked, **claims})

    return make


def _starts(journey: Journey, code: str, token: str, refresh: str, hint: str) -> list[Any]:
    service = journey.service
    bound = service.client.bound == "dpop"

    def post(path: str, /, proven: bool = False, **params: str) -> Any:
        def make() -> Shot:
            headers = [("DPoP", service.proof(path))] if proven and bound else []
            return Shot("POST", path, list({**params, **journey.credentials()}.items()), headers)

        return make

    def get(path: str, /, **params: str) -> Any:
        return lambda: Shot("GET", path, list(params.items()), [("Cookie", f"dancu_session={journey.citizen.token}")] if journey.citizen else [])

    def resource(method: str, path: str, body: bytes | None = None) -> Any:
        def make() -> Shot:
            scheme = "DPoP" if bound else "Bearer"
            headers = [("Authorization", f"{scheme} {token}")] + ([("DPoP", service.proof(path, method, token=token))] if bound else [])
            return Shot(method, path, [], headers, body, "application/json" if body else "application/x-www-form-urlencoded")

        return make

    asked = journey.request()
    rows = json.dumps({"rows": [{"ref": "1", "personal_id": "049090000001", "name": "A", "birthdate": "1990"}]}).encode()
    grants: list[dict[str, str]] = [
        {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": journey.verifier},
        {"grant_type": "refresh_token", "refresh_token": refresh}, {"grant_type": "client_credentials", "scope": "registry.statistics"},
        {"grant_type": CIBA, "auth_req_id": "x"}, {"grant_type": DEVICE, "device_code": "x"},
        {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "audience": service.id},
    ]  # fmt: skip
    return [
        get("/.well-known/openid-configuration"), get("/oidc/jwks"), get("/oidc/authorize", **asked), get("/oidc/authorize", **asked), post("/oidc/authorize", **asked),
        post("/oidc/par", proven=True, **asked), post("/oidc/par", proven=True, **asked), *(post("/oidc/token", proven=True, **grant) for grant in grants),
        post("/oidc/introspect", token=token), post("/oidc/introspect", token=refresh), post("/oidc/revoke", token="x"), resource("GET", "/oidc/userinfo"),
        resource("POST", "/oidc/userinfo"), post("/oidc/device_authorization", scope="openid"),
        post("/oidc/bc-authorize", scope="openid", login_hint="049090999999", binding_message="Mã 1"), resource("POST", "/oidc/linking/match", rows),
        get("/oidc/logout", id_token_hint=hint, client_id=service.id, state="s"), post("/oidc/logout", id_token_hint="x"), get("/oidc/continue", flow="x"),
        post("/oidc/consent", flow="x", answer="yes"), post("/oidc/logout/answer", flow="x", answer="yes"), get("/device", user_code="BCDF-GHJK"),
    ]  # fmt: skip


def wrong(shot: Shot, status: int, headers: dict[str, str], body: bytes) -> str:
    """What is not as the RFCs say; empty where all is well."""
    if status >= 500:
        return f"{status}"
    if 300 <= status < 400:
        target = urlsplit(headers.get("location", ""))
        if not target.netloc or f"{target.scheme}://{target.netloc}{target.path}" == BACK:
            said = parse_qs(target.query)
            return "" if said.get("error", ["access_denied"])[0] in NAMES else f"sent back {said['error']}"
        return f"sent to {headers['location']}"
    if headers.get("content-type", "").startswith("application/json") and status >= 400:
        found = json.loads(body)
        if found.get("error") not in NAMES:
            return f"error {found}"
        if not DESCRIPTION.fullmatch(found.get("error_description", "")):
            return f"description {found['error_description']!r}"
        if status == 401 and shot.path in ("/oidc/userinfo", "/oidc/linking/match") and "www-authenticate" not in headers:
            return "401 without WWW-Authenticate"
    if b"Traceback" in body or b'File "/' in body:
        return "a trace"
    return ""


async def run(site: Site, make_service: Make, count: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    failures = []
    for first in range(0, count, FRESH):
        made = await material(site, make_service)
        for number, shot in requests(made, SEED, first, min(FRESH, count - first)):
            try:
                status, headers, body = await ask(site.app, shot)
                problem = wrong(shot, status, headers, body)
            except Exception as error:
                status, problem, headers, body = 0, repr(error), {}, b""
            if problem:
                failures.append(f"{SEED}/{number} {shot.method} {shot.path} {shot.spoiled} {problem[:300]}")
            seen[f"{shot.path} {status // 100}xx"] += 1
            if status >= 400 and headers.get("content-type", "").startswith("application/json"):
                seen[json.loads(body)["error"]] += 1
    assert not failures, f"{len(failures)} of {count}:\n" + "\n".join(failures[:30])
    return seen


@pytest.fixture(autouse=True)
def _same_sharing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "sharing", site.sharing)


async def test_a_spoiled_request_is_refused_in_the_rfcs_words(site: Site, make_service: Make) -> None:
    seen = await run(site, make_service, SHORT)
    # It reaches past the first gate: some are still good, and refusals are of many kinds.
    assert sum(n for name, n in seen.items() if name.endswith("2xx")) > SHORT / 20
    assert {"invalid_request", "invalid_client", "invalid_grant", "invalid_token"} <= seen.keys(), seen


@pytest.mark.deep
@pytest.mark.timeout(1800)
async def test_many_spoiled_requests(site: Site, make_service: Make) -> None:
    seen = await run(site, make_service, LONG)
    assert {"invalid_request_object", "invalid_dpop_proof", "invalid_scope", "unsupported_grant_type"} <= seen.keys(), seen
