"""Offices of the officer's organisation: place, hours, devices and how these do, helpers."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from dancu.accounts.models.level2 import DeviceKind, Office, Span
from dancu.accounts.pages import words_level2 as words
from dancu.accounts.service import helpers, offices
from dancu.accounts.service.visit import rule_in_force
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import parse_date
from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    allow,
    attempt,
    read_form,
    render,
    see_other,
)
from dancu.territory import service as territory

router = APIRouter(prefix="/desk/eid/offices")
KEEP = allow("eid.office")
_SPAN = re.compile(r"(\d{1,2})(?:[:hg.](\d{2})?)?\s*[-–]\s*(\d{1,2})(?:[:hg.](\d{2})?)?")


def read_spans(text: str) -> tuple[Span, ...]:
    """ "7:30-11:30, 13:30-17:00" as spans of a day; () for nothing. Raises ValueError."""
    found = []
    for part in re.split(r"[,;]", text):
        if not part.strip():
            continue
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(part)
        start, end = time(int(match[1]), int(match[2] or 0)), time(int(match[3]), int(match[4] or 0))
        if start >= end:
            raise ValueError(part)
        found.append((start, end))
    return tuple(sorted(found))


def _hours(form: Form, errors: FormErrors) -> dict[int, tuple[Span, ...]]:
    hours = {}
    for day in range(1, 8):
        try:
            if spans := read_spans(form.value(f"hours_{day}")):
                hours[day] = spans
        except ValueError:
            errors.add(f"hours_{day}", "office.hours_format", N_("Ghi giờ như: 7:30-11:30, 13:30-17:00."))
    return hours


def _days(form: Form, errors: FormErrors) -> list[date]:
    days = []
    for part in re.split(r"[,;\n]", form.value("days")):
        if not part.strip():
            continue
        try:
            read = parse_date(part.strip()).date
            if read.month is None or read.day is None:
                raise Invalid("date.format", part)
            days.append(date(read.year, read.month, read.day))
        except DancuError:
            errors.add("days", "date.invalid", N_("Ngày này chưa đúng. Ví dụ: 31/12/1990."))
    return sorted(set(days))


def _form_of(office: Office) -> Form:
    values: dict[str, Any] = {
        "name": office.name, "kind": office.kind.value, "place": office.place, "phone": office.phone,
        "unit": territory.gazetteer().full_name(office.unit_id), "days": ", ".join(f"{d:%d/%m/%Y}" for d in office.days),
    }  # fmt: skip
    for day, spans in office.hours.items():
        values[f"hours_{day}"] = ", ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in spans)
    return Form.of(**values)


def _edit(request: Request, form: Form, errors: FormErrors, office: Office | None) -> Response:
    return render(
        request, "accounts/office_edit.html", form=form, errors=errors, office=office, words=words, status=422 if errors else 200
    )


@router.get("", dependencies=[KEEP])
async def front(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    rule = rule_in_force()
    mine = await offices.mine(conn, actor)
    return render(
        request, "accounts/offices.html", offices=mine, words=words, needs=rule.needs, unit_name=territory.gazetteer().full_name
    )


@router.get("/new", dependencies=[KEEP])
async def new(request: Request) -> Response:
    week = {f"hours_{day}": "07:30-11:30, 13:30-17:00" for day in range(1, 6)}
    return _edit(request, Form.of(**week), FormErrors(), None)


async def _save(request: Request, conn: DbConn, actor: CurrentActor, office: Office | None) -> Response:
    form, errors = await read_form(request), FormErrors()
    hours, days = _hours(form, errors), _days(form, errors)
    unit = territory.resolve(form.value("unit"), SYSTEM_CLOCK.today()).unit if form.value("unit") else None
    if errors:
        return _edit(request, form, errors, office)
    try:
        async with attempt(conn):
            made = await offices.save(
                conn, actor, office_id=office.office_id if office else None, name=form.value("name"), kind=form.value("kind"),
                unit_id=unit.unit_id if unit and unit.level == 3 else None, place=form.value("place"), phone=form.value("phone"),
                hours=hours, days=days, valid_to=SYSTEM_CLOCK.today() if office and form.checked("close") else None,
            )  # fmt: skip
    except Invalid as error:
        return _edit(request, form, FormErrors.of(error), office)
    return see_other("/desk/eid/offices" if form.checked("close") else f"/desk/eid/offices/{made}")


@router.post("/new", dependencies=[KEEP])
async def add(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    return await _save(request, conn, actor, None)


async def _show(
    request: Request, conn: DbConn, actor: CurrentActor, office_id: int, errors: FormErrors, form: Form | None = None, code: str = ""
) -> Response:
    office = await offices.own(conn, actor, office_id)
    return render(
        request, "accounts/office.html", office=office, words=words, errors=errors, form=form or Form(), code=code,
        devices=await offices.devices(conn, office_id), failures=await offices.failures(conn, office_id),
        helpers=await helpers.of_office(conn, office_id), kinds=list(DeviceKind), needs=rule_in_force().needs,
        unit_name=territory.gazetteer().full_name, status=422 if errors else 200,
    )  # fmt: skip


@router.get("/{office_id}", dependencies=[KEEP])
async def show(request: Request, conn: DbConn, actor: CurrentActor, office_id: int) -> Response:
    return await _show(request, conn, actor, office_id, FormErrors())


@router.get("/{office_id}/edit", dependencies=[KEEP])
async def edit(request: Request, conn: DbConn, actor: CurrentActor, office_id: int) -> Response:
    office = await offices.own(conn, actor, office_id)
    return _edit(request, _form_of(office), FormErrors(), office)


@router.post("/{office_id}/edit", dependencies=[KEEP])
async def change(request: Request, conn: DbConn, actor: CurrentActor, office_id: int) -> Response:
    return await _save(request, conn, actor, await offices.own(conn, actor, office_id))


@router.post("/{office_id}/devices", dependencies=[KEEP])
async def add_device(request: Request, conn: DbConn, actor: CurrentActor, office_id: int) -> Response:
    form = await read_form(request)
    try:
        key = bytes.fromhex(form.value("public_key")) if form.value("public_key") else None
        async with attempt(conn):
            await offices.add_device(
                conn, actor, office_id, kind=form.value("device_kind"), model=form.value("model"), serial=form.value("serial"), public_key=key
            )
    except ValueError:
        wrong = Invalid("device.key", N_("Bộ thiết bị lưu động cần khóa công khai của nó (64 ký tự), thiết bị khác thì không."))
        return await _show(request, conn, actor, office_id, FormErrors((), wrong), form)
    except DancuError as error:
        return await _show(request, conn, actor, office_id, FormErrors.of(error), form)
    return see_other(f"/desk/eid/offices/{office_id}")


@router.post("/{office_id}/devices/{device_id}", dependencies=[KEEP])
async def report(request: Request, conn: DbConn, actor: CurrentActor, office_id: int, device_id: int) -> Response:
    form = await read_form(request)
    try:
        async with attempt(conn):
            await offices.report(conn, actor, device_id, form.value("state"), form.value("what"))
    except Invalid as error:
        return await _show(request, conn, actor, office_id, FormErrors.of(error), form)
    return see_other(f"/desk/eid/offices/{office_id}")


@router.post("/{office_id}/helpers", dependencies=[KEEP])
async def add_helper(request: Request, conn: DbConn, actor: CurrentActor, office_id: int) -> Response:
    """The code is shown on the answer alone, this once."""
    form = await read_form(request)
    try:
        async with attempt(conn):
            _, code = await helpers.add(conn, actor, office_id, form.value("helper"), form.value("team"))
    except Invalid as error:
        return await _show(request, conn, actor, office_id, FormErrors.of(error), form)
    return await _show(request, conn, actor, office_id, FormErrors(), code=code)


@router.post("/{office_id}/helpers/{helper_id}/end", dependencies=[KEEP])
async def end_helper(request: Request, conn: DbConn, actor: CurrentActor, office_id: int, helper_id: int) -> Response:
    await helpers.end(conn, actor, helper_id)
    return see_other(f"/desk/eid/offices/{office_id}")
