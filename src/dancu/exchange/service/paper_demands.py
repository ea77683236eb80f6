"""“They still asked me for a paper”: a citizen's report in one tap, sent to the office that asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models.procedures import PAPERS, PROCEDURES
from dancu.exchange.store import confirmations, residence
from dancu.exchange.store import paper_demands as store
from dancu.exchange.store.paper_demands import Demand
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Exceeded, FieldError, Invalid, NotFound
from dancu.kit import events
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.population import service as population

#: Topics: one that opens a case, one with which its words change (quality.events).
TOPIC, TOLD = "paper.demanded", "paper.told"
#: How far back somebody's visits are offered for a tap, and how many.
_RECENT_DAYS, _MOST_OFFERED, _MOST_LOOKS = 120, 8, 200
_HOME = N_("Nơi tiếp nhận của phường, xã nơi tôi ở")


@dataclass(frozen=True, slots=True)
class Visit:
    """An office the citizen had to do with lately, known from its own receipts and looks. `ref`: what a tap sends; `procedure`: "other"
    where nothing says which."""

    ref: str
    org_code: str
    org_name: str
    procedure: str
    at: datetime

    @property
    def paper(self) -> str:
        """The paper that is no longer asked for in this procedure."""
        return PROCEDURES[self.procedure].replaces


async def visits(conn: Conn, actor: Actor, purpose: Purpose, *, clock: Clock = SYSTEM_CLOCK) -> list[Visit]:
    """Of the citizen's last four months, newest first, each office and procedure once: receipts of verifications, confirmations that were
    demanded, offices whose staff looked; at the end the counter of one's own commune, which is of no list. The look at them is recorded."""
    key, since = actor.actor_id, clock.now() - timedelta(days=_RECENT_DAYS)
    await population.open_person(conn, actor, purpose, key, fields=("verifications", "confirmations", "accesses"))
    told = [(one.at, one.org_code, one.procedure) for one in await residence.verifications_of(conn, key)]
    told += [(one.issued_at, one.demanded_org, one.procedure) for one in await confirmations.of_person(conn, key) if one.demanded_org]
    named = {org for _, org, _ in told}
    told += [
        (one.at, one.org_code, "other") for one in await audit.accesses_of(conn, key, limit=_MOST_LOOKS)
        if one.actor_kind == "staff" and one.org_code not in named
    ]  # fmt: skip
    offices = await access.organisation_names(conn)
    found: dict[tuple[str, str], Visit] = {}
    for at, org, procedure in sorted(told, reverse=True):
        if at >= since and org in offices:
            code = procedure if procedure in PROCEDURES else "other"
            found.setdefault((org, code), Visit(f"{org}|{code}", org, offices[org], code, at))
    home = Visit("|other", "", gettext(_HOME), "other", clock.now())
    return [*list(found.values())[:_MOST_OFFERED], home]


async def tap(conn: Conn, actor: Actor, purpose: Purpose, ref: str, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """The report of one tap: about this visit, with what is known of it; its number, the same one where the tap is repeated that day. Raises
    NotFound for no visit of theirs, Exceeded as `report`."""
    visit = next((one for one in await visits(conn, actor, purpose, clock=clock) if one.ref == ref), None)
    if visit is None:
        raise NotFound("paper.visit", N_("Không còn lượt này trong danh sách. Hãy viết tên cơ quan ở mẫu bên dưới."))
    name = "" if visit.org_code else _HOME  # as it is counted, whatever language the citizen reads
    known = await store.of_day(conn, actor.actor_id, visit.org_code, name, visit.procedure, clock.now() - timedelta(days=1))
    if known is not None:
        return known
    return await report(
        conn, actor, purpose, org_code=visit.org_code, org_name=name, procedure=visit.procedure, paper=visit.paper, said="", clock=clock
    )


async def mine(conn: Conn, actor: Actor, purpose: Purpose, demand_id: int) -> Demand:
    """One of the citizen's own reports. Raises NotFound."""
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("cases",))
    found = await store.one(conn, actor.actor_id, demand_id)
    if found is None:
        raise NotFound("paper.report", N_("Không có phản ánh này."))
    return found


async def of_person(conn: Conn, actor: Actor, purpose: Purpose) -> list[Demand]:
    """The citizen's own reports, newest first."""
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("cases",))
    return await store.of_person(conn, actor.actor_id)


async def add(conn: Conn, actor: Actor, purpose: Purpose, demand_id: int, *, paper: str, said: str) -> None:
    """Details afterwards, of the citizen's own report: the office reads them in its case. Raises NotFound, Invalid."""
    if paper not in PAPERS:
        message = N_("Hãy chọn loại giấy tờ.")
        raise Invalid("form.invalid", message, fields=(FieldError("paper", "field.choice", message),))
    await mine(conn, actor, purpose, demand_id)
    note = {"verb": "paper.told", "demand": demand_id}
    await audit.record(conn, actor, purpose, action="write", subjects=[actor.actor_id], fields=["cases"], note=note)
    await store.tell(conn, actor.actor_id, demand_id, paper, said.strip()[:1000])
    await events.emit(conn, TOLD, actor.actor_id, {"ref": f"exchange.paper_demand:{demand_id}", "source": paper})


async def report(
    conn: Conn, actor: Actor, purpose: Purpose, *, org_code: str, org_name: str, procedure: str, paper: str, said: str,
    clock: Clock = SYSTEM_CLOCK,
) -> int:  # fmt: skip
    """The citizen's report about an office of the list (`org_code`) or one they name; its number. It is counted and becomes
    a case of that office, of the desk of the area where the office is not of the list; the same in the same words again that day is the
    report there is. Raises Invalid, Exceeded for more than ten a day."""
    wrong: list[FieldError] = []
    if procedure not in PROCEDURES:
        wrong.append(FieldError("procedure", "field.choice", N_("Hãy chọn thủ tục.")))
    if paper not in PAPERS:
        wrong.append(FieldError("paper", "field.choice", N_("Hãy chọn loại giấy tờ.")))
    known = {org.org_code for org in await access.organisations(conn)}
    if (org_code not in known) if org_code else len(org_name.strip()) < 3:
        wrong.append(FieldError("org", "field.choice", N_("Hãy chọn cơ quan, hoặc viết tên cơ quan.")))
    if wrong:
        raise Invalid("form.invalid", N_("Một số mục chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("cases",))
    now, org_name, said = clock.now(), org_name.strip()[:120], said.strip()[:1000]
    before = await store.of_day(conn, actor.actor_id, org_code, org_name, procedure, now - timedelta(days=1), paper, said)
    if before is not None:
        return before
    bucket = throttle.bucket("paper demanded", str(actor.actor_id), burst=10, seconds=86400)
    if wait := await throttle.wait_seconds(conn, [bucket]):
        raise Exceeded("paper.many", N_("Bạn đã gửi nhiều phản ánh hôm nay. Xin gửi tiếp vào ngày mai."), seconds=int(wait))
    await throttle.charge(conn, [bucket])
    note = {"verb": "paper.demanded", "org": org_code, "procedure": procedure}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[actor.actor_id], fields=["cases"], note=note)
    demand_id = await store.insert(conn, actor.actor_id, now, org_code, org_name, procedure, paper, said, entry_id)
    await confirmations.count_paper(conn, clock.today(), org_code, "" if org_code else org_name, procedure, "demanded")
    await events.emit(conn, TOPIC, actor.actor_id, {
        "group": "paper", "field": procedure, "org_code": org_code, "source": paper, "ref": f"exchange.paper_demand:{demand_id}",
    })  # fmt: skip
    return demand_id


async def said(conn: Conn, key: int, demand_id: str) -> str:
    """The citizen's own words of a report (role worker); empty where they wrote none."""
    return await store.said(conn, key, int(demand_id)) if demand_id.isdecimal() else ""
