"""/watch/exchange/partners: reviewers answer applications and agreements, the national coordinator decides where they stayed
silent; everybody who watches exchange sees all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from dancu.access import service as access
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import Environment
from dancu.exchange.pages import compared_logs
from dancu.exchange.pages.joining_words import DONE, WORDS
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import organisations, partners, portal, systems
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, NotAllowed, NotFound
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
from dancu.sharing.service import data_agreements

HOME = "/watch/exchange/partners"
REVIEW, COORDINATE, WATCH = policy.REVIEW, policy.COORDINATE, policy.WATCH
SEE, ANSWER, DECIDE = allow(REVIEW, COORDINATE, WATCH), allow(REVIEW, COORDINATE), allow(REVIEW)
router = APIRouter(prefix=HOME)


@router.get("", dependencies=[SEE])
async def desk(request: Request, conn: DbConn, actor: CurrentActor) -> Response:
    """What waits, applications and agreements together, most urgent first; then all partners."""
    waiting = [*await partners.waiting(conn), *await data_agreements.waiting(conn)]
    return render(
        request, "exchange/review.html", waiting=sorted(waiting, key=lambda one: one.due or date.max),
        known=await partners.every(conn), names=await organisations.names(conn), today=SYSTEM_CLOCK.today(), **WORDS,
    )  # fmt: skip


@router.get("/{org_code}", dependencies=[SEE])
async def one(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, done: str = "") -> Response:
    return await _one(request, conn, actor, org_code, done=done)


@router.get("/{org_code}/logs", dependencies=[SEE])
async def logs(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, day: str = "") -> Response:
    """What comparing both sides' logs found."""
    await partners.partner(conn, org_code)
    names = await organisations.names(conn)
    home = f"{HOME}/{org_code}"
    return await compared_logs.page(request, conn, org_code, f"{home}/logs", (home, names.get(org_code, org_code)), day)


@router.post("/{org_code}/{step}", dependencies=[ANSWER])
async def step(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, step: str) -> Response:
    """Whether this person may take this step now, the rules of joining say."""
    form = await read_form(request)
    reason, basis = form.value("reason"), form.value("legal_basis")
    steps: dict[str, Callable[[], Awaitable[Any]]] = {
        "check": lambda: partners.check(conn, actor, org_code),
        "ask": lambda: partners.ask(conn, actor, org_code, reason),
        "pass": lambda: partners.pass_check(conn, actor, org_code),
        "approve": lambda: partners.approve(conn, actor, org_code),
        "refuse": lambda: partners.refuse(conn, actor, org_code, reason, basis),
        "suspend": lambda: partners.suspend(conn, actor, org_code, reason),
        "resume": lambda: partners.resume(conn, actor, org_code),
        "revoke": lambda: partners.revoke(conn, actor, org_code, reason),
    }
    if step not in steps:
        raise NotFound("page.none", "Không có trang này.")
    return await _changed(request, conn, actor, org_code, steps[step], form, asked=step)


@router.post("/{org_code}/systems/{client_no}/{environment}", dependencies=[DECIDE])
async def environment(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, client_no: int, environment: str) -> Response:
    if environment not in list(Environment) or (await systems.one(conn, client_no)).org_code != org_code:
        raise NotFound("exchange.system.none", "Không có chương trình này.")

    async def change() -> None:
        await systems.put_environment(conn, actor, client_no, Environment(environment))

    return await _changed(request, conn, actor, org_code, change, Form())


@router.post("/{org_code}/certificates/revoke", dependencies=[DECIDE])
async def revoke_certificate(request: Request, conn: DbConn, actor: CurrentActor, org_code: str) -> Response:
    form = await read_form(request)

    async def change() -> None:
        await systems.revoke_certificate(conn, actor, form.value("serial"), form.value("reason"))

    return await _changed(request, conn, actor, org_code, change, form, asked="certificate")


@router.get("/{org_code}/agreements/{service}/{version}", dependencies=[SEE])
async def agreement(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, service: str, version: int, done: str = "") -> Response:
    return await _agreement(request, conn, actor, org_code, service, version, done=done)


@router.post("/{org_code}/agreements/{service}/{version}/{step}", dependencies=[ANSWER])
async def answer(request: Request, conn: DbConn, actor: CurrentActor, org_code: str, service: str, version: int, step: str) -> Response:
    form = await read_form(request)
    steps: dict[str, tuple[str, Callable[[], Awaitable[Any]]]] = {
        "agree": ("agreed", lambda: data_agreements.agree(conn, actor, org_code, service, version)),
        "refuse": ("refused", lambda: data_agreements.refuse(conn, actor, org_code, service, version, form.value("reason"), form.value("legal_basis"))),
        "end": ("ended", lambda: data_agreements.end(conn, actor, org_code, service, form.value("reason"))),
    }
    if step not in steps:
        raise NotFound("page.none", "Không có trang này.")
    done, change = steps[step]
    try:
        async with attempt(conn):
            await change()
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _agreement(request, conn, actor, org_code, service, version, form=form, errors=FormErrors.of(error))
    return see_other(f"{HOME}/{org_code}/agreements/{service}/{version}?done={done}")


async def _one(
    request: Request, conn: DbConn, actor: CurrentActor, org_code: str, *, done: str = "", form: Form | None = None,
    errors: FormErrors | None = None, asked: str = "",
) -> Response:  # fmt: skip
    seen = await portal.of(conn, org_code)
    if seen.partner is None:
        raise NotFound("exchange.partner.none", "Cơ quan này chưa xin kết nối.")
    return render(
        request, "exchange/review_one.html", status=422 if errors else 200, seen=seen, form=form or Form(), errors=errors or FormErrors(),
        done=done if done in DONE else "", items=checklist.items(seen.partner.level), must=checklist.must(seen.partner.level), asked=asked,
        possible=policy.possible(actor, seen.partner), today=SYSTEM_CLOCK.today(), moment=SYSTEM_CLOCK.now(), may_decide=actor.can(REVIEW),
        law_name=access.law_name, org_names=await organisations.names(conn), **WORDS,
    )  # fmt: skip


async def _agreement(
    request: Request, conn: DbConn, actor: CurrentActor, org_code: str, service: str, version: int, *, done: str = "",
    form: Form | None = None, errors: FormErrors | None = None,
) -> Response:  # fmt: skip
    found = await data_agreements.version(conn, org_code, service, version)
    names = await organisations.names(conn)
    mine = actor.can(REVIEW) or (actor.can(COORDINATE) and found.escalated_at is not None)
    return render(
        request, "exchange/agreement.html", status=422 if errors else 200, one=found, form=form or Form(), errors=errors or FormErrors(),
        done=done if done in DONE else "", own=False, org_name=names.get(org_code, org_code), org_names=names, home=f"{HOME}/{org_code}/agreements/{service}/{version}",
        keys={}, purpose_title=access.purpose_title, law_name=access.law_name, rule=data_agreements.answer_rule(found.proposed.at.date()),
        may_answer=mine and found.proposed.by != actor.actor_id, may_refuse=mine and (found.escalated_at is None or actor.can(COORDINATE)),
        may_end=actor.can(REVIEW), today=SYSTEM_CLOCK.today(), **WORDS,
    )  # fmt: skip


async def _changed(
    request: Request, conn: DbConn, actor: CurrentActor, org_code: str, change: Callable[[], Awaitable[Any]], form: Form, *, asked: str = ""
) -> Response:
    try:
        async with attempt(conn):
            await change()
    except (NotAllowed, NotFound):
        raise
    except DancuError as error:
        return await _one(request, conn, actor, org_code, form=form, errors=FormErrors.of(error), asked=asked)
    return see_other(f"{HOME}/{org_code}?done=saved")
