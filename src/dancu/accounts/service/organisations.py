"""Organisations: one account each, without levels, applied for by its representative, who mandates staff. Everybody signs
in with their own account; the mandate says for whom they act."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dancu.accounts.models import AccountState
from dancu.accounts.models.organisation import POWERS, Mandate, Organisation, OrganisationState, Standing
from dancu.accounts.rules import rule_on
from dancu.accounts.service import core
from dancu.accounts.service.check import eid_purpose
from dancu.accounts.store import organisations as store
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kernel.workdays import add_working_days
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service import summary
from dancu.population.service.verify import release, verify
from dancu.population.service.words import Summary

_TAX_CODE = re.compile(r"[0-9]{10}(-[0-9]{3})?")
_LEVEL = 2


async def apply(
    conn: Conn, actor: Actor, tax_code: str, name: str, *, unit_id: int | None = None, in_databases: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> Organisation:  # fmt: skip
    """The representative, signed in with an account of level 2, asks for the organisation's account. Raises Invalid,
    NotAllowed, Conflict where the organisation has one or one waits."""
    code = tax_code.strip()
    if not _TAX_CODE.fullmatch(code):
        message = N_("Mã số thuế có 10 chữ số, đơn vị phụ thuộc thêm gạch nối và 3 chữ số.")
        raise Invalid("organisation.tax_code", message, fields=(FieldError("tax_code", "organisation.tax_code", message),))
    if not 2 <= len(name.strip()) <= 200:
        message = N_("Hãy viết tên đầy đủ của tổ chức.")
        raise Invalid("organisation.name", message, fields=(FieldError("name", "organisation.name", message),))
    await _own_account(conn, actor)
    today = clock.today()
    rule = rule_on(today)
    days = rule.organisation_days if in_databases else rule.organisation_days_unknown
    number = await store.insert(
        conn, tax_code=code, name=" ".join(name.split()), unit_id=unit_id, in_databases=in_databases,
        due_on=add_working_days(today, days),
    )  # fmt: skip
    if number is None:
        raise Conflict("organisation.exists", N_("Tổ chức này đã có tài khoản hoặc đang có hồ sơ chờ."))
    await store.give(
        conn, actor.actor_id, number, kind="representative", powers=sorted(POWERS), since=today, until=None, by=None
    )
    await _recorded(conn, actor, eid_purpose(), actor.actor_id, "organisation.apply", number)
    return await _existing(conn, number)


async def waiting(conn: Conn, actor: Actor, purpose: Purpose) -> list[tuple[Organisation, Summary | None]]:
    """Organisations that wait, what falls due first on top, each with who represents it: an officer's look at that person,
    recorded; None where the officer may not see them. Needs `eid.application.read`."""
    _require(actor, "eid.application.read")
    found = await store.waiting(conn)
    by = await store.representatives(conn, [org.organisation_no for org in found])
    return [(org, await _shown(conn, actor, purpose, by.get(org.organisation_no))) for org in found]


async def _shown(conn: Conn, actor: Actor, purpose: Purpose, key: int | None) -> Summary | None:
    if key is None:
        return None
    try:
        view = await release(conn, actor, purpose, key, ("name", "birth", "number"), permission="eid.application.read")
    except (NotAllowed, NotFound):
        return None
    return summary(view)


async def decide(conn: Conn, actor: Actor, purpose: Purpose, organisation_no: int, *, approve: bool, reason: str = "") -> None:
    """Approve or refuse; a refusal says why. Raises Invalid, NotAllowed, Conflict where it was decided."""
    _require(actor, "eid.application.decide")
    if not approve and len(reason.strip()) < 10:
        message = N_("Hãy viết lý do để người dân hiểu và biết phải làm gì, ít nhất 10 ký tự.")
        raise Invalid("application.reason", message, fields=(FieldError("reason", "application.reason", message),))
    state = OrganisationState.ACTIVE if approve else OrganisationState.REFUSED
    asked_by = (await store.representatives(conn, [organisation_no])).get(organisation_no)
    if not await store.decide(conn, organisation_no, state, actor.actor_id, reason.strip()):
        raise Conflict("application.decided", N_("Hồ sơ này đã được giải quyết."))
    await _recorded(conn, actor, purpose, None, f"organisation.{state.value}", organisation_no)
    if asked_by is not None:
        decided = await _existing(conn, organisation_no)
        await core.notify(conn, asked_by, f"organisation.{state.value}", org=decided.name, reason=decided.decision)


async def mandates(conn: Conn, actor: Actor, organisation_no: int) -> list[Mandate]:
    """All mandates of the organisation, for its representative; empty for anybody else."""
    await core.open(conn, [actor.actor_id])
    return await store.of_organisation(conn, organisation_no, actor.actor_id)


async def represented(conn: Conn, actor: Actor, organisation_no: int, *, clock: Clock = SYSTEM_CLOCK) -> Organisation:
    """The organisation, for its representative of today, while it has an account. Raises NotAllowed, NotFound."""
    await _representative(conn, actor, organisation_no, clock)
    return await _existing(conn, organisation_no)


async def names(conn: Conn, actor: Actor, held: Sequence[Mandate]) -> dict[int, str]:
    """What those are called now who hold these mandates of the representative's organisation; each look is recorded."""
    found = {}
    for key in dict.fromkeys(one.person_key for one in held):
        try:
            view = await release(conn, _asker(actor), eid_purpose(), key, ("name",))
        except (NotAllowed, NotFound):
            continue
        if view.name is not None:
            found[key] = view.name.full_name
    return found


async def mine(conn: Conn, actor: Actor, *, clock: Clock = SYSTEM_CLOCK) -> list[tuple[Organisation, Mandate]]:
    """For whom the citizen may act today."""
    await core.open(conn, [actor.actor_id])
    held = [mandate for mandate in await store.of_person(conn, actor.actor_id) if mandate.holds(clock.today())]
    return [(await _existing(conn, mandate.organisation_no), mandate) for mandate in held]


async def acts_for(conn: Conn, key: int, *, clock: Clock = SYSTEM_CLOCK) -> list[Standing]:
    """For whom this person may act today, of organisations whose account is in use, by tax code: what a service is told that the
    citizen signs in to. The caller has recorded that it is."""
    await core.open(conn, [key])
    return await store.standings(conn, key, clock.today())


async def mandate(
    conn: Conn, actor: Actor, organisation_no: int, number: str, name: str, powers: Sequence[str], *, until: date | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:  # fmt: skip
    """The representative mandates a member of staff, named by number and name together, who has an account in use. One
    refusal for everything that does not fit, so that nobody learns by it whose number has an account."""
    await _representative(conn, actor, organisation_no, clock)
    chosen = [power for power in POWERS if power in powers]
    if not chosen:
        raise Invalid("mandate.powers", N_("Hãy chọn ít nhất một việc được giao."))
    said = await verify(conn, _asker(actor), eid_purpose(), number, {"name": name})
    account = await core.account(conn, said.person_key) if said.found and said.agrees else None
    if account is None or account.state is not AccountState.ACTIVE:
        raise NotFound(
            "mandate.nobody", N_("Không giao được cho người này: số và họ tên phải khớp, và người đó đã kích hoạt tài khoản.")
        )
    given = await store.give(
        conn, account.person_key, organisation_no, kind="staff", powers=chosen, since=clock.today(), until=until, by=actor.actor_id
    )
    if not given:
        raise Conflict("mandate.held", N_("Người này đang được giao việc của tổ chức. Hãy kết thúc rồi giao lại."))
    await _recorded(conn, actor, eid_purpose(), account.person_key, "organisation.mandate", organisation_no)
    await _told(conn, account.person_key, "mandated", organisation_no)


async def end_mandate(conn: Conn, actor: Actor, organisation_no: int, key: int, mandate_id: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The representative ends a mandate of staff, at once."""
    await _representative(conn, actor, organisation_no, clock)
    await core.open(conn, [key])
    if not await store.end(conn, key, mandate_id, organisation_no):
        raise NotFound("mandate.unknown", N_("Không có việc giao này, hoặc đã kết thúc."))
    await _recorded(conn, actor, eid_purpose(), key, "organisation.end_mandate", organisation_no)
    await _told(conn, key, "mandate_ended", organisation_no)


async def _own_account(conn: Conn, actor: Actor) -> None:
    account = await core.account(conn, actor.actor_id) if actor.kind is ActorKind.CITIZEN else None
    if account is None or account.state is not AccountState.ACTIVE or account.level < _LEVEL:
        raise NotAllowed("organisation.level", N_("Người đại diện cần có tài khoản định danh mức 2 đang dùng."))


async def _representative(conn: Conn, actor: Actor, organisation_no: int, clock: Clock) -> None:
    await _own_account(conn, actor)
    held = await store.of_person(conn, actor.actor_id)
    mine = any(m.kind == "representative" and m.organisation_no == organisation_no and m.holds(clock.today()) for m in held)
    if not mine or (await _existing(conn, organisation_no)).state is not OrganisationState.ACTIVE:
        raise NotAllowed("organisation.representative", N_("Chỉ người đại diện của tổ chức đang có tài khoản được làm việc này."))


async def _told(conn: Conn, key: int, what: str, organisation_no: int) -> None:
    """The member of staff hears of it, and their history says it."""
    org = (await _existing(conn, organisation_no)).name
    await core.happened(conn, key, what, org=org)
    await core.notify(conn, key, f"organisation.{what}", org=org)


def _asker(actor: Actor) -> Actor:
    """A citizen may look at nobody else; the platform compares for them, and the entry names the request."""
    return replace(SYSTEM, request_id=actor.request_id, channel=actor.channel)


async def _existing(conn: Conn, organisation_no: int) -> Organisation:
    found = await store.organisation(conn, organisation_no)
    if found is None:
        raise NotFound("organisation.unknown", N_("Không có tổ chức này."))
    return found


def _require(actor: Actor, permission: str) -> None:
    if not actor.can(permission):
        raise NotAllowed("application.no_permission", N_("Tài khoản của bạn không có quyền xem hồ sơ định danh."))


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int | None, verb: str, organisation_no: int) -> None:
    note = {"verb": verb, "organisation": organisation_no}
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["mandate"], note=note)
