"""/eid/register: one question a page, from a phone, without a script. What was answered travels sealed in the form, and in a
cookie for the browser's own way back; nothing is kept here before the last button. /eid/application: where one's application
stands."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Final

from dancu.accounts.models.application import Claim
from dancu.accounts.pages.browser import browser_of, helper_of
from dancu.accounts.present import application as words
from dancu.accounts.service import apply
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import DancuError, Exceeded, FieldError, Invalid, Unavailable
from dancu.kernel.numbers import PersonalId, normalize_phone, show_phone
from dancu.kit.i18n import N_, gettext, language
from dancu.kit.log import get_logger
from dancu.kit.ring import ring
from dancu.kit.web import (
    APIRouter,
    CurrentActor,
    DbConn,
    Form,
    FormErrors,
    Request,
    Response,
    attempt,
    public,
    read_form,
    render,
    see_other,
)
from dancu.kit.web.cookies import give, path_cookie, path_cookie_name

router = APIRouter(prefix="/eid", dependencies=[public()])
log = get_logger("dancu.accounts")

STEPS: Final = ("number", "who", "phone", "review", "portrait")
TITLES: Final = (N_("Số định danh"), N_("Họ tên, ngày sinh"), N_("Điện thoại"), N_("Xem lại"), N_("Ảnh chân dung"))
_LIFE = 3600
_DRAFT_COOKIE: Final = "dancu_eid_draft"
_PATH: Final = "/eid/register"
# More than is taken, so that a phone's large photograph is answered beside its field and what was typed is kept.
_MAX_UPLOAD = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been answered so far. `guardian`: the signed-in parent who applies for a child, 0 for oneself; `once`: of one
    filling-in from its first page to its last."""

    number: str = ""
    name: str = ""
    birth: str = ""
    phone: str = ""
    email: str = ""
    guardian: int = 0
    once: str = ""
    at: int = 0

    def sealed(self) -> str:
        plain = json.dumps([self.number, self.name, self.birth, self.phone, self.email, self.guardian, self.once or secrets.token_hex(8), int(time.time())])
        return ring().encrypt(plain.encode(), table="accounts.register", row=0, column="draft").hex()

    @classmethod
    def unsealed(cls, text: str) -> Draft:
        """Raises Invalid for what is old or not ours."""
        try:
            plain = ring().decrypt(bytes.fromhex(text), table="accounts.register", row=0, column="draft")
            draft = cls(*json.loads(plain))
        except (DancuError, ValueError, TypeError):
            raise Invalid("application.draft", _OLD) from None
        if draft.at < time.time() - _LIFE:
            raise Invalid("application.draft", _OLD)
        return draft

    def steps(self) -> tuple[str, ...]:
        return tuple(step for step in STEPS if step != "phone" or not self.guardian)

    def reaches(self, step: str) -> bool:
        """Was everything answered that comes before this step?"""
        said = {"number": self.number, "who": self.name, "phone": self.phone, "review": self.name}
        steps = self.steps()
        return step in steps and all(said[one] for one in steps[: steps.index(step)])


_BIRTH = N_("Ngày sinh chưa đúng. Ví dụ: 12 4 1990. Giấy tờ chỉ ghi năm thì chỉ điền năm.")
_OLD = N_("Trang này mở đã lâu. Xin bắt đầu lại từ số định danh.")


def _page(request: Request, step: str, draft: Draft, form: Form, errors: FormErrors) -> Response:
    steps = draft.steps()
    return render(
        request, "accounts/register.html", step=step, draft=draft, sealed=draft.sealed(), form=form, errors=errors,
        titles=[gettext(TITLES[STEPS.index(one)]) for one in steps], at=steps.index(step) + 1, show_phone=show_phone,
        before=steps[steps.index(step) - 1] if steps.index(step) else "", partial=PartialDate,
        status=422 if errors else 200,
    )  # fmt: skip


@router.get("/register")
async def start(request: Request, actor: CurrentActor, child: str = "", step: str = "", of: str = "", mending: str = "") -> Response:
    """The first page, or, with `step`, one of the filling-in `of` that this browser holds."""
    if step:
        return _again(request, actor, step, of, mending=bool(mending))
    draft = Draft(guardian=_guardian(actor) if child else 0)
    if child and not draft.guardian:
        return render(request, "accounts/register_child.html")
    return _forgotten(request, _page(request, "number", draft, Form(), FormErrors()))


def _again(request: Request, actor: Actor, step: str, of: str, *, mending: bool) -> Response:
    try:
        draft = Draft.unsealed(path_cookie(request, _DRAFT_COOKIE))
    except DancuError:
        return see_other("/eid/register")
    # Two people's drafts in two windows: the older one starts anew instead of showing the other's.
    if draft.once != of or not draft.reaches(step) or (draft.guardian and draft.guardian != _guardian(actor)):
        return see_other("/eid/register")
    return _page(request, step, draft, _filled(draft, step, mending=mending), FormErrors())


def _to(request: Request, step: str, draft: Draft, *, mending: bool = False) -> Response:
    """The step as a page of its own address, so that the browser's way back leads through what was answered."""
    response = see_other(f"/eid/register?step={step}&of={draft.once}{'&mending=1' if mending else ''}")
    https = request.app.state.settings.https
    give(response, path_cookie_name(request, _DRAFT_COOKIE), draft.sealed(), secure=https, path=_PATH, max_age=_LIFE)
    return response


def _forgotten(request: Request, response: Response) -> Response:
    for name in {path_cookie_name(request, _DRAFT_COOKIE), *({_DRAFT_COOKIE} & request.cookies.keys())}:  # by either name it was read
        response.delete_cookie(name, path=_PATH)
    return response


def _guardian(actor: Actor) -> int:
    return actor.actor_id if actor.kind is ActorKind.CITIZEN else 0


@router.post("/register", max_body_size=_MAX_UPLOAD)
async def answer(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    form, errors = await read_form(request), FormErrors()
    try:
        draft = Draft.unsealed(form.value("draft"))
    except DancuError as error:
        return _page(request, "number", Draft(), Form(), FormErrors.of(error))
    if draft.guardian and draft.guardian != _guardian(actor):
        return render(request, "accounts/register_child.html")
    steps, step = draft.steps(), form.value("step")
    if (back := form.value("back")) in steps:
        return _to(request, back, draft, mending=step == "review")
    if step not in steps:
        return _to(request, "number", draft)
    if step == "portrait":
        return await _send(request, conn, draft, form)
    draft = _taken(draft, step, form, errors)
    if errors:
        return _page(request, step, draft, form, errors)
    # Whoever came back from the review to mend one answer returns there.
    following = "review" if form.value("mending") and step != "review" else steps[steps.index(step) + 1]
    return _to(request, following, draft)


def _filled(draft: Draft, step: str, *, mending: bool = False) -> Form:
    back = "1" if mending else None
    if step == "number":
        return Form.of(number=draft.number, mending=back)
    if step == "who":
        parts = [*draft.birth.split("-"), "", "", ""][:3] if draft.birth else ["", "", ""]
        return Form.of(name=draft.name, birth_year=parts[0], birth_month=parts[1], birth_day=parts[2], mending=back)
    return Form.of(phone=show_phone(draft.phone) if draft.phone else "", email=draft.email, mending=back)


def _taken(draft: Draft, step: str, form: Form, errors: FormErrors) -> Draft:
    """The draft with this page's answer; errors are added beside their fields."""
    try:
        if step == "number":
            return replace(draft, number=PersonalId.parse(form.required("number", errors) or "0").value)
        if step == "who":
            name, birth = form.required("name", errors), _birth(form, errors)
            if not errors:
                apply.checked_claim(draft.number, name, birth, "")
            return replace(draft, name=name, birth=birth)
        if step == "phone":
            email = form.value("email")
            phone = normalize_phone(form.required("phone", errors) or "0")
            apply.checked_claim(draft.number, draft.name or "-", draft.birth or "1990", phone, email)
            return replace(draft, phone=phone, email=email)
    except DancuError as error:
        for one in error.fields or (FieldError(step, error.code, error.message, tuple(error.params.items())),):
            if not errors.on(one.field):
                errors.add(one.field, one.code, one.message, **dict(one.params))
    return draft


def _birth(form: Form, errors: FormErrors) -> str:
    """A day, or the month or year alone where the papers have no more."""
    day, month, year = form.date_parts("birth")
    text = "/".join(part for part in (day, month, year) if part)
    try:
        if day and not month:  # the 4th of 1990 is not April 1990
            raise Invalid("date.invalid", _BIRTH)
        return str(parse_date(text).date)
    except (DancuError, AttributeError):
        errors.add("birth", "date.invalid", _BIRTH)
        return ""


async def _send(request: Request, conn: DbConn, draft: Draft, form: Form) -> Response:
    errors = FormErrors()
    image, checked = await _portrait(form, errors)
    if errors:
        return _page(request, "portrait", draft, form, errors)
    try:
        claim = apply.checked_claim(draft.number, draft.name, draft.birth, draft.phone, draft.email)
        async with attempt(conn):
            receipt = await apply.submit(
                conn, apply.by_guardian(claim) if draft.guardian else claim, portrait=image, portrait_checked=checked,
                network=browser_of(request).address, language=language(), guardian_key=draft.guardian or None, once=draft.once,
                assisted=bool(form.value("assisted")) or helper_of(request) is not None,
            )  # fmt: skip
    except DancuError as error:
        return _page(request, "portrait", draft, form, FormErrors.of(error))
    done = render(request, "accounts/register_done.html", receipt=receipt, phone=_end_of(claim), child=bool(draft.guardian))
    return _forgotten(request, done)


def _end_of(claim: Claim) -> str:
    return claim.phone[-3:]


async def _portrait(form: Form, errors: FormErrors) -> tuple[bytes | None, bool]:
    """The picture made anew without its metadata, and whether the machine has judged it: where the checker does not
    answer an officer looks instead of the citizen waiting."""
    from dancu.cards import service as cards

    upload = form.file("portrait") or form.file("image")
    image = await upload.read() if upload else b""
    if not image:
        errors.add("portrait", "field.required", N_("Hãy chụp hoặc chọn một ảnh chân dung."))
        return None, False
    try:
        judged = await cards.check_portrait(image)
    except Invalid as error:
        errors.add("portrait", error.code, error.message, **error.params)
        return None, False
    except (Unavailable, Exceeded) as error:
        # An upload as it came is never kept: without the picture made anew the officer asks for one.
        log.warning("portrait not judged", code=error.code)
        return None, False
    for problem in judged.problems:
        errors.add("portrait", problem.code, problem.message, **dict(problem.params))
    return judged.image, True


# -- where it stands ------------------------------------------------------------------------------------------------


@router.get("/application")
async def ask(request: Request, ref: str = "") -> Response:
    return _standing(request, Form.of(ref=ref[:20]), FormErrors())


@router.get("/application/{ref}")
async def ask_one(request: Request, ref: str) -> Response:
    return _standing(request, Form.of(ref=ref[:20]), FormErrors())


@router.post("/application")
async def standing(request: Request, conn: DbConn) -> Response:
    form, errors = await read_form(request), FormErrors()
    ref, phone = form.required("ref", errors).upper()[:20], form.required("phone", errors)
    if errors:
        return _standing(request, form, errors)
    try:
        if form.value("again") or not form.value("code"):
            await apply.send_state_code(conn, ref, phone)
            return _standing(request, form, errors, sent=True)
        found = await apply.standing(conn, ref, phone, form.value("code"))
    except DancuError as error:
        return _standing(request, form, FormErrors.of(error), sent=bool(form.value("code")))
    state = words.FOLLOWS.get(found.follows, words.STATES[found.state])
    return render(request, "accounts/application.html", found=found, state=state, form=form, errors=errors, sent=False)


def _standing(request: Request, form: Form, errors: FormErrors, *, sent: bool = False) -> Response:
    return render(
        request, "accounts/application.html", form=form, errors=errors, sent=sent, found=None, status=422 if errors else 200
    )  # fmt: skip
