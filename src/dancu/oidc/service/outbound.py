"""Calls from here to addresses that services registered: through the one way out (kit.outbound), public addresses by https alone. Which
address it is, a reviewer has approved with the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dancu.kit.outbound import Failed, Outbound, Rule, Rules, rules

_SECONDS = 10.0
_ANY_PUBLIC = rules("*:*")

__all__ = ["Failed", "call"]


async def call(
    method: str, url: str, *, form: Mapping[str, str] | None = None, json: Any = None, headers: Mapping[str, str] | None = None,
    local: bool = False,
) -> tuple[int, bytes]:  # fmt: skip
    """(status, body). Follows no redirect and reads 64 KiB at most. `local`: addresses of this machine are allowed (and
    plain http to them), for a demonstration. Raises Failed."""
    async with Outbound(_ANY_PUBLIC + (_local() if local else Rules()), most_connections=1) as out:
        answer = await out.call(method, url, form=form, json=json, headers=headers, seconds=_SECONDS)
    return answer.status, answer.body


def _local() -> Rules:
    """This machine itself, at any port: in a demonstration services are processes beside us."""
    return Rules(tuple(Rule(host, 0, inside=True) for host in ("localhost", "127.0.0.1", "::1")))
