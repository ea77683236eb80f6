"""Pages: a template of a room, filled in for one request.

Templates see the context given plus: `_(text, **params)`, `ngettext`, `csrf()`, `nonce`, `actor`, `lang`,
`handle(key)` (a record in an address), `ui` (the components), `here` (what this request is), `asset(name)`, `date_vn`, `time_vn`, `group_number`,
`count_vn`, `now()`. Components are macros that may be called before any request is known, so what belongs to
the request reaches them through `here`, which looks it up at the moment of rendering.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import DancuError, FieldError
from dancu.kit.handles import handle
from dancu.kit.i18n import LANGUAGES, catalogue, error_text, gettext, ngettext, use_language
from dancu.kit.web import text
from dancu.kit.web.csrf import FIELD, csrf_token
from dancu.kit.web.errors import return_to
from dancu.kit.web.menu import MenuItem, Surface, surface_of, visible
from dancu.kit.web.moulds import Filled, FilledPage, Marks, Moulds, marking
from dancu.kit.web.statics import Assets
from dancu.kit.web.tables import titled
from dancu.kit.web.template_files import Kept

_request: ContextVar[Request] = ContextVar("rendering")


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
        return _request.get()

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


def _translate(msgid: str, /, **params: Any) -> str | Markup:
    """gettext for templates: parameters that are markup stay markup, everything else is escaped as usual."""
    if any(isinstance(value, Markup) for value in params.values()):
        return Markup(escape(catalogue(here.lang).get(msgid, msgid))).format(**params)  # noqa: S704 (escaped)
    return gettext(msgid, here.lang, **params)


def _error_text(error: DancuError | FieldError) -> str:
    return error_text(error, here.lang)


def _csrf() -> Markup:
    marks = marking.get()
    token = csrf_token(here.request) if marks is None else marks.of("csrf")
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


class Components:
    """`ui.<macro>`: every macro of kit/components/*.html, so that no page needs an import line."""

    def load(self, environment: Environment) -> None:
        for name in environment.list_templates(filter_func=lambda n: n.startswith("kit/components/")):
            for macro, function in vars(environment.get_template(name).module).items():
                if macro.startswith("_"):
                    continue
                if hasattr(self, macro):
                    raise ValueError(f"two components are called {macro}")
                setattr(self, macro, function)


class Templates:
    """The one template environment of an application. `folders`: template folders, searched in order."""

    def __init__(self, folders: list[Path], assets: Assets) -> None:
        self.environment = env = Environment(
            loader=Kept(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        components = Components()
        env.globals.update(
            _=_translate,
            gettext=_translate,
            ngettext=lambda msgid, n, **p: ngettext(msgid, n, here.lang, **p),
            error_text=_error_text,
            csrf=_csrf,
            handle=lambda key: handle(here.actor, key),
            here=here,
            # Known before it is filled: a component's module keeps the globals it was loaded with.
            ui=components,
            asset=assets.url,
            date_vn=text.date_vn,
            time_vn=text.time_vn,
            group_number=text.group_number,
            count_vn=text.count_vn,
            now=text.now,
        )
        env.filters.update(date_vn=text.date_vn, time_vn=text.time_vn, num=text.group_number, count_vn=text.count_vn, titled=titled)
        components.load(env)
        self.moulds = Moulds()

    def html(self, request: Request, name: str, context: dict[str, Any], *, block: str | None = None) -> str:
        template = self.environment.get_template(name)
        context = {
            "actor": request.state.actor,
            "nonce": request.state.nonce,
            "lang": request.state.lang,
            "base": "",
            **context,
        }
        token = _request.set(request)
        try:
            context["base"] = context["base"] or here.base
            with use_language(request.state.lang):
                if block and block in template.blocks:
                    return _block(template, block, context)
                return template.render(context)
        finally:
            _request.reset(token)

    def filled(self, request: Request, name: str, variant: Hashable, values: Mapping[str, str], context: dict[str, Any]) -> Filled:
        """As `html` of `context` and `values`, from the mould of this variant; see `render_filled`."""

        given = tuple(slot for slot, value in values.items() if value)  # an empty value stays one: templates ask for it

        def cast(marks: Marks) -> str:
            marked = _nested({slot: marks.of(slot) if slot in given else "" for slot in values})
            return self.html(request, name, {**context, **marked, "nonce": marks.of("nonce")})

        mould = self.moulds.get((name, request.state.lang, request.method, variant, given), cast)
        own = {"nonce": request.state.nonce, "request_id": request.state.request_id}
        token = _request.set(request)
        try:
            if "csrf" in mould.slots:
                own["csrf"] = csrf_token(request)
            for slot in mould.slots:
                if slot.startswith("language."):
                    own[slot] = here.language_url(slot.removeprefix("language."))
        finally:
            _request.reset(token)
        return mould.fill({**own, **values})


def _nested(values: Mapping[str, str]) -> dict[str, Any]:
    """A template's context of values whose names may be those of attributes ("passkey.sealed")."""
    made: dict[str, Any] = {}
    for slot, value in values.items():
        whole, _, part = slot.partition(".")
        if part:
            setattr(made.setdefault(whole, SimpleNamespace()), part, value)
        else:
            made[whole] = value
    return made


def _block(template: Template, block: str, context: dict[str, Any]) -> str:
    return "".join(template.blocks[block](template.new_context(context)))


def render(request: Request, name: str, /, *, status: int = 200, whole: bool = False, **context: Any) -> HTMLResponse:
    """The page `name` ("room/page.html") for this request. When HX-Target names a block of the template, only
    that block (not for `whole`, as error pages are)."""
    templates: Templates = request.app.state.templates
    block = None if whole else request.headers.get("hx-target")
    return _page(request, templates.html(request, name, context, block=block), status)


def _page(request: Request, html: str | Filled, status: int) -> HTMLResponse:
    response = FilledPage(html, status) if isinstance(html, Filled) else HTMLResponse(html, status)
    response.headers["Content-Language"] = request.state.lang
    response.headers["Vary"] = "HX-Target"
    return response


def render_filled(
    request: Request, name: str, /, *, variant: Hashable, values: Mapping[str, str], status: int = 200, **context: Any
) -> HTMLResponse:
    """The same page as `render(..., **values, **context)`, joined from text that was rendered once (see moulds.py): for pages that
    many ask for who are not signed in. `values`: what differs from request to request, all of it text, "passkey.sealed"
    standing for an attribute; an empty one is empty to the template too. Everything in `context` belongs into `variant`."""
    if request.state.actor.kind is not ActorKind.ANONYMOUS or request.headers.get("hx-target") or page_mark(request) is not None:
        return render(request, name, status=status, **context, **_nested(values))
    templates: Templates = request.app.state.templates
    return _page(request, templates.filled(request, name, variant, values, context), status)
