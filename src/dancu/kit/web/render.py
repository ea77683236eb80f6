"""Pages: a template of a room, filled in for one request.

Templates see the context given plus: `_(text, **params)`, `ngettext`, `csrf()`, `nonce`, `actor`, `lang`,
`handle(key)` (a record in an address), `ui` (the components), `here` (what this request is), `asset(name)`, `date_vn`, `time_vn`, `group_number`,
`count_vn`, `now()`. Components are macros that may be called before any request is known, so what belongs to
the request reaches them through `here`, which looks it up at the moment of rendering.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import Request
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import DancuError, FieldError
from dancu.kit.handles import handle
from dancu.kit.i18n import catalogue, error_text, gettext, ngettext, use_language
from dancu.kit.web import text
from dancu.kit.web.csrf import FIELD, csrf_token
from dancu.kit.web.here import here, page_mark, rendering
from dancu.kit.web.moulds import Filled, FilledPage, Marks, Moulds, marking
from dancu.kit.web.statics import Assets
from dancu.kit.web.tables import titled
from dancu.kit.web.template_files import Kept


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
        token = rendering.set(request)
        try:
            context["base"] = context["base"] or here.base
            with use_language(request.state.lang):
                if block and block in template.blocks:
                    return _block(template, block, context)
                return template.render(context)
        finally:
            rendering.reset(token)

    def filled(self, request: Request, name: str, variant: Hashable, values: Mapping[str, str], context: dict[str, Any]) -> Filled:
        """As `html` of `context` and `values`, from the mould of this variant; see `render_filled`."""

        given = tuple(filter(values.get, values))  # an empty value stays one: templates ask for it

        def cast(marks: Marks) -> str:
            marked = _nested({slot: marks.of(slot) if slot in given else "" for slot in values})
            return self.html(request, name, {**context, **marked, "nonce": marks.of("nonce")})

        mould = self.moulds.get((name, request.state.lang, request.method, variant, given), cast)
        own = {"nonce": request.state.nonce, "request_id": request.state.request_id}
        token = rendering.set(request)
        try:
            if "csrf" in mould.slots:
                own["csrf"] = csrf_token(request)
            for slot in mould.languages:
                own[slot] = here.language_url(slot.removeprefix("language."))
        finally:
            rendering.reset(token)
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
    response.raw_headers += [(b"content-language", request.state.lang.encode()), (b"vary", b"HX-Target")]
    return response


def render_filled(
    request: Request, name: str, /, *, variant: Hashable, values: Mapping[str, str], status: int = 200, whole: bool = False, **context: Any
) -> HTMLResponse:
    """The same page as `render(..., **values, **context)`, joined from text that was rendered once (see moulds.py): for pages that
    many ask for who are not signed in. `values`: what differs from request to request, all of it text, "passkey.sealed"
    standing for an attribute; an empty one is empty to the template too. Everything in `context` belongs into `variant`."""
    part = request.headers.get("hx-target") and not whole
    if request.state.actor.kind is not ActorKind.ANONYMOUS or part or page_mark(request) is not None:
        return render(request, name, status=status, whole=whole, **context, **_nested(values))
    templates: Templates = request.app.state.templates
    return _page(request, templates.filled(request, name, variant, values, context), status)
