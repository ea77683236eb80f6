"""Agreements: the organisation proposes, another person agrees for the registry, and every version is kept.

The verbs take a client by its number and name: which clients there are the OpenID provider's room knows."""

from __future__ import annotations

from dataclasses import replace

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.sharing import policy
from dancu.sharing.events import AGREEMENT_CHANGED
from dancu.sharing.models import Act, Agreement, AgreementState, Terms
from dancu.sharing.service.receipts import seal
from dancu.sharing.store import agreements as store

REGISTER, APPROVE, RELEASE = "client.register", "client.approve", "person.release"


async def agreement(conn: Conn, client_no: int) -> Agreement | None:
    """The agreement under which this client may receive something today; None where there is none."""
    found = await store.in_state(conn, client_no, AgreementState.IN_FORCE)
    return found if found is not None and found.holds(SYSTEM_CLOCK.today()) else None


async def versions(conn: Conn, client_no: int) -> list[Agreement]:
    """All versions of a client's agreement, newest first."""
    return await store.versions(conn, client_no)


async def proposed(conn: Conn, actor: Actor) -> list[Agreement]:
    """What waits for the registry's yes or no, oldest first."""
    access.require(actor, APPROVE)
    return await store.all_in_state(conn, AgreementState.PROPOSED)


async def agreements_without_consent(conn: Conn) -> list[Agreement]:
    """Agreements in force that rest on a law and ask the citizen nothing: everybody may read which they are."""
    today = SYSTEM_CLOCK.today()
    found = await store.all_in_state(conn, AgreementState.IN_FORCE)
    return [one for one in found if not one.consent_needed and one.holds(today)]


async def propose(
    conn: Conn,
    actor: Actor,
    client_no: int,
    terms: Terms,
    *,
    client_name: str,
    client_name_en: str = "",
    org_code: str,
    org_name: str = "",
) -> Agreement:
    """A next version for this client, waiting for the registry. Staff propose for their own organisation. Raises Invalid
    `sharing.terms`, NotAllowed, Conflict `sharing.agreement.waiting` where one waits already."""
    _allowed(actor, REGISTER)
    if actor.kind is ActorKind.STAFF and actor.org_code != org_code:
        raise NotAllowed(
            "sharing.agreement.other_organisation", N_("Bạn chỉ đề nghị được cho ứng dụng của cơ quan mình.")
        )
    today = SYSTEM_CLOCK.today()
    terms = replace(terms, valid_from=terms.valid_from or today)
    policy.check_terms(terms, _possible())
    version = await store.lock(conn, client_no)
    if await store.in_state(conn, client_no, AgreementState.PROPOSED):
        raise Conflict("sharing.agreement.waiting", N_("Một bản thỏa thuận của ứng dụng này đang chờ duyệt."))
    act = await _act(conn, actor, "agreement.propose", client_no, version)
    await store.insert(conn, client_no, version, org_code, (client_name, client_name_en, org_name), terms, act)
    return await _existing(conn, client_no, AgreementState.PROPOSED)


async def agree(conn: Conn, actor: Actor, client_no: int, version: int) -> Agreement:
    """The registry's yes to this version, which waits; it replaces the one in force. Raises NotFound, NotAllowed for who
    proposed it, Conflict `sharing.agreement.other_version` where another waits by now."""
    _allowed(actor, APPROVE)
    waiting = await _waiting(conn, client_no, version)
    if actor.kind is ActorKind.STAFF and waiting.proposed.by == actor.actor_id:
        raise NotAllowed("sharing.agreement.own", N_("Người đề nghị không tự duyệt thỏa thuận của mình."))
    act = await _act(conn, actor, "agreement.agree", client_no, waiting.version)
    await store.close(conn, client_no, AgreementState.IN_FORCE, AgreementState.REPLACED, act, "")
    if not await store.agree(conn, client_no, waiting.version, act, seal(waiting, act)):
        raise Conflict("sharing.agreement.changed", N_("Thỏa thuận vừa được người khác xử lý."))
    await emit(conn, AGREEMENT_CHANGED, None, {"client_no": client_no, "version": waiting.version})
    return await _existing(conn, client_no, AgreementState.IN_FORCE)


async def refuse(conn: Conn, actor: Actor, client_no: int, version: int, reason: str) -> None:
    """The registry's no to this version, with its reason. Raises NotFound where nothing waits, Conflict where another version does."""
    _allowed(actor, APPROVE)
    await _waiting(conn, client_no, version)
    await _close(conn, actor, client_no, AgreementState.PROPOSED, AgreementState.REFUSED, reason)


async def end(conn: Conn, actor: Actor, client_no: int, reason: str) -> None:
    """End the agreement in force now, for good. Raises NotFound where there is none."""
    _allowed(actor, APPROVE)
    await _close(conn, actor, client_no, AgreementState.IN_FORCE, AgreementState.ENDED, reason)


async def set_agreement(
    conn: Conn,
    actor: Actor,
    client_no: int,
    terms: Terms,
    *,
    client_name: str,
    client_name_en: str = "",
    org_code: str,
    org_name: str = "",
) -> Agreement:
    """Both steps at once, by the platform itself (first set-up, demonstration); staff propose and agree as two people."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed(
            "sharing.agreement.two_people", N_("Thỏa thuận cần một người đề nghị và một người khác duyệt.")
        )
    proposed = await propose(
        conn,
        actor,
        client_no,
        terms,
        client_name=client_name,
        client_name_en=client_name_en,
        org_code=org_code,
        org_name=org_name,
    )
    return await agree(conn, actor, client_no, proposed.version)


def _possible() -> dict[str, list[str]]:
    return {purpose.code: [law.code for law in laws] for purpose, laws in access.purposes(serving=(RELEASE,))}


def _allowed(actor: Actor, permission: str) -> None:
    if actor.kind is not ActorKind.SYSTEM:
        access.require(actor, permission)


async def _waiting(conn: Conn, client_no: int, version: int) -> Agreement:
    """What waits, where it is the version that was read, and nobody else's to change till this transaction ends."""
    await store.lock(conn, client_no)
    waiting = await _existing(conn, client_no, AgreementState.PROPOSED)
    if waiting.version != version:
        raise Conflict(
            "sharing.agreement.other_version",
            N_("Nội dung xin đã đổi sau khi bạn mở trang. Hãy đọc bản {n} dưới đây rồi trả lời."),
            n=waiting.version,
        )
    return waiting


async def _existing(conn: Conn, client_no: int, state: AgreementState) -> Agreement:
    found = await store.in_state(conn, client_no, state)
    if found is None:
        raise NotFound("sharing.agreement.none", N_("Không có thỏa thuận nào đang ở bước này."))
    return found


async def _close(
    conn: Conn, actor: Actor, client_no: int, was: AgreementState, becomes: AgreementState, reason: str
) -> None:
    version = (await _existing(conn, client_no, was)).version
    act = await _act(
        conn, actor, f"agreement.{'refuse' if becomes is AgreementState.REFUSED else 'end'}", client_no, version
    )
    if not await store.close(conn, client_no, was, becomes, act, reason.strip()[:500]):
        raise Conflict("sharing.agreement.changed", N_("Thỏa thuận vừa được người khác xử lý."))
    await emit(conn, AGREEMENT_CHANGED, None, {"client_no": client_no, "version": version})


async def _act(conn: Conn, actor: Actor, verb: str, client_no: int, version: int) -> Act:
    note = {"verb": verb, "client_no": client_no, "version": version}
    entries = await audit.record(
        conn, actor, access.choose_purpose("administration"), action="write", subjects=[None], fields=None, note=note
    )
    return Act(actor.actor_id, actor.org_code, SYSTEM_CLOCK.now(), entries[0])
