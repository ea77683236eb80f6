"""/eid/sign-in: the number, the passcode or a passkey, and a second factor where the level asked for needs one."""

from __future__ import annotations

from dancu.accounts.models.sign_in import Carried, Flow, Step, StepState, Way
from dancu.accounts.pages.browser import binding_of, browser_of, helper_of, remember_device, sign_in_url, site_of
from dancu.accounts.pages.waiting import Waiting, next_of, waiting_for
from dancu.accounts.policy.assurance import Next, enough, next_proof
from dancu.accounts.present.refusals import CODE_REFUSED, LATE, LOCKED, REFUSED, WHY_LOCKED, wait_of
from dancu.accounts.service import authenticators, locks, sign_in
from dancu.kernel.actor import ActorKind
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.kit.i18n import N_
from dancu.kit.web import (
    APIRouter,
    Form,
    FormErrors,
    Request,
    Response,
    attempt,
    local_path,
    public,
    read_form,
    render,
    render_filled,
    see_other,
    start_session,
)
from dancu.kit.web.shortcuts import Handler, PageShortcut
from dancu.kit.web.transaction import Lease, RequestLease

router = APIRouter(prefix="/eid/sign-in", dependencies=[public()])
HOME = "/account"


@router.get("")
async def start(request: Request, held: RequestLease) -> Response:
    """Parameters: next, acr, max_age, prompt, hint, assisted, late (sent back from a page that was open too long)."""
    asked, actor = request.query_params, request.state.actor
    hint = asked.get("hint", "")
    wished = _wished(request, asked.get("next", HOME), _level(asked.get("acr", "1")), assisted=asked.get("assisted") == "1")
    if actor.kind is ActorKind.ANONYMOUS:  # most ask the database nothing
        waiting = await waiting_for(request, held, wished)
        wished = wished._replace(service=waiting.service(request)) if waiting else wished
        page = _number(request, wished, Form.of(number=hint[:20]), FormErrors.of(LATE) if asked.get("late") == "1" else FormErrors())
        page.status_code = 200
        return page
    conn = await held.connection()
    started = await sign_in.begin(
        conn, actor, next=wished.next, acr=wished.acr, max_age=_seconds(asked.get("max_age", "")), prompt=asked.get("prompt", ""),
        assisted=wished.assisted,
    )  # fmt: skip
    if started.done:
        return see_other(started.flow.next)
    waiting = await waiting_for(request, held, wished)
    flow = started.flow._replace(service=waiting.service(request)) if waiting else started.flow
    if flow.key and flow.amr:
        offered, flow = await authenticators.ways(conn, flow.key), await sign_in.portrait_known(conn, flow)
        return _second(request, Step(StepState.MORE, flow, offered.ways, sms_from=offered.sms_from), FormErrors())
    if flow.key:
        return _passcode(request, flow, FormErrors(), known=True)
    return _number(request, flow, Form.of(number=hint[:20]), FormErrors())


def page_here(request: Request, *, next: str, carried: Carried, acr: int, service: str) -> Response:
    """The sign-in page for a browser without a session, as the answer of the page that needs the sign-in: saved is one trip of
    the browser. `carried`: what the one at `next` is given back."""
    flow = sign_in.anonymous(next=next, acr=acr, assisted=helper_of(request) is not None, service=service, carried=carried)
    return _number(request, flow, Form(), FormErrors())


def _wished(request: Request, next: str, acr: int, *, assisted: bool) -> Flow:
    assisted = assisted or helper_of(request) is not None
    return sign_in.anonymous(next=local_path(next, HOME), acr=acr, assisted=assisted)


@router.get("/{step}")
async def reloaded(step: str) -> Response:
    """The answer to a form was asked for by its address: begin again."""
    return see_other("/eid/sign-in")


@router.post("")
async def number(request: Request, held: RequestLease) -> Response:
    """The number, with the passcode or without."""
    form = await read_form(request)
    flow = _flow(request, form)
    if flow is None:
        return _again(request, form)
    typed, secret = form.value("number"), form.value("passcode")
    try:
        if typed and secret:
            return await _checked(request, held, flow, secret, number=typed)
        async with held.statement() as conn:
            flow, _ = await sign_in.identify(conn, flow, typed)
    except Invalid as error:
        if not error.code.startswith("person.number."):
            raise
        errors = FormErrors()
        errors.add("number", "sign_in.number", N_("Số định danh phải có 12 chữ số. Số CMND cũ có 9 chữ số cũng được."))
        return _number(request, flow, Form.of(number=typed[:20]), errors)
    return _passcode(request, flow, FormErrors())


@router.post("/passcode")
async def passcode(request: Request, held: RequestLease) -> Response:
    form, errors = await read_form(request), FormErrors()
    flow = _flow(request, form)
    if flow is None:
        return _again(request, form)
    secret = form.required("passcode", errors)
    return _passcode(request, flow, errors) if errors else await _checked(request, held, flow, secret)


async def _checked(request: Request, held: Lease, flow: Flow, secret: str, *, number: str = "") -> Response:
    waiting = await waiting_for(request, held, flow) if enough(("pin",) if number else (*flow.amr, "pin"), flow.acr) else None
    step = await sign_in.passcode(
        held.statement, flow, secret, browser_of(request), number=number, request_id=request.state.request_id, asks=waiting.asks if waiting else None
    )
    if step.state is StepState.REFUSED or (step.state is StepState.WAIT and not step.flow.amr):
        errors = FormErrors.of(REFUSED if step.state is StepState.REFUSED else wait_of(step))
        # It may be the number that was wrong: it stands there to be mended, and the way to the service is kept.
        return _number(request, flow, Form.of(number=number[:20]), errors) if number else _passcode(request, step.flow, errors)
    return await _onward(request, held, step, waiting=waiting)


@router.post("/code")
async def code(request: Request, held: RequestLease) -> Response:
    form, errors = await read_form(request), FormErrors()
    flow = _flow(request, form)
    way = next((way for way in Way if way == form.value("way") and way is not Way.PASSKEY), Way.SMS)
    if flow is None:
        return _again(request, form)
    given = form.required("code", errors)
    if errors:
        async with held.statement() as conn:
            offered = await authenticators.ways(conn, flow.key)
        return _second(request, Step(StepState.MORE, flow, offered.ways, hint=offered.phone_end), errors, way=way, sent=True)
    waiting = await waiting_for(request, held, flow)
    step = await sign_in.second(
        held.statement, flow, way, given, browser_of(request), request_id=request.state.request_id, asks=waiting.asks if waiting else None
    )
    if step.state is StepState.REFUSED:
        return _second(request, step, FormErrors.of(CODE_REFUSED), way=way, sent=True)
    return await _onward(request, held, step, way=way, waiting=waiting)


@router.post("/way")
async def choose_way(request: Request, held: RequestLease) -> Response:
    """Another way to give the second factor; for a text message the code is sent now."""
    form = await read_form(request)
    flow = _flow(request, form)
    if flow is None or not flow.key or not flow.amr:
        return _again(request, form)
    conn = await held.connection()
    if form.value("way") == Way.SMS:
        return await _onward(request, held, await sign_in.send_sms(conn, flow), way=Way.SMS)
    offered = await authenticators.ways(conn, flow.key)
    way = next((way for way in offered.ways if way == form.value("way")), None)
    return _second(request, Step(StepState.MORE, flow, offered.ways, sms_from=offered.sms_from), FormErrors(), way=way)


@router.post("/passkey")
async def passkey(request: Request, held: RequestLease) -> Response:
    form = await read_form(request)
    bound = binding_of(request)
    flow = _flow(request, form)
    if flow is None:
        return _again(request, form)
    conn = await held.connection()
    try:
        async with attempt(conn):
            step = await sign_in.passkey(
                conn, flow, site_of(request), bound, browser_of(request), sealed=form.value("challenge"),
                answer=form.value("answer"), request_id=request.state.request_id,
            )  # fmt: skip
    except Invalid as error:
        step, refusal = Step(StepState.REFUSED, flow), FormErrors.of(error)
    else:
        refusal = FormErrors.of(REFUSED)
    if step.state is StepState.REFUSED:
        if flow.key and flow.amr:
            offered = await authenticators.ways(conn, flow.key)
            return _second(request, Step(StepState.MORE, flow, offered.ways), refusal)
        return _number(request, flow, Form(), refusal)
    return await _onward(request, held, step)


async def _onward(
    request: Request, held: Lease, step: Step, *, way: Way | None = None, waiting: Waiting | None = None
) -> Response:
    if step.state is StepState.OK:
        waiting = waiting or await waiting_for(request, held, step.flow)
        response = (await waiting.answer(request, held, step) if waiting else None) or see_other(next_of(request, step.flow))
        start_session(request, response, step.token)
        if step.device:
            remember_device(request, response, step.device)
        return response
    if step.state is StepState.LOCKED:
        ground = await locks.why(await held.connection(), step.flow.key)
        refusal = NotAllowed("sign_in.locked", WHY_LOCKED[ground]) if ground in WHY_LOCKED else LOCKED
        return _number(request, step.flow._replace(key=0, amr=()), Form(), FormErrors.of(refusal))
    if step.state is StepState.WAIT:
        return _second(request, step, FormErrors.of(wait_of(step)), way=way, sent=True)
    # A message is on its way only where it was asked for, or nothing better is there.
    sent = bool(step.hint) and (way is Way.SMS or step.ways[:1] == (Way.SMS,))
    return _second(request, step, FormErrors(), way=way or (Way.SMS if sent else None), sent=sent)


def _flow(request: Request, form: Form) -> Flow | None:
    try:
        return sign_in.unseal(form.value("flow"), binding_of(request))
    except Invalid:
        return None


def _again(request: Request, form: Form) -> Response:
    """From the beginning: the page stood open too long, or is another browser's. What it was for stays, where that can be read."""
    try:
        old = sign_in.of_any_age(form.value("flow"), binding_of(request))
    except Invalid:
        return see_other("/eid/sign-in")
    return see_other(_back(request, old) + ("&late=1" if _flow(request, form) is None else ""))


def _back(request: Request, flow: Flow) -> str:
    """The beginning of the same sign-in, where the switch of languages leads too."""
    request.state.begins_at = begins = sign_in_url(next_of(request, flow), acr=flow.acr)
    return begins


def _number(request: Request, flow: Flow, form: Form, errors: FormErrors) -> Response:
    bound = binding_of(request)
    sealed, passkey = sign_in.seal(flow, bound), authenticators.passkey_challenge(site_of(request), bound)
    if request.method == "POST":
        _back(request, flow)
    if errors or form.value("number"):
        return render(
            request, "accounts/sign_in.html", base="base_citizen.html", form=form, errors=errors, flow=sealed, passkey=passkey,
            service=flow.service, status=422 if errors else 200,
        )  # fmt: skip
    return render_filled(
        request, "accounts/sign_in.html", variant=None, base="base_citizen.html", form=form, errors=errors,
        values={"flow": sealed, "service": flow.service, "passkey.options": passkey.options, "passkey.sealed": passkey.sealed},
    )  # fmt: skip


def _passcode(request: Request, flow: Flow, errors: FormErrors, *, known: bool = False) -> Response:
    bound = binding_of(request)
    return render(
        request, "accounts/sign_in_passcode.html", base="base_citizen.html", form=Form(), errors=errors,
        flow=sign_in.seal(flow, bound), service=flow.service, back=_back(request, flow), known=known, status=422 if errors else 200,
    )  # fmt: skip


def _second(
    request: Request, step: Step, errors: FormErrors, *, way: Way | None = None, sent: bool = False
) -> Response:
    bound = binding_of(request)
    need = next_proof(step.flow.amr, step.flow.acr, portrait=step.flow.portrait)
    if need is Next.KNOWN:
        return _passcode(request, step.flow, errors, known=True)
    typed = [one for one in step.ways if one not in (Way.PASSKEY, Way.DEVICE)]
    way = way if way in typed else (typed[0] if typed and not (Way.PASSKEY in step.ways and way is None) else None)
    passkey = authenticators.passkey_challenge(site_of(request), bound) if Way.PASSKEY in step.ways or need is Next.KEY else None
    device = authenticators.device_challenge(bound, step.flow.key) if Way.DEVICE in step.ways and need is Next.SECOND else None
    sealed, name = sign_in.seal(step.flow, bound), "accounts/sign_in_second.html"
    if not errors and passkey is None and device is None and step.hint:  # a code to the phone: what nearly everybody sees
        return render_filled(
            request, name, variant=(step.ways, way, sent, need, step.flow.acr), base="base_citizen.html", form=Form(), errors=errors,
            ways=step.ways, way=way, sent=sent, passkey=None, device=None, need=need, acr=step.flow.acr, sms_from=None,
            values={"flow": sealed, "hint": step.hint, "service": step.flow.service, "back": _back(request, step.flow)},
        )  # fmt: skip
    return render(
        request, name, base="base_citizen.html", form=Form(), errors=errors, flow=sealed, ways=step.ways, way=way, sent=sent,
        hint=step.hint, passkey=passkey, device=device, need=need, acr=step.flow.acr, service=step.flow.service, back=_back(request, step.flow), sms_from=step.sms_from,
        status=422 if errors else 200,
    )  # fmt: skip


def _level(text: str) -> int:
    """1 to 4; nonsense asks for the lowest."""
    return int(text) if text in ("1", "2", "3", "4") else 1


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


# Every sign-in passes here, a crowd of them on the day a service opens.
SHORTCUTS: dict[tuple[str, str], Handler] = {
    ("GET", "/eid/sign-in"): PageShortcut(start),
    ("POST", "/eid/sign-in"): PageShortcut(number),
    ("POST", "/eid/sign-in/passcode"): PageShortcut(passcode),
    ("POST", "/eid/sign-in/code"): PageShortcut(code),
}
