"""A request as it travels sealed: the list of its values, half as long as with their names, and put together again in one step.

What was sealed before the fields changed must not be read as if nothing had: the names below are part of the seal, so it does not
open at all, and whoever stood there begins again."""

from __future__ import annotations

from typing import Any

from dancu.oidc.models import AuthRequest

PUSHED, FLOW, CODE = "pushed/3", "flow/3", "code/3"
_SCOPE, _PROMPT, _ACR, _LOCALES = map(AuthRequest._fields.index, ("scope", "prompt", "acr_values", "ui_locales"))
_ANSWERED = AuthRequest._fields.index("state")


def pack(request: AuthRequest, *, answered: bool = False) -> list[Any]:
    """Its values in their order, as JSON holds them; `answered`: without those nobody asks for once there is a code."""
    values: list[Any] = list(request[:_ANSWERED] if answered else request)
    values[0] = request.request_id.hex()
    if not answered:
        values[_PROMPT] = sorted(request.prompt)
    return values


def unpack(values: list[Any]) -> AuthRequest:
    """What was `pack`ed, with the types it had."""
    values = values.copy()
    values[0], values[_SCOPE] = bytes.fromhex(values[0]), tuple(values[_SCOPE])
    if len(values) > _ANSWERED:
        values[_PROMPT], values[_ACR], values[_LOCALES] = frozenset(values[_PROMPT]), tuple(values[_ACR]), tuple(values[_LOCALES])
        return AuthRequest._make(values)
    return AuthRequest(*values)
