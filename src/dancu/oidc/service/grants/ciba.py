"""A client asks whether the citizen it named has answered (CIBA §10.1)."""

from __future__ import annotations

import time

from dancu.accounts.models import SignIn
from dancu.accounts.models.approvals import Answer, ApprovalState
from dancu.accounts.service import approvals, core
from dancu.kit.db import Conn
from dancu.oidc.policy import CODE_SECONDS
from dancu.oidc.service import consent, flow, issue, requests, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.device import digest_of
from dancu.oidc.service.errors import OAuthError, invalid_grant
from dancu.oidc.service.grants import polling
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import detached, families


async def grant(call: Call) -> issue.Answer:
    digest = digest_of(call.param("auth_req_id"))
    call.demand_binding()
    async with call.provider.connect() as conn, conn.transaction():
        poll = await detached.poll_request(conn, digest, call.client.client_no)
        refused = polling.waiting_error(poll)
        found = await approvals.answer(conn, poll.answer) if refused is None and poll is not None else None
        if found is not None and found.state is ApprovalState.APPROVED and poll is not None:
            if not await detached.use_request(conn, digest):
                raise invalid_grant("the request was used before")
            return polling.answer(call, await polling.keep(call, conn, await _code(call, conn, poll, found)))
        if not await families.spend(conn, call.marks):
            raise replayed()
    if refused is None and (found is None or found.state is ApprovalState.EXPIRED):
        refused = OAuthError("expired_token", "nobody answered in time")
    raise refused or (polling.denied() if found is not None and found.state is ApprovalState.DENIED else polling.pending())


async def _code(call: Call, conn: Conn, poll: detached.Poll, found: Answer) -> tokens.Code:
    """The approval as a code is: the request, and what the citizen's session proved when they approved."""
    resumed = requests.resumed(call.provider.sealer, poll.request)
    account = await core.account(conn, found.person_key)
    if resumed is None or account is None or found.acr is None or found.auth_time is None or found.lock_version is None:
        raise invalid_grant("the request is not known")
    request = resumed[0]
    terms = await consent.terms(conn, call.client, request.purpose, demo=call.demo)
    if account.level < terms.level_min:
        raise OAuthError("access_denied", "the account is of too low a level")
    if flow.least_acr(request)[0] > found.acr:
        raise OAuthError("access_denied", "the sign-in is weaker than demanded")
    stood = SignIn(
        found.person_key, "", found.sid, account.level, found.acr, found.amr, found.auth_time, found.lock_version
    )
    stood = flow.stated(request, stood)
    return tokens.Code(
        request, call.client.client_no, stood, terms.purpose.code, terms.purpose.legal_basis, request.details,
        int(time.time()) + CODE_SECONDS,
    )  # fmt: skip
