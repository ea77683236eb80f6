"""What a device and a CIBA client hear while they wait, and the tokens in the end."""

from __future__ import annotations

from dancu.kit.db import Conn
from dancu.oidc.models import Family
from dancu.oidc.policy import ACCESS_SECONDS, REFRESH_SECONDS
from dancu.oidc.service import issue, release, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import OAuthError, invalid_grant
from dancu.oidc.service.grants.authorization_code import family_of
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import families
from dancu.oidc.store.detached import Poll


def waiting_error(poll: Poll | None) -> OAuthError | None:
    """Why nothing is given at this poll, by the poll alone; None where the citizen's answer decides."""
    if poll is None or poll.done:
        return invalid_grant("the code is not known or was used")
    if poll.late:
        return OAuthError("expired_token", "nobody answered in time")
    if poll.hasty:
        return OAuthError("slow_down", "wait five seconds more between polls")
    return None


def pending() -> OAuthError:
    return OAuthError("authorization_pending", "the citizen has not answered yet")


def denied() -> OAuthError:
    return OAuthError("access_denied", "the citizen did not agree")


async def keep(call: Call, conn: Conn, code: tokens.Code) -> tuple[Family, dict[str, object]]:
    """The citizen's answer becomes a family, once. Raises OAuthError; the transaction must not be kept then."""
    client = call.client
    if code.request.dpop_jkt and code.request.dpop_jkt != call.jkt:
        raise invalid_grant("the request is bound to another DPoP key")
    family, details = family_of(call, code), call.details(code.details)
    life = REFRESH_SECONDS if family.offline else ACCESS_SECONDS
    word = await families.redeem(conn, call.marks, family, org_code=client.org_code, life=life, request_id=call.wire.request_id)
    if word == "replayed":
        raise replayed()
    if word != "ok":
        raise invalid_grant("the account is not in use" if word == "locked" else "the code was used before")
    claims: dict[str, object] = {}
    if code.request.asked_claims("id_token"):
        claims = await release.id_token_claims(call.provider, conn, client, family, call.wire.request_id, demo=call.demo)
    return family._replace(details=details), claims


def answer(call: Call, kept: tuple[Family, dict[str, object]]) -> issue.Answer:
    family, claims = kept
    return issue.answer(call.provider, call.wire.issuer, call.client, family, claims=claims)
