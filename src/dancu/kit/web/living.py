"""/kit: every component once, in every state. Tests open it; who writes a page looks here first."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from dancu.kit.i18n import N_
from dancu.kit.web.access import public
from dancu.kit.web.forms import Form, FormErrors
from dancu.kit.web.pages import Page
from dancu.kit.web.render import render

router = APIRouter(include_in_schema=False)

# A person who does not exist; the name has seven words because some do.
_EXAMPLE = Form.of(
    name="Công Tằng Tôn Nữ Thị Quỳnh Hương", number="04919001234", born=date(1990, 2, 28), reason="", sex="f"
)


def _errors() -> FormErrors:
    errors = FormErrors()
    errors.add("number", "person.number.length", N_("Số định danh phải có 12 chữ số."))
    errors.add("born", "date.invalid", N_("Ngày này chưa đúng. Ví dụ: 31/12/1990."))
    errors.add("reason", "field.required", N_("Mục này cần được điền."))
    return errors


@router.get("/kit", dependencies=[public()])
@router.get("/kit/{surface}", dependencies=[public()])
async def kit(request: Request, surface: str = "desk") -> Response:
    base = surface if surface in ("citizen", "desk", "watch") else "desk"
    return render(
        request,
        "kit/living.html",
        base=f"base_{base}.html",
        surface=base,
        form=_EXAMPLE,
        errors=_errors(),
        fine=FormErrors(),
        page=Page(3, 50, 812),
        day=date(2025, 7, 1),
    )
