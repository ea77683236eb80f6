"""/desk/residence: residence proved in place of the household book; /desk/residence/{key}/{id}: the receipt for the file."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from markupsafe import Markup

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models import procedures
from dancu.exchange.models.residence import Asked, Outcome, Proved, Way, order_on
from dancu.exchange.pages import residence_words as said
from dancu.exchange.service import residence
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Exceeded, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.handles import handle
from dancu.kit.i18n import N_
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
    attempt,
    read_form,
    render,
    see_other,
)

router = APIRouter(prefix="/desk/residence", dependencies=[allow("residence.prove")])
#: What this browser's counter is called and which procedure it does, kept for the next citizen. No personal data.
COOKIE: Final = "dancu_counter"
_FIELDS: Final = ("procedure", "case_ref", "device", "number", "name", "birth", "issued_on", "text", "paper", "chip", "code", "token")
#: Fields each way shows; all others are carried along unseen, so that nothing is typed twice.
SHOWN: Final = {
    Way.LOOKUP: ("number", "name", "birth"), Way.ACCOUNT: ("code", "number"), Way.QR: ("text",), Way.CHIP: ("chip",),
    Way.CARD: ("number", "name", "birth", "issued_on"), Way.NOTICE: ("number", "name", "birth"), Way.CONFIRMATION: ("paper",),
}  # fmt: skip
#: Not carried on: what was read or shown once.
_ONCE: Final = frozenset({"text", "paper", "chip", "code", "token"})


def _kept(form: Form, **changed: str) -> Form:
    return Form.of(**{**{field: form.value(field) for field in _FIELDS}, **changed})


def to_remember(form: Form) -> str:
    """The counter and its procedure as a cookie: percent-encoded, since a cookie takes no Vietnamese letters and a counter that lost some
    would be counted as another."""
    return quote(f"{form.value('procedure')[:40]}~{form.value('device')[:40]}", safe="~")


def remembered(cookie: str) -> dict[str, str]:
    """What `to_remember` put away; empty for anything else."""
    procedure, _, device = unquote(cookie[:1000]).partition("~")
    return {"device": device[:40], "procedure": procedure[:40]} if procedure in dict(procedures.choices()) else {"device": "", "procedure": ""}


def _way(text: str) -> Way:
    return Way(text) if text in list(Way) else order_on(SYSTEM_CLOCK.today())[0]


def _ways(text: str) -> list[Way]:
    return [Way(one) for one in text.split(",") if one in list(Way)]


def _page(
    request: Request, form: Form, way: Way, *, tried: list[Way], errors: FormErrors | None = None, result: Proved | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    why = residence.purpose_for(form.value("case_ref"))
    shown = SHOWN[way]
    carried = [(field, form.value(field)) for field in _FIELDS if field not in (*shown, "procedure", "case_ref", "device") and form.value(field)]
    return render(
        request, "exchange/residence.html", form=form, errors=errors or FormErrors(), way=way, ways=order_on(SYSTEM_CLOCK.today()),
        tried=tried, result=result, carried=carried, words=said, procedures=procedures.choices(), purpose=why,
        purpose_title=access.purpose_title(why.code), demo=request.app.state.demo, status=status,
    )  # fmt: skip


@router.get("")
async def start(request: Request) -> Response:
    return _page(request, Form.of(**remembered(request.cookies.get(COOKIE, ""))), order_on(SYSTEM_CLOCK.today())[0], tried=[])


@router.post("")
async def prove(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form = await read_form(request)
    way, tried = _way(form.value("way")), _ways(form.value("tried"))
    if form.value("switch"):
        return _page(request, _kept(form, **dict.fromkeys(_ONCE, "")), _way(form.value("switch")), tried=tried)
    if form.value("ask"):
        form = _kept(form, code="", token="")
    try:
        async with attempt(conn):
            result = await residence.prove(
                conn, actor, _asked(form, way), org_name=await _kept_name(conn, actor.org_code), tried=[*tried, way], sure=bool(form.value("sure")),
            )  # fmt: skip
    except (Invalid, Conflict, Exceeded) as error:
        return _page(request, _kept(form), way, tried=tried, errors=FormErrors.of(error), status=422)
    if result.verification is not None:
        answer: Response = see_other(f"/desk/residence/{handle(actor, result.verification.person_key)}/{result.verification.verification_id}")
    elif result.doubted:
        answer = _page(request, _kept(form), way, tried=tried, result=result)
    elif result.outcome is Outcome.WAITING:
        answer = _page(request, _kept(form, token=result.found.token), way, tried=tried, result=result)
    else:
        tried = list(dict.fromkeys([*tried, way]))
        kept = _kept(form, **{**dict.fromkeys(_ONCE, ""), **result.found.read})
        answer = _page(request, kept, result.next_way or way, tried=tried, result=result)
    answer.set_cookie(
        COOKIE, to_remember(form), max_age=30 * 86400,
        httponly=True, samesite="lax", secure=request.app.state.settings.https, path="/desk/residence",
    )  # fmt: skip
    return answer


def _asked(form: Form, way: Way) -> Asked:
    return Asked(
        form.value("procedure"), form.value("case_ref"), way, form.value("device"), form.value("number"), form.value("name"),
        form.value("birth"), form.value("issued_on"), form.value("paper" if way is Way.CONFIRMATION else "text"), form.value("chip"),
        form.value("code"), form.value("token"),
    )  # fmt: skip


async def _kept_name(conn: Conn, org_code: str) -> str:
    """What a receipt keeps and the citizen is asked in the name of, whatever language the officer reads."""
    org = await access.organisation(conn, org_code)
    return org.name if org else org_code


async def org_name(conn: Conn, org_code: str) -> str:
    """An organisation's name as the reader reads it; its code where it is none of the list."""
    org = await access.organisation(conn, org_code)
    return access.organisation_title(org) if org else org_code


@router.get("/{key}/{verification_id}")
async def receipt(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, verification_id: str) -> Response:
    kept, says = await residence.verification(conn, actor, key, verification_id)
    why = residence.purpose_for(kept.case_ref)
    address = f"{site(request)}/check#{residence.code_text(kept, says)}"
    return render(
        request, "exchange/residence_receipt.html", kept=kept, says=says, words=said, procedure=procedures.title(kept.procedure),
        paper=procedures.paper(kept.replaces), code=qr(address), purpose=why, purpose_title=access.purpose_title(why.code),
        org=(await access.english_names(conn)).get(str(says.get("org", "")), says["org_name"]),
    )  # fmt: skip


@router.get("/{key}/{verification_id}/receipt.json")
async def receipt_json(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, verification_id: str) -> Response:
    """What the receipt says, with the signed text and the proof of its entry in the log (None in its first second or two): for a
    dossier system that keeps files instead of paper."""
    import json

    kept, says = await residence.verification(conn, actor, key, verification_id)
    found = await residence.proof(conn, kept, audit.load_verifier(request.app.state.keys).vkey)
    body = json.dumps(
        {"says": says, "statement": kept.statement, "keys": f"{site(request)}/check/keys.json", "proof": found}, ensure_ascii=False, indent=1
    )
    return Response(
        body, media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="phieu-xac-minh-{verification_id}.json"'},
    )  # fmt: skip


@router.get("/{key}/{verification_id}/proof.json")
async def receipt_proof(request: Request, conn: DbConn, actor: CurrentActor, key: RecordKey, verification_id: str) -> Response:
    """The proof alone, as verify_proof.py reads it."""
    import json

    kept, _ = await residence.verification(conn, actor, key, verification_id)
    found = await residence.proof(conn, kept, audit.load_verifier(request.app.state.keys).vkey)
    if found is None:
        raise NotFound("residence.proof", N_("Bằng chứng chưa có: lần xác minh vừa được ghi. Xin thử lại sau vài giây."))
    return Response(
        json.dumps(found, ensure_ascii=False, indent=1), media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="bang-chung-{verification_id}.json"'},
    )  # fmt: skip


def site(request: Request) -> str:
    """The outside address of this service."""
    if request.app.state.issuer:
        return str(request.app.state.issuer).rstrip("/")
    scheme = "https" if request.app.state.settings.https else request.url.scheme
    return f"{scheme}://{request.headers.get('host', 'localhost')}"


def qr(text: str) -> Any:
    """A QR code as SVG for a page, coarse enough to be scanned from paper."""
    import segno

    out = io.BytesIO()
    segno.make_qr(text, error="l", boost_error=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, dark="#000", light="#fff"
    )
    return Markup(out.getvalue().decode())  # noqa: S704 (made here)


def moment(seconds: int) -> datetime:
    """A statement's time."""
    return datetime.fromtimestamp(seconds, UTC)
