"""Partners: from application to live, suspended in seconds, revoked for good. Their programs and certificates: `systems`."""

from __future__ import annotations

from dataclasses import replace

from dancu.exchange import keys
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import JOINING, Added, Application, Environment, Partner, PartnerState, Step
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import record, systems
from dancu.exchange.store import partners as store
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.sharing.service import data_agreements
from dancu.sharing.service.data_agreements import check_reason, check_refusal

changed, every, waiting = store.changed, store.every, store.waiting


async def partner(conn: Conn, org_code: str) -> Partner:
    """Raises NotFound `exchange.partner.none`."""
    found = await store.one(conn, org_code)
    if found is None:
        raise NotFound("exchange.partner.none", N_("Cơ quan này chưa xin kết nối."))
    return found


async def steps(conn: Conn, org_code: str) -> list[Step]:
    """Everything that was done about a partner, newest first."""
    return await store.steps(conn, org_code)


# -- the organisation


async def apply(conn: Conn, actor: Actor, org_code: str, application: Application) -> Partner:
    """Ask to be connected: from now its programs may work in the sandbox. Also again after a refusal, and for another
    declaration while it is being looked at. Raises Invalid `exchange.application`, Conflict where it is connected or stopped."""
    policy.own(actor, org_code)
    policy.check_application(application, checklist.items(application.level))
    before = await store.one(conn, org_code, lock=True)
    if before is None or before.state is PartnerState.REFUSED:
        due = data_agreements.answer_by(SYSTEM_CLOCK.today())
        await store.apply(conn, org_code, application, PartnerState.APPLIED, due, actor.actor_id)
        await record.step(conn, actor, org_code, "apply")
        if before is not None:
            await systems.stop_clients(conn, actor, org_code, again=True)
    elif before.state in JOINING:
        await store.declare(conn, org_code, application)
        await record.step(conn, actor, org_code, "declare")
    else:
        raise Conflict("exchange.partner.joined", N_("Cơ quan đã kết nối hoặc đang bị dừng: không nộp hồ sơ mới được."))
    return await partner(conn, org_code)


async def answer(conn: Conn, actor: Actor, org_code: str, text: str) -> Partner:
    """Answer what the reviewer asked; the time limit begins anew."""
    check_reason(text)
    due = data_agreements.answer_by(SYSTEM_CLOCK.today())
    return await _step(conn, actor, org_code, "answer", reason=text, question="", due=due)


async def request_live(conn: Conn, actor: Actor, org_code: str) -> Partner:
    """Tried enough in the sandbox: ask to be answered about real people."""
    due = data_agreements.answer_by(SYSTEM_CLOCK.today())
    return await _step(conn, actor, org_code, "request_live", due=due, escalated_at=None)


# -- the reviewer


async def check(conn: Conn, actor: Actor, org_code: str, *, by: str = "") -> Partner:
    """Take the application up."""
    return await _step(conn, actor, org_code, "check", by=by)


async def ask(conn: Conn, actor: Actor, org_code: str, question: str) -> Partner:
    """Ask the applicant something; while it does not answer, our time stands still."""
    check_reason(question)
    return await _step(conn, actor, org_code, "ask", reason=question, question=question.strip()[:1000])


async def pass_check(conn: Conn, actor: Actor, org_code: str, *, by: str = "") -> Partner:
    """Secure enough: everything the level must have is declared as met. Raises Conflict `exchange.checklist.unmet`."""
    found = await partner(conn, org_code)
    unmet = [code for code in sorted(checklist.must(found.level)) if not found.checklist.get(code, {}).get("met")]
    if unmet and actor.kind is not ActorKind.SYSTEM:
        titles = checklist.items(found.level)
        raise Conflict(
            "exchange.checklist.unmet", N_("Còn {count} mục bắt buộc chưa đạt trong danh mục an toàn: {items}. Hãy hỏi thêm để cơ quan sửa và khai lại."),
            count=len(unmet), items="; ".join(gettext(titles[code].title) for code in unmet),
        )  # fmt: skip
    return await _step(conn, actor, org_code, "pass", by=by, due=None, escalated_at=None, question="")


async def approve(conn: Conn, actor: Actor, org_code: str, *, by: str = "") -> Partner:
    """Live: its programs are answered about real people, as far as agreements go."""
    made = await _step(conn, actor, org_code, "approve", by=by, due=None, escalated_at=None, question="", live_at=SYSTEM_CLOCK.now())
    for system in await store.systems(conn, org_code):
        if system.environment is Environment.SANDBOX:
            await systems.put_environment(conn, systems.platform(actor), system.client_no, Environment.LIVE)
    return made


async def refuse(conn: Conn, actor: Actor, org_code: str, reason: str, legal_basis: str, *, by: str = "") -> Partner:
    """The no, with its reason and the law it rests on. Raises Invalid `sharing.refusal`."""
    basis = " ".join(legal_basis.split())[:200]
    check_refusal(reason, basis, data_agreements.laws_today())
    made = await _step(
        conn, actor, org_code, "refuse", reason=reason, basis=basis, by=by, due=None, question="", refused_basis=basis, kept=True
    )
    await systems.stop_clients(conn, actor, org_code)
    return made


async def suspend(conn: Conn, actor: Actor, org_code: str, reason: str, *, by: str = "") -> Partner:
    """Nothing works for it any more, within seconds."""
    check_reason(reason)
    before = (await partner(conn, org_code)).state
    made = await _step(conn, actor, org_code, "suspend", reason=reason, by=by, before=before, kept=True)
    await systems.stop_clients(conn, actor, org_code)
    return made


async def resume(conn: Conn, actor: Actor, org_code: str, *, by: str = "") -> Partner:
    """Back to where it was before it was suspended."""
    made = await _step(conn, actor, org_code, "resume", by=by, before=None)
    await systems.stop_clients(conn, actor, org_code, again=True)
    return made


async def revoke(conn: Conn, actor: Actor, org_code: str, reason: str, *, by: str = "") -> Partner:
    """The connection ends for good: certificates are revoked, agreements end."""
    check_reason(reason)
    made = await _step(conn, actor, org_code, "revoke", reason=reason, by=by, due=None, before=None, kept=True)
    await systems.stop_clients(conn, actor, org_code)
    ours = [system.client_no for system in await store.systems(conn, org_code)]
    serials = [one.serial for one in await store.certificates(conn, ours) if one.revoked_at is None]
    await store.revoke_certificates(conn, serials, reason.strip()[:500], SYSTEM_CLOCK.now())
    for agreement in await data_agreements.of(conn, org_code):
        if agreement.state == "in_force":
            await data_agreements.end(conn, systems.platform(actor), org_code, agreement.service, reason, by=by)
    return made


async def escalate(conn: Conn) -> int:
    """Applications nobody answered in time go to the national coordinator; how many newly did."""
    found = await store.escalate(conn, SYSTEM_CLOCK.today(), SYSTEM_CLOCK.now())
    for org_code in found:
        await record.step(conn, SYSTEM, org_code, "escalate")
    return len(found)


# -- the operator


async def add(
    conn: Conn, actor: Actor, name: str, csr_pem: str | bytes, *, org_code: str | None = None, kind: str = "ministry", live: bool = True,
    system: str = "", bound: str = "dpop", base: str = "", front: str = "", by: str = "",
) -> Added:  # fmt: skip
    """An organisation, its connection and one program with certificate at once, by the platform's operator; for a partner that
    exists one more program. The same request again is answered as it was the first time. `base`: our outside address, for the
    endpoints; `front`: the one where callers show certificates, where that is another. Raises Invalid, Conflict, NotFound."""
    from dancu.exchange.service import organisations

    if actor.kind is not ActorKind.SYSTEM:
        raise Conflict("exchange.partner.operator", N_("Chỉ người vận hành nền tảng thêm thẳng được. Cơ quan nộp hồ sơ ở trang đối tác."))
    organisation = await organisations.found_or_made(conn, actor, name, org_code, kind)
    code = organisation.org_code
    known = await store.one(conn, code, lock=True)
    if known is not None and known.state in (PartnerState.SUSPENDED, PartnerState.REVOKED):
        raise Conflict("exchange.partner.stopped", N_("Cơ quan đang bị tạm dừng hoặc chưa được kết nối."))
    if known is None or known.state is PartnerState.REFUSED:
        nothing_declared = Application(3, (), {})
        await store.apply(conn, code, nothing_declared, PartnerState.APPLIED, None, 0)
        await record.step(conn, actor, code, "apply", by=by)
    before = await systems.with_key(conn, code, " ".join(system.split()), csr_pem, bound)
    environment = Environment.LIVE if live else Environment.SANDBOX
    made, client, certificate = before or await systems.add_system(
        conn, actor, code, organisation.name, system or await _free_name(conn, code, organisation.name), csr_pem,
        environment=environment, bound=bound, by=by,
    )  # fmt: skip
    if live:
        await _straight_to_live(conn, actor, code, by)
    if before is not None:
        made = await systems.one(conn, made.client_no)
        if live and made.environment is Environment.SANDBOX:
            made = await systems.put_environment(conn, systems.platform(actor), made.client_no, Environment.LIVE, by=by)
    return Added(
        org_code=code, org_name=organisation.name, client_no=made.client_no, client_id=client.client_id, environment=made.environment,
        certificate_pem=certificate.pem if certificate else "", thumbprint=certificate.thumbprint.hex() if certificate else "",
        ca_pem=keys.roots_pem(), endpoints=endpoints(base, front if bound == "mtls" else ""), existed=before is not None,
    )  # fmt: skip


def endpoints(base: str, front: str = "") -> dict[str, str]:
    """Where a program calls, under our outside address; `front`: for one that shows its certificate, where that is seen."""
    paths = {
        "issuer": "", "token": "/oidc/token", "exchange": "/api/v1/exchange", "proof": "/api/v1/exchange/proof", "jwks": "/exchange/jwks",
        "ca": "/exchange/ca.pem", "crl": "/exchange/ca.crl",
    }  # fmt: skip
    called = ("token", "exchange", "proof")
    return {name: (front if front and name in called else base).rstrip("/") + path for name, path in paths.items()}


async def _straight_to_live(conn: Conn, actor: Actor, org_code: str, by: str) -> None:
    for state, step in (
        (PartnerState.APPLIED, check), (PartnerState.SECURITY_CHECK, pass_check), (PartnerState.SANDBOX, approve),
    ):  # fmt: skip
        if (await partner(conn, org_code)).state is state:
            await step(conn, actor, org_code, by=by)


async def _free_name(conn: Conn, org_code: str, name: str) -> str:
    """A name for a program nobody named."""
    taken = {system.name for system in await store.systems(conn, org_code)}
    base, number = name[:58].strip(), 1
    while (title := base if number == 1 else f"{base} {number}") in taken:
        number += 1
    return title


async def _step(
    conn: Conn, actor: Actor, org_code: str, step: str, *, reason: str = "", basis: str = "", by: str = "", kept: bool = False, **to: object
) -> Partner:
    """Take a step: allowed, possible, written, told. `kept`: the reason stays with the partner; `to`: what else changes."""
    found = await store.one(conn, org_code, lock=True)
    if found is None:
        raise NotFound("exchange.partner.none", N_("Cơ quan này chưa xin kết nối."))
    policy.may(actor, found, step)
    state = policy.next_state(found, step)
    text = reason.strip()[:1000]
    if step in ("approve", "resume"):
        text = ""
    await store.move(conn, replace(found, state=state, reason=text if kept else "", **to))  # type: ignore[arg-type]
    await record.step(conn, actor, org_code, step, reason=text, basis=basis, by=by)
    return await partner(conn, org_code)
