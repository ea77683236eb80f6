"""A code becomes tokens, once. A second try ends everything the first one gave."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from dancu.oidc.jose import b64u
from dancu.oidc.models import Family
from dancu.oidc.policy import ACCESS_SECONDS, REFRESH_SECONDS
from dancu.oidc.service import issue, release, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import invalid_grant
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import families

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_WORDS = {
    "reused": "the code was used before; everything issued from it ended",
    "locked": "the account is not in use",
}


async def grant(call: Call) -> issue.Answer:
    provider, wire, client = call.provider, call.wire, call.client
    code = tokens.read_code(provider.sealer, call.param("code"))
    if code is None or code.client_no != client.client_no:
        raise invalid_grant("the code is not known")
    await _in_time(call, code)
    request = code.request
    if wire.params.get("redirect_uri", "") != request.redirect_uri:
        raise invalid_grant("redirect_uri is not the one of the request")
    _check_verifier(request.code_challenge, wire.params.get("code_verifier", ""))
    if request.dpop_jkt and request.dpop_jkt != call.jkt:
        raise invalid_grant("the code is bound to another DPoP key")
    call.demand_binding()
    family, details = family_of(call, code), call.details(code.details)
    life = REFRESH_SECONDS if family.offline else ACCESS_SECONDS
    in_id_token = bool(request.asked_claims("id_token"))
    # The answer is made outside: a refusal must not undo that a reused code ended its family. Alone, the one statement commits
    # itself.
    async with provider.connect() as conn, conn.transaction() if in_id_token else nullcontext():
        word = await families.redeem(conn, call.marks, family, org_code=client.org_code, life=life, request_id=wire.request_id)
        claims = {}
        if word == "ok" and in_id_token:
            claims = await release.id_token_claims(provider, conn, client, family, wire.request_id, demo=call.demo)
    if word == "replayed":
        raise replayed()
    if word != "ok":
        raise invalid_grant(_WORDS.get(word, "the code is not known"))
    if details is not family.details:
        family = family._replace(details=details)
    return issue.answer(provider, wire.issuer, client, family, nonce=request.nonce, claims=claims)


async def _in_time(call: Call, code: tokens.Code) -> None:
    if code.expires > time.time():
        return
    async with call.provider.connect() as conn, conn.transaction():
        await families.end(conn, code.sign_in.person_key, code.request.request_id, call.client.client_no, "code_reused")
    raise invalid_grant("the code is expired")


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
        x5t=call.x5t, offline=offline, generation=0, created_at=now, used_at=now,
        expires_at=now + timedelta(seconds=REFRESH_SECONDS if offline else ACCESS_SECONDS),
    )  # fmt: skip


