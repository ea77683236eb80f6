"""A request as the envelope holds it: its headers are looked up, where Starlette goes through the list for each of the dozen that are
asked for; and what everybody asks it for is made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_plus

from fastapi import Request
from starlette.datastructures import Headers, QueryParams, State
from starlette.types import Scope

T = TypeVar("T")


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


class Values(State):
    """Its values are its attributes, found without a call."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        object.__setattr__(self, "__dict__", {} if values is None else values)

    __setattr__ = object.__setattr__  # type: ignore[assignment]
    __delattr__ = object.__delattr__

    @property
    def _state(self) -> dict[str, Any]:  # type: ignore[override]
        return self.__dict__


class _Once(Generic[T]):
    """A property made once, kept where an attribute is found first. `functools.cached_property` takes a lock for it in Python 3.11."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__

    def __get__(self, one: Any, owner: type) -> T:
        value = one.__dict__[self._name] = self._make(one)
        return value


def pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query as the library takes them apart (`parse_qsl`, empty ones too), which looks at each letter twice."""
    return [
        (written(name), written(value))
        for name, _, value in [piece.partition("=") for piece in query.split("&") if piece]
    ]


def written(text: str) -> str:
    """What was meant by one name or value of a query or a short form; bytes that are no text show as such. Most need nothing done."""
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


class Asked(Request):
    # Asked for a hundred times a request.
    @_Once
    def app(self) -> Any:
        return self.scope["app"]

    @_Once
    def headers(self) -> Headers:
        return _Headers(self.scope)

    @_Once
    def state(self) -> State:
        return Values(self.scope.setdefault("state", {}))

    @_Once
    def query_params(self) -> QueryParams:
        return QueryParams(pairs(self.scope["query_string"].decode("latin-1")))

    @_Once
    def cookies(self) -> dict[str, str]:
        return super().cookies
