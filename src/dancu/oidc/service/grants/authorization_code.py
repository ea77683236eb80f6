"""A code becomes tokens, once. A second try ends everything the first one gave."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

from dancu.kit.db import Conn
from dancu.oidc.jose import b64u
from dancu.oidc.models import Family
from dancu.oidc.policy import ACCESS_SECONDS, REFRESH_SECONDS
from dancu.oidc.service import issue, release, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import invalid_grant
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import families

_LONG, _SHORT = timedelta(seconds=REFRESH_SECONDS), timedelta(seconds=ACCESS_SECONDS)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_WORDS = {
    "reused": "the code was used before; everything issued from it ended",
    "locked": "the account is not in use",
}


async def grant(call: Call) -> issue.Answer:
    provider, wire, client = call.provider, call.wire, call.client
    text = call.param("code")
    code = provider.codes.take(text) or tokens.read_code(provider.sealer, text)
    if code is None or code.client_no != client.client_no:
        raise invalid_grant("the code is not known")
    if code.expires <= time.time():
        await _reused(call, code)
        raise invalid_grant("the code is expired")
    request = code.request
    if wire.params.get("redirect_uri", "") != request.redirect_uri:
        raise invalid_grant("redirect_uri is not the one of the request")
    _check_verifier(request.code_challenge, wire.params.get("code_verifier", ""))
    if request.dpop_jkt and request.dpop_jkt != call.jkt:
        raise invalid_grant("the code is bound to another DPoP key")
    call.demand_binding()
    family, details = family_of(call, code), call.details(code.details)
    claims: dict[str, Any] = {}
    # The answer is made outside: a refusal must not undo that a reused code ended its family. Alone, the one statement commits
    # itself.
    async with provider.connect() as conn:
        if request.claims and request.asked_claims("id_token"):
            async with conn.transaction():
                word = await _redeem(call, conn, family)
                if word == "ok":
                    claims = await release.id_token_claims(provider, conn, client, family, wire.request_id, demo=call.demo)
        else:
            word = await _redeem(call, conn, family)
    if word == "replayed":
        raise replayed()
    if word != "ok":
        raise invalid_grant(_WORDS.get(word, "the code is not known"))
    if details is not family.details:
        family = family._replace(details=details)
    return issue.answer(provider, wire.issuer, client, family, nonce=request.nonce, claims=claims)


def _redeem(call: Call, conn: Conn, family: Family) -> Awaitable[str]:
    life = REFRESH_SECONDS if family.offline else ACCESS_SECONDS
    return families.redeem(conn, call.marks, family, org_code=call.client.org_code, life=life, request_id=call.wire.request_id)


async def _reused(call: Call, code: tokens.Code) -> None:
    async with call.provider.connect() as conn, conn.transaction():
        await families.end(conn, code.sign_in.person_key, code.request.request_id, call.client.client_no, "code_reused")


def _check_verifier(challenge: str, verifier: str) -> None:
    """RFC 7636; a verifier without a challenge is refused too, or an attacker could take PKCE away (RFC 9700 §2.1.1)."""
    if not challenge:
        if verifier:
            raise invalid_grant("code_verifier without code_challenge")
        return
    if not verifier:
        raise invalid_grant("code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise invalid_grant("code_verifier is malformed")
    if not hmac.compare_digest(b64u(hashlib.sha256(verifier.encode()).digest()), challenge):
        raise invalid_grant("code_verifier does not fit")


def family_of(call: Call, code: tokens.Code) -> Family:
    """The family that a citizen's answer becomes, not kept yet."""
    request, sign_in = code.request, code.sign_in
    now = datetime.now(UTC)
    offline = "offline_access" in request.scope and "refresh_token" in call.client.grant_types
    return Family(
        person_key=sign_in.person_key, family_id=request.request_id, client_no=call.client.client_no, scope=request.scope,
        claims=request.claims, details=code.details, purpose=code.purpose, legal_basis=code.legal_basis, sid=sign_in.sid,
        acr=sign_in.acr, amr=sign_in.amr, auth_time=sign_in.at, lock_version=sign_in.lock_version, jkt=call.jkt,
        x5t=call.x5t, offline=offline, generation=0, created_at=now, used_at=now, expires_at=now + (_LONG if offline else _SHORT),
    )  # fmt: skip


