"""A route per verb, each with its own permission: closed by default like every other route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from dancu.kit.web import APIRouter, CurrentActor, DbConn, RecordKey, Request, Response, allow, render
from dancu.population.pages.verbs import PAGES
from dancu.population.pages.verbs.page import VerbPage
from dancu.population.pages.verbs.run import Desk, opened, sent

router = APIRouter(prefix="/desk")
NEW = tuple(page for page in PAGES if page.alone)
_NEW_PERMISSIONS = tuple(dict.fromkeys(page.verb.permission for page in NEW))


@router.get("/new", dependencies=[allow(*_NEW_PERMISSIONS)])
async def new(request: Request, actor: CurrentActor) -> Response:
    pages = [page for page in NEW if actor.can(page.verb.permission)]
    return render(request, "population/new.html", pages=pages)


Step = Callable[[Desk], Awaitable[Response]]


def _about_one(page: VerbPage, step: Step) -> Callable[..., Awaitable[Response]]:
    async def handler(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey) -> Response:
        return await step(Desk(request, conn, actor, page, key))

    return handler


def _alone(page: VerbPage, step: Step) -> Callable[..., Awaitable[Response]]:
    async def handler(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
        return await step(Desk(request, conn, actor, page, None))

    return handler


for one in PAGES:
    path = f"/new/{one.code}" if one.alone else f"/persons/{{key}}/do/{one.code}"
    make = _alone if one.alone else _about_one
    options: dict[str, Any] = {"dependencies": [allow(one.verb.permission)], "include_in_schema": False}
    router.add_api_route(path, make(one, opened), methods=["GET"], **options)
    router.add_api_route(path, make(one, sent), methods=["POST"], **options)
