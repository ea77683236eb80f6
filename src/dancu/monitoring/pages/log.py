"""Pages: "Who looked at my data", the same on the desk, and the auditor's log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.audit.models import Action, Query
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    RecordKey,
    Request,
    Response,
    allow,
    public,
    read_form,
    render,
    see_other,
)  # fmt: skip
from dancu.monitoring import service
from dancu.population import service as population
from dancu.quality import service as quality

router = APIRouter(include_in_schema=False)
# Days of the log (audit.pending refuses others) and longest staff id: what lies beyond, no column can hold.
_LOG_YEARS, _LONGEST_ID = (2000, 8999), 19


@router.get("/me/looks", dependencies=[allow("citizen")])
async def my_looks(request: Request, conn: DbConn, actor: CurrentActor, before: int | None = None, asked: int = 0, who: str = "") -> Response:
    why, others = access.choose_purpose("own_record"), who == "others"
    found = await service.looks_of(conn, actor, why, actor.actor_id, before=before, others=others)
    return render(request, "monitoring/my_looks.html", found=found, asked=asked, others=others)


@router.post("/me/looks/{seq}/ask", dependencies=[allow("citizen")])
async def ask(request: Request, conn: DbConn, actor: CurrentActor, seq: int) -> Response:
    """Ask the organisation behind one access, or object to it (`kind` objection): one tap."""
    form = await read_form(request)
    await service.ask(conn, actor, access.choose_purpose("own_record"), seq, objection=form.value("kind") == "objection")
    return see_other(f"/me/looks?{'who=others&' if form.value('who') == 'others' else ''}asked={seq}")


@router.get("/me/looks/{entry_id}/proof", dependencies=[allow("citizen")])
async def my_proof(request: Request, conn: DbConn, actor: CurrentActor, entry_id: int) -> Response:
    """The proof of one access to one's own data, as a file that checks without us."""
    why = access.choose_purpose("own_record")
    await population.open_person(conn, actor, why, actor.actor_id, fields=("accesses",))
    vkey = audit.load_verifier(request.app.state.keys).vkey
    proof = await audit.proof(conn, entry_id, vkey=vkey)
    body = json.dumps(proof.as_json(), ensure_ascii=False, indent=1)
    return Response(
        body, media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="dancu-bang-chung-{entry_id}.json"'},
    )  # fmt: skip


@router.get("/verify_proof.py", dependencies=[public()])
async def verifier() -> Response:
    """The stand-alone program that checks a proof: standard library plus `cryptography`."""
    source = files("dancu.audit").joinpath("verify_proof.py").read_bytes()
    return Response(
        source, media_type="text/x-python", headers={"Content-Disposition": 'attachment; filename="verify_proof.py"'}
    )


@router.get("/desk/persons/{key}/looks", dependencies=[allow("person.read")])
async def looks(
    request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, before: int | None = None
) -> Response:
    why = access.desk_purpose(request.cookies, actor)
    found = await service.looks_of(conn, actor, why, key, before=before)
    return render(request, "monitoring/looks.html", found=found, key=key, purpose=why, purpose_title=access.purpose_title(why.code))


@router.get("/watch", dependencies=[allow("dashboard.read")])
async def figures(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """The province in figures: people, completeness, cases; by commune of today."""
    rows = await population.figures(conn, actor, access.choose_purpose("statistics"))
    waiting, overdue, answered = await quality.figures(conn, actor)
    return render(
        request, "monitoring/figures.html", provinces=[r for r in rows if r.level == 1],
        communes=[r for r in rows if r.level != 1], waiting=waiting, overdue=overdue, answered=answered,
    )  # fmt: skip


_PERIODS = ((1, N_("24 giờ qua")), (7, N_("7 ngày qua")), (31, N_("31 ngày qua")))


@router.get("/watch/unusual", dependencies=[allow("audit.read")])
async def unusual(request: Request, conn: DbConn, actor: CurrentActor, days: int = 1) -> Response:
    """Reading that stands out, over 1, 7 or 31 days. Staff and counts, nothing of citizens."""
    days = days if days in dict(_PERIODS) else 1
    since = datetime.now(UTC) - timedelta(days=days)
    alerts = await service.unusual(conn, actor, access.choose_purpose("audit"), since)
    return render(request, "monitoring/unusual.html", alerts=alerts, days=days, periods=[(gettext(text), f"/watch/unusual?days={n}", None) for n, text in _PERIODS], orgs=await _orgs(conn))


async def _orgs(conn: Conn) -> dict[str, str]:
    return await access.organisation_names(conn)


@router.get("/watch/log", dependencies=[allow("audit.read")])
async def log(request: Request, conn: DbConn, actor: int | None = None) -> Response:
    """The search, for one staff member (`actor`) where another page points at them."""
    today = SYSTEM_CLOCK.today()
    form = Form.of(since=today - timedelta(days=7), until=today, actor="" if actor is None else actor)
    return await _log(request, conn, form, FormErrors(), None)


@router.post("/watch/log", dependencies=[allow("audit.read")])
async def search(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    since, until = form.date("since", errors), form.date("until", errors)
    staff = form.value("actor")
    if staff and not (staff.isascii() and staff.isdigit() and len(staff) < _LONGEST_ID):
        errors.add("actor", "log.actor", N_("Mã cán bộ chỉ gồm chữ số."))
    for name, day in (("since", since), ("until", until)):
        if day is not None and not _LOG_YEARS[0] <= day.year <= _LOG_YEARS[1]:
            errors.add(name, "log.year", N_("Năm này nằm ngoài thời gian của nhật ký."))
    if errors or since is None or until is None:
        return await _log(request, conn, form, errors, None)
    query = Query(
        since=datetime.combine(since, time.min, VIETNAM).astimezone(UTC),
        until=datetime.combine(until + timedelta(days=1), time.min, VIETNAM).astimezone(UTC),
        org_code=form.value("org") or None, actor_id=int(staff) if staff else None,
        action=form.value("action") or None, purpose=form.value("purpose") or None, limit=200,
    )  # fmt: skip
    try:
        async with conn.transaction():
            found = await service.search_log(conn, actor, access.choose_purpose("audit"), query)
    except DancuError as error:
        return await _log(request, conn, form, FormErrors.of(error), None)
    return await _log(request, conn, form, errors, found)


async def _log(request: Request, conn: Conn, form: Form, errors: FormErrors, found: object) -> Response:
    entries = found if isinstance(found, list) else None
    purposes = [(entry.code, access.purpose_title(entry.code)) for entry, _ in access.purposes()]
    return render(
        request, "monitoring/log.html", form=form, errors=errors, entries=entries, words=service.ACTION,
        titles=dict(purposes), purposes=purposes, actions=[(a.value, gettext(service.ACTION[a.value])) for a in Action],
        orgs=await _orgs(conn), status=422 if errors else 200,
    )  # fmt: skip
