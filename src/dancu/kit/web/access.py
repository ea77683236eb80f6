"""Closed by default: every route states who may call it, or the application does not start.

`dependencies=[allow("person.read")]`, `[signed_in()]` or `[public()]` on a route or its router. They find the
actor, check CSRF, then the permission, before anything else of the route runs. They guard the door; policy
and database check again at the thing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import NotAllowed
from dancu.kit.i18n import N_
from dancu.kit.web.csrf import check_csrf
from dancu.kit.web.session import resolve
from dancu.kit.web.transaction import RequestLease

CITIZEN = "citizen"
# Stands among the permissions of whoever is held after an alert, in place of those that open data of citizens.
HELD = "session.held"


class Access:
    """What a route demands: one of `codes`, or only a session (`anyone_signed_in`), or nothing
    (`anybody`)."""

    def __init__(self, codes: tuple[str, ...] = (), *, anybody: bool = False, machine: bool = False) -> None:
        self.codes, self.anybody, self.machine = codes, anybody, machine

    async def __call__(self, request: Request, held: RequestLease) -> None:
        request.state.machine = self.machine
        if self.machine:
            return
        actor = await resolve(request, held)
        await check_csrf(request)
        if self.anybody:
            return
        if actor.kind is ActorKind.ANONYMOUS:
            raise NotAllowed("session.required", "Xin đăng nhập để tiếp tục.")
        if not self.codes:
            return
        for code in self.codes:
            if actor.kind is ActorKind.CITIZEN if code == CITIZEN else actor.can(code):
                return
        if actor.can(HELD):
            raise NotAllowed(
                HELD, N_("Việc xem dữ liệu công dân của bạn đang tạm dừng vì một cảnh báo tra cứu bất thường. Hãy báo người phụ trách: kiểm toán viên sẽ xem và quyết định."),
            )  # fmt: skip
        raise NotAllowed("permission.missing", "Tài khoản của bạn không có quyền làm việc này.")

    def __repr__(self) -> str:
        if self.machine:
            return "machine"
        if self.anybody:
            return "public"
        return f"allow{self.codes}" if self.codes else "signed_in"


def allow(*codes: str) -> Any:
    """The actor must hold one of the permission codes; the code "citizen" stands for any citizen's
    session."""
    if not codes:
        raise ValueError("allow() needs a permission code")
    return Depends(Access(codes), scope="function")


def signed_in() -> Any:
    """Any signed-in actor."""
    return Depends(Access(), scope="function")


def public(*, machine: bool = False) -> Any:
    """Anybody. With `machine=True` the session cookie is ignored and no CSRF token asked: for endpoints that
    other programs call and that check their own credentials."""
    return Depends(Access(anybody=True, machine=machine), scope="function")


def access_of(dependant: Dependant) -> Iterator[Access]:
    for sub in dependant.dependencies:
        if isinstance(sub.call, Access):
            yield sub.call
        yield from access_of(sub)


class ClosedByDefault(RuntimeError):
    """Routes without a stated permission; the message lists them."""


def is_machine(route: Any) -> bool:
    """Is this a route for programs (`public(machine=True)`)?"""
    dependant = getattr(route, "dependant", None)
    return dependant is not None and any(one.machine for one in access_of(dependant))


def demand_access(routes: Sequence[BaseRoute]) -> dict[str, list[Access]]:
    """What each route demands, keyed "METHOD /path". Raises ClosedByDefault when one demands nothing.

    Mounted applications and bare Starlette routes count as open: there is no place where they could state it.
    """
    stated: dict[str, list[Access]] = {}
    for context in iter_route_contexts(routes):
        methods = ",".join(sorted(context.methods or ())) or "ANY"
        dependant = getattr(context, "dependant", None) if hasattr(context.route, "dependant") else None
        stated[f"{methods} {context.path}"] = list(access_of(dependant)) if dependant else []
    if missing := [route for route, access in stated.items() if not access]:
        raise ClosedByDefault("no allow(), signed_in() or public() on: " + "; ".join(missing))
    return stated
