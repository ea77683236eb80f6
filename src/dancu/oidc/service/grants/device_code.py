"""A device asks whether the citizen has answered (RFC 8628 §3.4)."""

from __future__ import annotations

from dancu.oidc.service import device, issue, tokens
from dancu.oidc.service.authenticate import replayed
from dancu.oidc.service.errors import OAuthError, invalid_grant
from dancu.oidc.service.grants import polling
from dancu.oidc.service.grants.call import Call
from dancu.oidc.store import detached, families


async def grant(call: Call) -> issue.Answer:
    digest = device.digest_of(call.param("device_code"))
    call.demand_binding()
    refused: OAuthError | None
    async with call.provider.connect() as conn, conn.transaction():
        poll = await detached.poll_device(conn, digest, call.client.client_no)
        refused = polling.waiting_error(poll)
        if refused is None and poll is not None and poll.state == "approved":
            code = tokens.read_code(call.provider.sealer, poll.answer)
            if code is None or code.client_no != call.client.client_no:
                raise invalid_grant("the code is not known")
            return polling.answer(call, await polling.keep(call, conn, code))
        if not await families.spend(conn, call.marks):
            raise replayed()
    # Outside: a refusal must not undo that the poll was counted.
    raise refused or (polling.denied() if poll is not None and poll.state == "denied" else polling.pending())
