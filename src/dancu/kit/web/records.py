"""The record a desk's address names: `key: RecordKey` of a path with `{key}`, `person: RecordAsked` of a query."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.handles import key_in
from dancu.kit.i18n import N_
from dancu.kit.metrics import REFUSED
from dancu.kit.web.session import CurrentActor


async def _in_path(request: Request, actor: CurrentActor, key: str) -> int:
    return _named(request, actor, key)


async def _in_query(request: Request, actor: CurrentActor, person: str) -> int:
    return _named(request, actor, person)


def _named(request: Request, actor: CurrentActor, text: str) -> int:
    """Raises NotFound "record.address" for what no page led this actor to, in the same words whether such a record exists or not; the
    try is recorded by `app.state.unreached(request, conn, actor)`."""
    found = key_in(actor, text)
    if found is not None:
        return found
    REFUSED.labels("record").inc()
    error = NotFound(
        "record.address",
        N_("Địa chỉ này không mở hồ sơ nào cho bạn. Địa chỉ của hồ sơ chỉ dùng được cho người đã tìm ra hồ sơ, đến hết ngày hôm sau. Hãy tìm lại."),
    )
    unreached = getattr(request.app.state, "unreached", None)
    if unreached is not None:

        async def evidence(conn: Conn) -> None:
            await unreached(request, conn, actor)

        error.evidence = evidence
    raise error


RecordKey = Annotated[int, Depends(_in_path)]
RecordAsked = Annotated[int, Depends(_in_query)]
