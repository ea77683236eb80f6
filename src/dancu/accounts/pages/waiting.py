"""Pages that wait for a sign-in and can answer with it, without the browser coming back for the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from dancu.accounts.models.sign_in import Asks, Carried, Flow, Step
from dancu.kit.web import Request, Response
from dancu.kit.web.transaction import Lease


class Waiting(Protocol):
    """What waits: what it asks the statement that ends the sign-in, and its answer where it can give one at once."""

    @property
    def asks(self) -> Asks | None: ...

    def service(self, request: Request) -> str:
        """Its name, as the citizen reads it."""
        ...

    async def answer(self, request: Request, held: Lease, step: Step) -> Response | None: ...


#: From the query of a page whose path stands in `app.state.after_sign_in`, or what was carried for it; None where the browser had
#: better come.
Waits = Callable[[Request, Lease, str | Carried], Awaitable[Waiting | None]]


async def waiting_for(request: Request, held: Lease, flow: Flow) -> Waiting | None:
    """What waits at the page this sign-in leads back to; None: let the browser ask."""
    path, _, query = flow.next.partition("?")
    begin: Waits | None = getattr(request.app.state, "after_sign_in", {}).get(path)
    return await begin(request, held, query if flow.carried is None else flow.carried) if begin is not None else None


def next_of(request: Request, flow: Flow) -> str:
    """Where this sign-in leads a browser: what was carried travels on in the address, as the page there makes it."""
    address: Callable[[Request, Carried], str] | None = getattr(request.app.state, "carried", {}).get(flow.next)
    return address(request, flow.carried) if address is not None and flow.carried is not None else flow.next
