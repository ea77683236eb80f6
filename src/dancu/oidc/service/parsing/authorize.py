"""An authorization request: parameters -> what is asked for, or the error the RFC names.

Order matters. Until the client and its redirect address are known to be right nothing is sent anywhere; from then on
errors go back to the client, which is what `Refused` carries.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import repeat
from operator import gt
from typing import Any

import orjson

from dancu.accounts.models import ACR
from dancu.oidc.models import AuthRequest, Client
from dancu.oidc.policy import SCOPES
from dancu.oidc.service.clients import redirect_matches
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.parsing.details import deeper, read_details

RESPONSE_MODES = frozenset({"query", "form_post"})
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}", re.ASCII)
_LONGEST = {"state": 2000, "nonce": 500, "login_hint": 200, "ui_locales": 100, "acr_values": 400, "dpop_jkt": 43, "purpose": 60}
_ACRS = frozenset(ACR.values())
_UNPROMPTED = frozenset[str]()
_MOST_CLAIMS, _DEEPEST_CLAIMS = 60, 6
_MOST_AGE = 10 * 365 * 24 * 3600


class Refused(Exception):
    """A request that is answered at its own redirect address."""

    def __init__(self, error: OAuthError, redirect_uri: str, state: str, response_mode: str) -> None:
        super().__init__(error.error)
        self.error, self.redirect_uri, self.state, self.response_mode = error, redirect_uri, state, response_mode


def redirect_of(params: Mapping[str, str], client: Client) -> str:
    """The redirect address of a request. Raises OAuthError invalid_request for one that is not the client's: nothing may
    be sent there."""
    given = params.get("redirect_uri", "")
    if not given:
        if len(client.redirect_uris) == 1 and not client.fapi and "openid" not in params.get("scope", "").split():
            return client.redirect_uris[0]
        raise invalid_request("redirect_uri is missing")
    if not redirect_matches(given, client):
        raise invalid_request("redirect_uri is not registered for this client")
    return given


def parse(
    params: Mapping[str, str], client: Client, hint: Callable[[str], str] = str, *, now: float | None = None, issuer: str = ""
) -> AuthRequest:
    """What is asked for. `hint`: the `sub` of an ID token of ours, "" for anything else; `issuer`: the one resource there is (RFC 8707). Raises OAuthError before the redirect address is known to be right, Refused after."""
    redirect_uri = redirect_of(params, client)
    mode = params.get("response_mode", "query")
    state = params.get("state", "")
    try:
        if len(state) > _LONGEST["state"]:
            state = ""
            raise invalid_request("state is too long")
        if mode not in RESPONSE_MODES:
            raise invalid_request("response_mode is not supported")
        if "resource" in params:
            check_resource(params, issuer)
        return _parse(params, client, redirect_uri, hint, int(time.time() if now is None else now))
    except OAuthError as error:
        raise Refused(error, redirect_uri, state, mode if mode in RESPONSE_MODES else "query") from error


def refused(error: OAuthError, params: Mapping[str, str]) -> Refused:
    """The answer at the address of a request that was not read further. `redirect_uri` has been checked."""
    mode, state = params.get("response_mode", "query"), params.get("state", "")
    return Refused(error, params["redirect_uri"], state if len(state) <= _LONGEST["state"] else "", mode if mode in RESPONSE_MODES else "query")


def _parse(
    params: Mapping[str, str], client: Client, redirect_uri: str, hint: Callable[[str], str], now: int
) -> AuthRequest:
    _check_lengths(params)
    if "response_type" not in params:
        raise invalid_request("response_type is missing")
    if params["response_type"] != "code":
        raise OAuthError("unsupported_response_type", "only code is supported")
    if "authorization_code" not in client.grant_types:
        raise OAuthError("unauthorized_client", "the client may not ask for codes")
    if "registration" in params:
        raise OAuthError("registration_not_supported", "registration is not supported")
    get = params.get
    claims = _claims(get("claims", ""))
    # What few requests say is not looked at in the others.
    return AuthRequest(
        request_id=os.urandom(16), client_id=client.client_id, redirect_uri=redirect_uri, at=now,
        scope=_scope(get("scope", ""), "refresh_token" in client.grant_types), state=get("state", ""), nonce=get("nonce", ""),
        response_mode=get("response_mode", "query"), code_challenge=_challenge(params, client),
        prompt=_prompt(params["prompt"]) if "prompt" in params else _UNPROMPTED,
        max_age=_max_age(params["max_age"]) if "max_age" in params else None,
        acr_values=_wished_acr(get("acr_values", ""), claims), claims=claims,
        details=read_details(params["authorization_details"], client.detail_types) if "authorization_details" in params else [],
        login_hint=get("login_hint", ""), ui_locales=tuple(params["ui_locales"].split()) if "ui_locales" in params else (),
        dpop_jkt=_thumbprint(params["dpop_jkt"]) if "dpop_jkt" in params else "", purpose=get("purpose", ""),
        subject=_subject(get("id_token_hint", ""), claims, hint) if claims or "id_token_hint" in params else "",
    )  # fmt: skip


def _check_lengths(params: Mapping[str, str]) -> None:
    if any(map(gt, map(len, map(params.get, _LONGEST, repeat(""))), _LONGEST.values())):
        raise invalid_request(f"{next(name for name, most in _LONGEST.items() if len(params.get(name, '')) > most)} is too long")


def check_resource(params: Mapping[str, str], issuer: str) -> None:
    """Raises OAuthError invalid_target for a token wanted at a resource that is not here (RFC 8707 §2): other agencies' tokens come by
    token exchange."""
    if issuer and params.get("resource", issuer) != issuer:
        raise OAuthError("invalid_target", "resource is not known")


def parse_detached(params: Mapping[str, str], client: Client, *, now: float | None = None, issuer: str = "") -> AuthRequest:
    """A request that comes without a browser and goes back to none: a device (RFC 8628), CIBA. Raises OAuthError."""
    check_resource(params, issuer)
    _check_lengths(params)
    claims = _claims(params.get("claims", ""))
    return AuthRequest(
        request_id=os.urandom(16), client_id=client.client_id, redirect_uri="", at=int(time.time() if now is None else now),
        scope=_scope(params.get("scope", ""), "refresh_token" in client.grant_types), claims=claims, acr_values=_wished_acr(params.get("acr_values", ""), claims),
        details=read_details(params.get("authorization_details", ""), client.detail_types), dpop_jkt=_thumbprint(params.get("dpop_jkt", "")),
        purpose=params.get("purpose", ""),
    )  # fmt: skip


@lru_cache(128)  # the same few are asked for again and again
def _scope(text: str, offline: bool) -> tuple[str, ...]:
    """`offline`: the client may have refresh tokens. Raises OAuthError."""
    asked = dict.fromkeys(text.split(" "))
    if not SCOPES.keys() >= asked.keys() and not all(map(_SCOPE.fullmatch, asked)):
        raise OAuthError("invalid_scope", "scope is missing or malformed")
    known = tuple(filter(SCOPES.__contains__, asked))
    if "openid" not in known:
        raise OAuthError("invalid_scope", "scope must contain openid")
    if "offline_access" in known and not offline:
        known = tuple(scope for scope in known if scope != "offline_access")
    return known


def _challenge(params: Mapping[str, str], client: Client) -> str:
    challenge, method = params.get("code_challenge", ""), params.get("code_challenge_method", "")
    if not challenge:
        if client.fapi or client.auth_method == "none":
            raise invalid_request("code_challenge is missing")
        if method:
            raise invalid_request("code_challenge_method without code_challenge")
        return ""
    if (method or "plain") != "S256":
        raise invalid_request("code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise invalid_request("code_challenge is malformed")
    return challenge


def _prompt(text: str) -> frozenset[str]:
    prompt = frozenset(text.split())
    if prompt - _PROMPTS:
        raise invalid_request("prompt is not known")
    if "none" in prompt and len(prompt) > 1:
        raise invalid_request("prompt none stands alone")
    return prompt


def _max_age(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise invalid_request("max_age is not a number of seconds")
    return min(int(text), _MOST_AGE)


def _subject(token: str, claims: dict[str, Any], hint: Callable[[str], str]) -> str:
    """Whom the client believes to be there: by `id_token_hint`, or by the `sub` its `claims` demand (OIDC Core §5.5.1)."""
    demanded = claims.get("id_token", {}).get("sub")
    if isinstance(demanded, dict) and isinstance(demanded.get("value"), str):
        return str(demanded["value"])[:200]
    if not token:
        return ""
    found = hint(token)
    if not found:
        raise invalid_request("id_token_hint is not one of our ID tokens for this client")
    return found


def _thumbprint(text: str) -> str:
    if text and not _CHALLENGE.fullmatch(text):
        raise invalid_request("dpop_jkt is malformed")
    return text


def _claims(text: str) -> dict[str, Any]:
    """OIDC Core §5.5, reduced to what we look at: {"userinfo": {…}, "id_token": {…}}."""
    if not text:
        return {}
    try:
        value = orjson.loads(text) if len(text) <= 8000 else None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise invalid_request("claims is not a JSON object")
    if "\\u0000" in text or deeper(value, _DEEPEST_CLAIMS):  # no database keeps that letter
        raise invalid_request("claims holds control characters or is nested too deep")
    found: dict[str, Any] = {}
    for place in ("userinfo", "id_token"):
        wishes = value.get(place)
        if wishes is None:
            continue
        if not isinstance(wishes, dict) or len(wishes) > _MOST_CLAIMS or not all(w is None or isinstance(w, dict) for w in wishes.values()):
            raise invalid_request("claims is malformed")
        found[place] = wishes
    return found


def essential_acr(request: AuthRequest) -> tuple[str, ...]:
    """`acr` values one of which is demanded, not only wished for (OIDC Core §5.5.1.1); () where none is."""
    return _acr_of(request.asked_claims("id_token").get("acr"), essential=True) if request.claims else ()


def _wished_acr(text: str, claims: dict[str, Any]) -> tuple[str, ...]:
    """The levels of `acr_values`, and those the `claims` name without demanding them, which means the same."""
    wished = text.split()
    if claims:
        wished += _acr_of(claims.get("id_token", {}).get("acr"), essential=False)
    return tuple(dict.fromkeys(filter(_ACRS.__contains__, wished)))


def _acr_of(wish: Any, *, essential: bool) -> tuple[str, ...]:
    if not isinstance(wish, dict) or (wish.get("essential") is True) is not essential:
        return ()
    values = wish.get("values", [wish["value"]] if "value" in wish else [])
    return tuple(str(v) for v in values) if isinstance(values, list) else ()
