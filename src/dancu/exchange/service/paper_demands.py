"""“They still asked me for a paper”: a citizen's report in one tap, sent to the office that asked."""

from __future__ import annotations

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.models.procedures import PAPERS, PROCEDURES
from dancu.exchange.store import confirmations as tallies
from dancu.exchange.store import paper_demands as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.errors import Exceeded, FieldError, Invalid
from dancu.kit import events
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population

#: Topic that opens a case (quality.events).
TOPIC = "paper.demanded"


async def report(
    conn: Conn, actor: Actor, purpose: Purpose, *, org_code: str, org_name: str, procedure: str, paper: str, said: str,
    clock: Clock = SYSTEM_CLOCK,
) -> int:  # fmt: skip
    """The citizen's report about an office of the list (`org_code`) or one they name; its number. It is counted and becomes
    a case of that office, of the desk of the area where the office is not of the list. Raises Invalid, Exceeded for more
    than ten a day."""
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
    bucket = throttle.bucket("paper demanded", str(actor.actor_id), burst=10, seconds=86400)
    if wait := await throttle.wait_seconds(conn, [bucket]):
        raise Exceeded("paper.many", N_("Bạn đã gửi nhiều phản ánh hôm nay. Xin gửi tiếp vào ngày mai."), seconds=int(wait))
    await throttle.charge(conn, [bucket])
    await population.open_person(conn, actor, purpose, actor.actor_id, fields=("cases",))
    note = {"verb": "paper.demanded", "org": org_code, "procedure": procedure}
    (entry_id,) = await audit.record(conn, actor, purpose, action="write", subjects=[actor.actor_id], fields=["cases"], note=note)
    now = clock.now()
    demand_id = await store.insert(
        conn, actor.actor_id, now, org_code, org_name.strip()[:120], procedure, paper, said.strip()[:1000], entry_id
    )
    await tallies.count_paper(conn, clock.today(), org_code, "" if org_code else org_name.strip()[:120], procedure, "demanded")
    await events.emit(conn, TOPIC, actor.actor_id, {
        "group": "paper", "field": procedure, "org_code": org_code, "source": paper, "ref": f"exchange.paper_demand:{demand_id}",
    })  # fmt: skip
    return demand_id


async def said(conn: Conn, key: int, demand_id: str) -> str:
    """The citizen's own words of a report (role worker); empty where they wrote none."""
    return await store.said(conn, key, int(demand_id)) if demand_id.isdecimal() else ""
