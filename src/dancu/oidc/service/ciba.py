"""CIBA: somebody at a counter, on a phone line or before a cash machine names a citizen; the citizen answers on their own
phone, seeing who asks, for what, and the words the asker shows (OpenID Connect Client-Initiated Backchannel Authentication)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from dancu.accounts.models.approvals import Wanted
from dancu.accounts.service import approvals, core
from dancu.accounts.service.sign_in import identify
from dancu.accounts.service.sign_in.begin import anonymous
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import AuthMethod, AuthRequest, Client, Mark
from dancu.oidc.policy import CIBA_GRANT, CIBA_LONGEST_SECONDS, CIBA_SECONDS, POLL_SECONDS, REQUEST_OBJECT_SECONDS
from dancu.oidc.service import consent, pings, requests, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.consent import Terms
from dancu.oidc.service.device import digest_of
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.flow import least_acr
from dancu.oidc.service.parsing.details import lines
from dancu.oidc.service.provider import Provider
from dancu.oidc.store import clients, families
from dancu.oidc.store import detached as store

GRANT = CIBA_GRANT
_HINTS = ("login_hint", "login_hint_token", "id_token_hint")
_DEFAULT = N_("Đăng nhập bằng tài khoản của bạn")


def check(client: Client, params: Mapping[str, str]) -> None:
    """Raises OAuthError for what may not be asked this way."""
    if client.auth_method is AuthMethod.NONE or GRANT not in client.grant_types:
        raise OAuthError("unauthorized_client", "the client may not use this grant_type")
    if sum(name in params for name in _HINTS) != 1:
        raise invalid_request("exactly one hint is needed")
    if "login_hint_token" in params:
        raise invalid_request("login_hint_token is not supported: send login_hint (a personal number, or the phone of the account) or id_token_hint")
    if "user_code" in params:
        raise OAuthError("invalid_user_code", "user codes are not used")
    seconds_of(params)
    if client.ciba_notification_uri:
        pings.checked_token(params.get("client_notification_token", ""))


def check_signed(params: Mapping[str, str], *, now: float | None = None) -> None:
    """What a signed request must say besides its end (§7.1.1): its name, and since when it holds, which is not long ago. Raises
    OAuthError invalid_request."""
    oldest = (time.time() if now is None else now) - REQUEST_OBJECT_SECONDS
    if not all(params.get(name) for name in ("exp", "iat", "nbf", "jti")):
        raise invalid_request("request object: exp, iat, nbf and jti are needed")
    if any(float(params[name]) < oldest for name in ("iat", "nbf")):
        raise invalid_request("request object: made too long ago")


def seconds_of(params: Mapping[str, str]) -> int:
    """How long the citizen may take: what was asked for, up to what is allowed; the answer says which (`expires_in`). Raises
    OAuthError invalid_request."""
    text = params.get("requested_expiry", "")
    if not text:
        return CIBA_SECONDS
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) > 0):
        raise invalid_request("requested_expiry is not a positive number of seconds")
    return min(int(text), CIBA_LONGEST_SECONDS)


async def ask(
    provider: Provider, conn: Conn, client: Client, request: AuthRequest, terms: Terms, params: Mapping[str, str], marks: tuple[Mark, ...],
    issuer: str,
) -> dict[str, Any]:
    """The acknowledgement (§7.3). Whom the hint names, or whether it names anybody, is not told: nobody will answer for
    nobody. Raises OAuthError."""
    if not await families.spend(conn, marks):
        raise replayed()
    seconds = seconds_of(params)
    if "id_token_hint" in params:
        key = _hinted(provider, issuer, client, params["id_token_hint"])
    else:
        key = await _named(conn, params["login_hint"]) or _nobody(provider, params["login_hint"])
    try:
        approval_id = await approvals.ask(
            conn, key, client_no=client.client_no, client_name=client.name, client_name_en=client.name_en, org_code=client.org_code, org_name=client.org_name,
            kind="ciba",
            text=params.get("binding_message", "") or _DEFAULT, purpose=terms.purpose.code, seconds=seconds,
        )  # fmt: skip
    except Invalid as error:
        raise OAuthError("invalid_binding_message", "binding_message is too long or holds an address") from error
    auth_req_id = secrets.token_urlsafe(32)
    sealed = requests.under_way(provider.sealer, request, asked=True)
    ping = pings.sealed(provider.sealer, params["client_notification_token"], auth_req_id) if client.ciba_notification_uri else ""
    await store.insert_request(conn, digest_of(auth_req_id), approval_id, client.client_no, sealed, seconds, ping)
    return {"auth_req_id": auth_req_id, "expires_in": seconds, "interval": POLL_SECONDS}


def _hinted(provider: Provider, issuer: str, client: Client, token: str) -> int:
    """Whose ID token of this client it is. Raises OAuthError."""
    key = tokens.hinted_person(provider, issuer, client, token)
    if key is None:
        raise invalid_request("id_token_hint is not one of our ID tokens for this client")
    if not key:
        raise OAuthError("unknown_user_id", "id_token_hint does not tell whom it was issued for: send a newer one")
    return key


def _nobody(provider: Provider, hint: str) -> int:
    """What stands for somebody who is not there: no person's key, but the same each time, so that asking too often is answered
    alike for a number with an account and for one without."""
    return -1 - int.from_bytes(provider.sealer.mac("ciba nobody", "".join(hint.split()).encode())[:7])


async def _named(conn: Conn, hint: str) -> int:
    """Whom a personal number or an account's phone means; 0 for nobody."""
    text = "".join(hint.split())
    if len(text) > 20:
        return 0
    try:
        if text.startswith("+") or len(text) == 10:
            return await core.by_phone(conn, text) or 0
        flow, _ = await identify(conn, anonymous(next="/", acr=2), text)
        return flow.key
    except Invalid:
        return 0


async def wanted(
    provider: Provider, conn: Conn, person_key: int, approval_ids: Sequence[str], words: Mapping[str, str], *, demo: bool = False
) -> dict[str, Wanted]:
    """What the citizen's approvals bring about: what is done, and what the client would see by what was agreed to before (nothing more is
    released for an approval). `words`: group of claims -> its text."""
    found = {}
    ids = [one for text in approval_ids if (one := approvals.id_of(text))]
    for approval_id, client_no, sealed in await store.requests_of(conn, ids):
        resumed, client = requests.resumed(provider.sealer, sealed), await clients.by_no(conn, client_no)
        if resumed is None or client is None:
            continue
        request = resumed[0]
        try:
            terms = await consent.terms(conn, client, request.purpose, demo=demo)
        except OAuthError:  # not agreed with the organisation any more: approved or not, nothing comes of it
            continue
        groups = [group for group in consent.asked(request) if group in terms.groups]
        if groups and terms.consent_needed:
            given = await consent.given(conn, person_key, client, terms.purpose) or frozenset()
            groups = [group for group in groups if group in given]
        found[approval_id] = Wanted(
            tuple(lines(request.details)), tuple(words[group] for group in groups), "offline_access" in request.scope, least_acr(request)[1]
        )
    return found
