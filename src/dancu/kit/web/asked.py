"""A request as the envelope holds it: its headers are looked up, where Starlette goes through the list for each of the dozen that are
asked for; and what everybody asks it for is made once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers, State
from starlette.types import Scope


class _Headers(Headers):
    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        # Of a header that came twice the first counts, as everywhere.
        self._first: dict[bytes, bytes] = dict(reversed(self._list))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: Any) -> bool:
        return key.lower().encode("latin-1") in self._first

    def get(self, key: str, default: Any = None) -> Any:
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")


class Asked(Request):
    # Asked for a hundred times a request: kept where an attribute is found first, without a call.
    @cached_property
    def headers(self) -> Headers:
        return _Headers(self.scope)

    @cached_property
    def state(self) -> State:
        return State(self.scope.setdefault("state", {}))

    @cached_property
    def cookies(self) -> dict[str, str]:
        return super().cookies
