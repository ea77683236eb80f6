"""Factors of a sign-in that need more than typing (the key of this device, the face), and leaving it before its end."""

from __future__ import annotations

from dancu.accounts.models.sign_in import Step, StepState, Way
from dancu.accounts.pages import sign_in as pages
from dancu.accounts.pages.browser import binding_of, browser_of, site_of
from dancu.accounts.pages.counter import LARGEST, image_of
from dancu.accounts.pages.waiting import next_of
from dancu.accounts.policy.assurance import acr_of
from dancu.accounts.present.refusals import CODE_REFUSED
from dancu.accounts.service import authenticators, sign_in
from dancu.accounts.service.sign_in.device import device as check_device
from dancu.accounts.service.sign_in.face import face as compare_face
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, FormErrors, Request, Response, attempt, public, read_form, see_other
from dancu.kit.web.transaction import RequestLease

router = APIRouter(prefix="/eid/sign-in", dependencies=[public()])

FACE_DIFFERS = NotAllowed(
    "sign_in.face_differs",
    N_("Ảnh vừa chụp chưa khớp với ảnh làm thẻ. Chụp lại ở nơi đủ sáng, bỏ kính và khẩu trang."),
)


@router.post("/device")
async def device(request: Request, held: RequestLease) -> Response:
    """The challenge of the page, signed by a key this browser keeps."""
    form = await read_form(request)
    flow = pages._flow(request, form)
    if flow is None or not flow.key or not flow.amr:
        return pages._again(request, form)
    conn = await held.connection()
    refusal = FormErrors.of(CODE_REFUSED)
    try:
        async with attempt(conn):
            step = await check_device(
                conn, flow, site_of(request), binding_of(request), browser_of(request), sealed=form.value("challenge"),
                answer=form.value("answer"), request_id=request.state.request_id,
            )  # fmt: skip
    except Invalid as error:
        offered = await authenticators.ways(conn, flow.key)
        return pages._second(request, Step(StepState.MORE, flow, offered.ways), FormErrors.of(error))
    if step.state is StepState.REFUSED:
        return pages._second(request, step, refusal, way=next((way for way in step.ways if way is not Way.PASSKEY), None))
    return await pages._onward(request, held, step)


@router.post("/face", max_body_size=LARGEST + 100_000)
async def face(request: Request, held: RequestLease) -> Response:
    """A portrait taken now, after two other factors."""
    form = await read_form(request)
    flow = pages._flow(request, form)
    if flow is None or not flow.key or not flow.amr:
        return pages._again(request, form)
    conn = await held.connection()
    try:
        image = await image_of(form)
        # No savepoint: a picture without a face to compare is counted too.
        step = await compare_face(conn, flow, image, browser_of(request), request_id=request.state.request_id)
    except Invalid as error:
        return pages._second(request, Step(StepState.MORE, flow), FormErrors((), error))
    if step.state is StepState.REFUSED:
        return pages._second(request, step, FormErrors((), FACE_DIFFERS))
    return await pages._onward(request, held, step)


@router.post("/stop")
async def stop(request: Request) -> Response:
    """The citizen does not want to sign in: back to the service that asked, which hears it from /oidc/continue."""
    form = await read_form(request)
    flow = pages._flow(request, form)
    if flow is None:
        return pages._again(request, form)
    return see_other(f"{next_of(request, flow)}&stop=1" if flow.service else pages.HOME)


@router.post("/as-is")
async def as_is(request: Request, held: RequestLease) -> Response:
    """On with what was proved, where the citizen cannot prove more: the waiting service hears how much it was, and decides."""
    form = await read_form(request)
    flow = pages._flow(request, form)
    if flow is None or not flow.key or not flow.amr:
        return pages._again(request, form)
    conn = await held.connection()
    now = await sign_in.current(conn, request.state.actor)
    if now is not None and now.person_key == flow.key and now.amr == flow.amr:  # nothing new was proved: the session is as it was
        return see_other(next_of(request, flow))
    step = await sign_in.finish(conn, flow._replace(acr=acr_of(flow.amr)), (), browser_of(request), request_id=request.state.request_id)
    return await pages._onward(request, held, step)
