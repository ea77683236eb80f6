"""A request as the envelope holds it: its headers are looked up, where Starlette goes through the list for each of the dozen that are
asked for; and what everybody asks it for is made once."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import repeat
from operator import itemgetter
from typing import Any, Generic, TypeVar

from fastapi import Request
from starlette._utils import AwaitableOrContextManager
from starlette.datastructures import FormData, Headers, QueryParams, State
from starlette.requests import empty_send
from starlette.types import Receive, Scope

from dancu.kit.parameters import pairs

T = TypeVar("T")
_NAME, _VALUE, _LATIN = itemgetter(0), itemgetter(1), repeat("latin-1")
# A Cookie header as browsers write it, nothing quoted and nothing to be stripped; and each of its cookies.
_COOKIES = re.compile(r"""[^=;\s"]+=[^;\s"]*(?:; [^=;\s"]+=[^;\s"]*)*""")
_COOKIE = re.compile(r"([^=; ]+)=([^; ]*)")


class Named(Headers):
    """`get` is a dictionary's own, asked dozens of times a request, and finds a name in small letters only, as all of us write them (see
    tests/architecture); the library's parser of forms does not, see `Asked.form`."""

    def __init__(self, scope: Scope) -> None:
        self._list = list(scope["headers"])
        # Of a header that came twice the first counts, as everywhere.
        back = self._list[::-1]
        names, values = map(bytes.decode, map(_NAME, back), _LATIN), map(bytes.decode, map(_VALUE, back), _LATIN)
        self._first: dict[str, str] = dict(zip(names, values, strict=True))
        self.get = self._first.get  # type: ignore[method-assign]

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: Any) -> bool:
        return key.lower() in self._first

    def getlist(self, key: str) -> list[str]:
        first = self._first.get(key.lower())
        if first is None:
            return []
        return [first] if len(self._first) == len(self._list) else super().getlist(key)


class _Query(QueryParams):
    """Of pairs of text, which the library would make text, one by one, once more."""

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self._list, self._dict = items, dict(items)


class Values(State):
    """Its values are its attributes, found without a call."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.__dict__ = {} if values is None else values

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


class Asked(Request):
    # Asked for a hundred times a request: attributes, where the framework has properties.
    app: Any = None
    method = ""
    headers: Headers = Headers()
    state: State = State()
    # How the framework's own __init__ begins; most requests leave it so.
    _send = staticmethod(empty_send)
    _stream_consumed = _is_disconnected = False
    _form = None

    def __init__(self, scope: Scope, receive: Receive, headers: Named) -> None:
        self.scope, self._receive, self.headers = scope, receive, headers
        self.app, self.method = scope.get("app"), scope["method"]

    def begin(self, state: dict[str, Any]) -> None:
        """Set `state`. In a dictionary of its own: what a server hands in may be one for all requests, and the actor stands here."""
        if given := self.scope.get("state"):
            state = {**given, **state}
        self.scope["state"] = state
        self.state = Values(state)

    def form(self, **bounds: Any) -> AwaitableOrContextManager[FormData]:
        self.headers = Headers(scope=self.scope)  # whose names may be in capitals
        return super().form(**bounds)

    @_Once
    def query_params(self) -> QueryParams:
        return _Query(pairs(self.scope["query_string"].decode("latin-1")))

    @_Once
    def cookies(self) -> dict[str, str]:
        sent = self.headers.get("cookie")
        if sent is None:
            return {}
        return dict(_COOKIE.findall(sent)) if _COOKIES.fullmatch(sent) and len(self.headers.getlist("cookie")) == 1 else super().cookies
