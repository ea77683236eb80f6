"""Agreements of data services: an organisation asks, another person answers for the registry within the working days of
the rule, both sign, and every version is kept.

No owner of data has a veto. A refusal cites a law in force; silence escalates (`escalate`, a nightly job), and a refusal may
be brought before the national coordinator (`contest`): then the coordinator may answer as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.sharing import policy, rules
from dancu.sharing.events import DATA_AGREEMENT_CHANGED, DATA_AGREEMENT_ESCALATED
from dancu.sharing.models import SERVICES, Act, AgreementState, DataAgreement, DataTerms
from dancu.sharing.service import partner_seal
from dancu.sharing.service.receipts import canonical_terms, seal_data
from dancu.sharing.store import data_agreements as store

JOIN, REVIEW, COORDINATE = "exchange.join", "exchange.review", "exchange.coordinate"
WATCH = "exchange.watch"
answer_by, answer_rule = rules.answer_by, rules.answer_rule
check_reason, check_refusal = policy.check_reason, policy.check_refusal


# -- reading


async def in_force(conn: Conn, org_code: str, service: str) -> DataAgreement | None:
    """The version under which this organisation may call the service today; None where there is none."""
    found = await store.in_state(conn, org_code, service, AgreementState.IN_FORCE)
    return found if found is not None and found.holds(SYSTEM_CLOCK.today()) else None


async def all_in_force(conn: Conn) -> list[DataAgreement]:
    """Every version in state in_force, those whose time has not come or is over too: who keeps them asks `permits`."""
    return await store.all_in_state(conn, AgreementState.IN_FORCE)


async def of(conn: Conn, org_code: str) -> list[DataAgreement]:
    """All versions of an organisation, by service, newest first."""
    return await store.of(conn, org_code)


async def version(conn: Conn, org_code: str, service: str, number: int) -> DataAgreement:
    """Raises NotFound."""
    found = await store.version(conn, org_code, service, number)
    if found is None:
        raise _none()
    return found


async def waiting(conn: Conn) -> list[DataAgreement]:
    """What waits for an answer, most urgent first."""
    return await store.all_in_state(conn, AgreementState.PROPOSED)


def possible_purposes(service: str) -> dict[str, list[str]]:
    """Purposes that may be agreed on for a data service today -> the laws they may rest on. Empty for unknown services."""
    known = SERVICES.get(service)
    if known is None:
        return {}
    return {purpose.code: [law.code for law in laws] for purpose, laws in access.purposes(serving=(known.permission,))}


def laws_today() -> dict[str, str]:
    """Laws in force today -> name: what a refusal may rest on."""
    return {law.code: law.name for _, laws in access.purposes() for law in laws}


# -- steps


async def propose(conn: Conn, actor: Actor, terms: DataTerms, *, by: str = "") -> DataAgreement:
    """A next version that waits for its answer until `due`. Staff propose for their own organisation. Raises Invalid
    `sharing.data_terms`, NotAllowed, Conflict `sharing.agreement.waiting` where one waits already."""
    _own(actor, terms.org_code)
    return await _propose(conn, actor, terms, by=by)


async def sign(
    conn: Conn, actor: Actor, org_code: str, service: str, number: int, text: str, keys: Mapping[str, bytes]
) -> DataAgreement:
    """Keep the partner's signature over the canonical terms. `text`: a JWS or a plain signature; `keys`: thumbprint of a
    certificate (hex) -> its public key (DER). Raises Invalid `sharing.partner_seal` where no key made it."""
    _own(actor, org_code)
    await store.lock(conn, org_code, service)
    found = await version(conn, org_code, service, number)
    seal = partner_seal.check(canonical_terms(found), text, keys)
    if not await store.put_partner_seal(conn, org_code, service, number, seal):
        raise _handled()
    await _act(conn, actor, "data_agreement.sign", found)
    return await version(conn, org_code, service, number)


async def agree(conn: Conn, actor: Actor, org_code: str, service: str, number: int, *, by: str = "") -> DataAgreement:
    """The yes for the registry; it replaces the version in force. Raises NotFound, NotAllowed for who proposed it and for
    who may not answer (yet), Conflict where the partner has not signed."""
    await store.lock(conn, org_code, service)
    waits = await _waiting(conn, org_code, service, number)
    _may_answer(actor, waits)
    if actor.kind is ActorKind.STAFF and waits.proposed.by == actor.actor_id:
        raise NotAllowed("sharing.agreement.own", N_("Người đề nghị không tự duyệt thỏa thuận của mình."))
    if not waits.partner_seal and waits.proposed.by:
        raise Conflict("sharing.data_agreement.unsigned", N_("Cơ quan đề nghị chưa ký nội dung thỏa thuận bằng khóa của mình."))
    policy.check_data_terms(waits.terms, possible_purposes(service), SYSTEM_CLOCK.today(), waits.org_kind)
    act = await _act(conn, actor, "data_agreement.agree", waits, by)
    await store.close(conn, org_code, service, AgreementState.IN_FORCE, AgreementState.REPLACED, act, "")
    if not await store.agree(conn, org_code, service, number, act, seal_data(waits, act)):
        raise _handled()
    await _tell(conn, waits)
    return await version(conn, org_code, service, number)


async def refuse(
    conn: Conn, actor: Actor, org_code: str, service: str, number: int, reason: str, legal_basis: str
) -> None:
    """The no, with its reason and the law it rests on. Raises Invalid `sharing.refusal`, NotFound, NotAllowed."""
    await store.lock(conn, org_code, service)
    waits = await _waiting(conn, org_code, service, number)
    _may_answer(actor, waits)
    if waits.escalated_at is not None and COORDINATE not in actor.permissions and actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("sharing.data_agreement.escalated", N_("Đề nghị đã chuyển điều phối viên quốc gia: bạn còn đồng ý được, không từ chối được."))
    basis = " ".join(legal_basis.split())[:200]
    policy.check_refusal(reason, basis, laws_today())
    await _close(conn, actor, waits, AgreementState.REFUSED, "data_agreement.refuse", reason, basis)


async def contest(conn: Conn, actor: Actor, org_code: str, service: str, number: int) -> DataAgreement:
    """Bring the refused newest version before the national coordinator: the same terms, waiting again and escalated. Raises
    Conflict where the version was not refused, or was refused by a coordinator already."""
    _own(actor, org_code)
    await store.lock(conn, org_code, service)
    refused = await version(conn, org_code, service, number)
    newest = next(one for one in await store.of(conn, org_code) if one.service == service)
    if refused.state is not AgreementState.REFUSED or newest.version != number:
        raise _handled()
    if refused.escalated_at is not None:
        raise Conflict("sharing.data_agreement.final", N_("Điều phối viên quốc gia đã trả lời đề nghị này."))
    first = max(refused.valid[0], SYSTEM_CLOCK.today())
    return await _propose(conn, actor, replace(refused.terms, valid=(first, refused.valid[1])), contested=True)


async def withdraw(conn: Conn, actor: Actor, org_code: str, service: str, number: int) -> None:
    """The partner takes back what waits."""
    _own(actor, org_code)
    await store.lock(conn, org_code, service)
    waits = await _waiting(conn, org_code, service, number)
    # A proposal that was taken back is closed as refused by its own side; the law that lets it is the one it would have rested on.
    await _close(conn, actor, waits, AgreementState.REFUSED, "data_agreement.withdraw", _WITHDRAWN, next(iter(waits.purposes.values())))


async def end(conn: Conn, actor: Actor, org_code: str, service: str, reason: str, *, by: str = "") -> DataAgreement:
    """End the version in force now, for good: by the registry, or by the organisation itself. Raises NotFound, Invalid
    without a reason."""
    if REVIEW not in actor.permissions:
        _own(actor, org_code)
    policy.check_reason(reason)
    await store.lock(conn, org_code, service)
    found = await store.in_state(conn, org_code, service, AgreementState.IN_FORCE)
    if found is None:
        raise _none()
    await _close(conn, actor, found, AgreementState.ENDED, "data_agreement.end", reason, "", by)
    return await version(conn, org_code, service, found.version)


async def grant(conn: Conn, actor: Actor, terms: DataTerms, *, by: str = "") -> DataAgreement:
    """Both sides at once, by the platform's operator (first set-up, scripts, demonstration). Raises as `propose`."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed(
            "sharing.agreement.two_people", N_("Thỏa thuận cần một người đề nghị và một người khác duyệt.")
        )
    proposed = await propose(conn, actor, terms, by=by)
    return await agree(conn, actor, terms.org_code, terms.service, proposed.version, by=by)


async def escalate(conn: Conn) -> int:
    """Requests whose day has passed without an answer go to the national coordinator; how many newly did."""
    found = await store.escalate(conn, SYSTEM_CLOCK.today(), SYSTEM_CLOCK.now())
    for org_code, service, number in found:
        await _note(conn, SYSTEM, "data_agreement.escalate", org_code, service, number)
        await emit(conn, DATA_AGREEMENT_ESCALATED, None, {"org_code": org_code, "service": service, "version": number})
    return len(found)


# -- inside

_WITHDRAWN = N_("Cơ quan đề nghị tự rút.")


async def _propose(conn: Conn, actor: Actor, terms: DataTerms, *, contested: bool = False, by: str = "") -> DataAgreement:
    now, today = SYSTEM_CLOCK.now(), SYSTEM_CLOCK.today()
    known = await access.organisation(conn, terms.org_code)
    kind = str(known.kind) if known is not None else ""
    policy.check_data_terms(terms, possible_purposes(terms.service), today, kind)
    number = await store.lock(conn, terms.org_code, terms.service)
    if await store.in_state(conn, terms.org_code, terms.service, AgreementState.PROPOSED):
        raise Conflict("sharing.agreement.waiting", N_("Một bản thỏa thuận của dịch vụ này đang chờ trả lời."))
    verb = "data_agreement.contest" if contested else "data_agreement.propose"
    entry = await _note(conn, actor, verb, terms.org_code, terms.service, number, by)
    act = Act(actor.actor_id, actor.org_code, now, entry)
    await store.insert(conn, number, terms, rules.answer_by(today), act, now if contested else None, kind)
    return await version(conn, terms.org_code, terms.service, number)


async def _close(
    conn: Conn, actor: Actor, one: DataAgreement, becomes: AgreementState, verb: str, reason: str, basis: str, by: str = ""
) -> None:
    act = await _act(conn, actor, verb, one, by)
    closed = await store.close(conn, one.org_code, one.service, one.state, becomes, act, reason.strip()[:500], basis)
    if closed is None:
        raise _handled()
    await _tell(conn, one)


async def _waiting(conn: Conn, org_code: str, service: str, number: int) -> DataAgreement:
    found = await version(conn, org_code, service, number)
    if found.state is not AgreementState.PROPOSED:
        raise _handled()
    return found


def _own(actor: Actor, org_code: str) -> None:
    """The platform's operator for anybody, staff for their own organisation."""
    if actor.kind is ActorKind.SYSTEM:
        return
    access.require(actor, JOIN)
    if actor.org_code != org_code:
        raise NotAllowed("sharing.agreement.other_organisation", N_("Bạn chỉ đề nghị được cho cơ quan mình."))


def _may_answer(actor: Actor, waits: DataAgreement) -> None:
    if actor.kind is ActorKind.SYSTEM or REVIEW in actor.permissions:
        return
    if COORDINATE in actor.permissions and waits.escalated_at is None:
        raise NotAllowed("sharing.data_agreement.not_yet", N_("Chưa quá hạn trả lời: điều phối viên chưa quyết định được."))
    access.require(actor, COORDINATE)


async def _act(conn: Conn, actor: Actor, verb: str, one: DataAgreement, by: str = "") -> Act:
    entry = await _note(conn, actor, verb, one.org_code, one.service, one.version, by)
    return Act(actor.actor_id, actor.org_code, SYSTEM_CLOCK.now(), entry)


async def _note(conn: Conn, actor: Actor, verb: str, org_code: str, service: str, number: int, by: str = "") -> int:
    note = {"verb": verb, "org_code": org_code, "service": service, "version": number, **({"os_user": by} if by else {})}
    purpose = access.choose_purpose("administration")
    return (await audit.record(conn, actor, purpose, action="write", subjects=[None], fields=None, note=note))[0]


async def _tell(conn: Conn, one: DataAgreement) -> None:
    await emit(conn, DATA_AGREEMENT_CHANGED, None, {"org_code": one.org_code, "service": one.service, "version": one.version})


def _none() -> NotFound:
    return NotFound("sharing.agreement.none", N_("Không có thỏa thuận nào đang ở bước này."))


def _handled() -> Conflict:
    return Conflict("sharing.agreement.changed", N_("Thỏa thuận vừa được người khác xử lý."))
