"""What the page being filled in knows about its request: who asks, in which language, where it stands in the menus."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.i18n import LANGUAGES
from dancu.kit.web.errors import return_to
from dancu.kit.web.menu import MenuItem, Surface, surface_of, visible
from dancu.kit.web.moulds import marking

rendering: ContextVar[Request] = ContextVar("rendering")
_PLAIN_QUERY = re.compile(rb"[A-Za-z0-9%&=_.~+*-]*")


@dataclass(frozen=True, slots=True)
class PageMark:
    """A line on top of each of a citizen's pages: what holds for this browser, and where that is changed. Texts of the catalogue."""

    text: str
    url: str
    link: str


def page_mark(request: Request) -> PageMark | None:
    said: Callable[[Request], PageMark | None] | None = getattr(request.app.state, "page_mark", None)
    return said(request) if said is not None else None


class Here:
    """What the page being rendered knows about its request. One object for all requests: it asks the
    context."""

    @property
    def request(self) -> Request:
        return rendering.get()

    @property
    def actor(self) -> Actor:
        actor: Actor = self.request.state.actor
        return actor

    @property
    def signed_in(self) -> bool:
        return self.actor.kind is not ActorKind.ANONYMOUS

    @property
    def lang(self) -> str:
        return str(self.request.state.lang)

    @property
    def nonce(self) -> str:
        marks = marking.get()
        return str(self.request.state.nonce) if marks is None else marks.of("nonce")

    @property
    def request_id(self) -> str:
        marks = marking.get()
        return str(self.request.state.request_id) if marks is None else marks.of("request_id")

    @property
    def path(self) -> str:
        return str(self.request.scope["path"])

    @property
    def hotline(self) -> str:
        return str(self.request.app.state.settings.hotline)

    @property
    def demo(self) -> bool:
        return bool(self.request.app.state.settings.demo)

    @property
    def surfaces(self) -> list[Surface]:
        """The surfaces this actor may enter."""
        return [s for s in self._surfaces if visible(self.actor, s.permissions)]

    @property
    def _surfaces(self) -> tuple[Surface, ...]:
        return tuple(getattr(self.request.app.state, "surfaces", ()))

    @property
    def surface(self) -> Surface:
        return surface_of(self.path, self._surfaces)

    @property
    def menu(self) -> list[MenuItem]:
        items: tuple[MenuItem, ...] = tuple(getattr(self.request.app.state, "menu", ()))
        code, actor = self.surface.code, self.actor
        return [i for i in items if i.surface == code and visible(actor, i.permissions)]

    @property
    def homes(self) -> list[MenuItem]:
        """Where this actor's work begins: the first line they hold a permission for of each surface's menu, that of
        the surface they are on before the others."""
        items: tuple[MenuItem, ...] = tuple(getattr(self.request.app.state, "menu", ()))
        first: dict[str, MenuItem] = {}
        for item in items:
            if item.permissions and visible(self.actor, item.permissions):
                first.setdefault(item.surface, item)
        code = self.surface.code
        return sorted(first.values(), key=lambda item: item.surface != code)

    @property
    def base(self) -> str:
        return f"base_{self.surface.base}.html"

    @property
    def mark(self) -> PageMark | None:
        """What every page says in this browser now; of a room above (`app.state.page_mark`)."""
        return page_mark(self.request)

    def is_current(self, url: str) -> bool:
        """Is `url` the menu line of this page? The longest that leads here is."""
        fitting = [i.url for i in self.menu if self.path == i.url or self.path.startswith(i.url.rstrip("/") + "/")]
        return bool(fitting) and max(fitting, key=len) == url

    def with_query(self, **changes: Any) -> str:
        """A link to this page with some of its query changed; None removes a parameter. It names no path, so
        that a path with somebody's key or a mistyped one is not repeated on the page."""
        query = {**self.request.query_params, **changes}
        return "?" + urlencode({key: value for key, value in query.items() if value is not None})

    def languages(self) -> list[tuple[str, str, str]]:
        """(code, own name, address) of each language. The answer to a form cannot be asked for again: its address
        may know only POST, so the switch leads to the page the form stood on."""
        marks = marking.get()
        urls = [self.language_url(code) if marks is None else marks.of(f"language.{code}") for code in LANGUAGES]
        return [(code, name, url) for (code, name), url in zip(LANGUAGES.items(), urls, strict=True)]

    def language_url(self, code: str) -> str:
        if self.request.method in ("GET", "HEAD"):
            asked: bytes = self.request.scope["query_string"]
            if _PLAIN_QUERY.fullmatch(asked) and b"lang=" not in asked:  # nearly always, and long in the middle of a sign-in
                return f"?{asked.decode()}&lang={code}" if asked else f"?lang={code}"
            return self.with_query(lang=code)
        begins: str = getattr(self.request.state, "begins_at", "")  # what a form's answer cannot be asked for again, its beginning can
        return f"{begins}&lang={code}" if begins else f"{return_to(self.request)}?lang={code}"


here = Here()
