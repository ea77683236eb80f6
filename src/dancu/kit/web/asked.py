"""A request as the envelope holds it: what everybody asks it for is made once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from fastapi import Request
from starlette._utils import AwaitableOrContextManager
from starlette.datastructures import FormData, Headers, QueryParams, State
from starlette.requests import empty_send
from starlette.types import Scope

from dancu.kit.parameters import pairs
from dancu.kit.web.incoming import Body

T = TypeVar("T")
# A Cookie header as browsers write it, nothing quoted and nothing to be stripped; and each of its cookies.
_COOKIES = re.compile(r"""[^=;\s"]+=[^;\s"]*(?:; [^=;\s"]+=[^;\s"]*)*""")
_COOKIE = re.compile(r"([^=; ]+)=([^; ]*)")


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
    cookies: Any = None
    method = ""
    headers: Headers = Headers()
    state: State = State()
    _receive: Body
    # How the framework's own __init__ begins; most requests leave it so.
    _send = staticmethod(empty_send)
    _stream_consumed = _is_disconnected = False
    _form = None

    def __init__(self, scope: Scope, body: Body) -> None:
        self.scope, self._receive, self.headers = scope, body, body.headers
        self.app, self.method = scope.get("app"), scope["method"]
        sent = body.headers.get("cookie")
        self.cookies = {} if sent is None else self._taken_apart(sent)

    def begin(self, state: dict[str, Any]) -> State:
        """Set `state`. In a dictionary of its own: what a server hands in may be one for all requests, and the actor stands here."""
        if given := self.scope.get("state"):
            state = {**given, **state}
        self.scope["state"] = state
        self.state = kept = Values(state)
        return kept

    def form(self, **bounds: Any) -> AwaitableOrContextManager[FormData]:
        self.headers = Headers(scope=self.scope)  # whose names may be in capitals
        return super().form(**bounds)

    @_Once
    def query_params(self) -> QueryParams:
        return _Query(pairs(self.scope["query_string"].decode("latin-1")))

    def _taken_apart(self, sent: str) -> dict[str, str]:
        once = self._receive.headers.each_once or len(self.headers.getlist("cookie")) == 1
        return dict(_COOKIE.findall(sent)) if once and _COOKIES.fullmatch(sent) else super().cookies

    async def body(self) -> bytes:
        """Where it comes at once, without the framework's way through a generator."""
        if not hasattr(self, "_body"):
            if self._receive.whole is None:
                await self._receive.gather()
                if self._receive.whole is None:
                    return await super().body()
            self._body = self._receive.whole
        return self._body
