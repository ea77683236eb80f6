"""A request as it travels sealed: the list of its values, half as long as with their names, and put together again in one step.

What was sealed before the fields changed must not be read as if nothing had: the names below are part of the seal, so it does not
open at all, and whoever stood there begins again."""

from __future__ import annotations

from typing import Any

from dancu.oidc.jose import b64u, unb64u
from dancu.oidc.models import AuthRequest

PUSHED, FLOW, CODE = "pushed/2", "flow/2", "code/2"


def pack(request: AuthRequest) -> list[Any]:
    """Its values in their order, as JSON holds them."""
    return list(request._replace(request_id=b64u(request.request_id), prompt=sorted(request.prompt)))  # type: ignore[arg-type]


def unpack(values: list[Any]) -> AuthRequest:
    """What was `pack`ed, with the types it had."""
    made = AuthRequest._make(values)
    return made._replace(
        request_id=unb64u(values[0]), scope=tuple(made.scope), prompt=frozenset(made.prompt), acr_values=tuple(made.acr_values),
        ui_locales=tuple(made.ui_locales),
    )  # fmt: skip
