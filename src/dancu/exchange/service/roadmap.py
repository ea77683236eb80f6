"""Where every ministry, province and enterprise stands on its way to sharing data, for everybody to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dancu.access import service as access
from dancu.access.models import Organisation, OrganisationKind
from dancu.audit import service as audit
from dancu.exchange.models.partner import Partner, PartnerState
from dancu.exchange.models.roadmap import UNUSED_DAYS, Group, Line, Promise, Stage
from dancu.exchange.policy.joining import COORDINATE
from dancu.exchange.store import partners as partner_store
from dancu.exchange.store import roadmap as store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK, vietnam_day
from dancu.kernel.errors import FieldError, Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import DataAgreement
from dancu.sharing.service import data_agreements

_STAGES = {
    PartnerState.APPLIED: Stage.SECURITY_CHECK, PartnerState.SECURITY_CHECK: Stage.SECURITY_CHECK, PartnerState.SANDBOX: Stage.SANDBOX,
    PartnerState.LIVE: Stage.LIVE, PartnerState.SUSPENDED: Stage.SUSPENDED, PartnerState.REVOKED: Stage.SUSPENDED,
    PartnerState.REFUSED: Stage.NOT_JOINED,
}  # fmt: skip
_TREE = frozenset({OrganisationKind.GOVERNMENT, OrganisationKind.COMMITTEE})
# What one looks for first: what is late, then what stands still.
_ORDER = list(Stage)
SORTS = ("overdue", "name", "stage", "since", "last_call")


@dataclass(frozen=True, slots=True)
class Roadmap:
    """`counts`: (group, stage) -> organisations; `late_answers`: of all organisations, whichever lines are shown; `promises`: all, what
    waits first."""

    lines: list[Line]
    counts: dict[tuple[str, str], int]
    promises: list[Promise]
    names: dict[str, str]
    today: date
    late_answers: int

    @property
    def late_promises(self) -> int:
        return sum(1 for one in self.promises if one.overdue(self.today))

    def of_stage(self, stage: str) -> int:
        return sum(count for (_, one), count in self.counts.items() if one == stage)


async def roadmap(conn: Conn, *, group: str = "", stage: str = "", sort: str = "overdue") -> Roadmap:
    """All organisations that belong to it, of one group or stage where asked, in the order asked. Counts are of all."""
    today = SYSTEM_CLOCK.today()
    organisations = await access.organisations(conn)
    partners = {one.org_code: one for one in await partner_store.every(conn)}
    promises = await store.promises(conn)
    calls = await store.last_calls(conn)
    signed = [one for one in await data_agreements.waiting(conn) if one.partner_seal]
    of = {org.org_code: found for org in organisations if (found := _group(org, organisations, partners)) is not None}
    lines = []
    for org in organisations:
        if org.org_code not in of:
            continue
        partner = partners.get(org.org_code)
        called = calls.get(org.org_code)
        asked: list[Partner | DataAgreement] = [*([partner] if partner else []), *(one for one in signed if one.org_code == org.org_code)]
        answer = min((one for one in asked if one.due), key=lambda one: one.due or today, default=None)
        mine = [one for one in promises if one.org_code == org.org_code and one.delivered_on is None]
        lines.append(
            Line(
                org.org_code, access.organisation_title(org), of[org.org_code], _stage(partner, called and vietnam_day(called), today),
                vietnam_day(_since(partner)) if partner else None, called, answer.due if answer else None,
                answer.overdue(today) if answer else 0, answer is not None and answer.escalated_at is not None,
                sum(1 for one in mine if one.overdue(today)), len(mine),
            )
        )  # fmt: skip
    counts = Counter((str(line.group), str(line.stage)) for line in lines)
    shown = [line for line in lines if group in ("", line.group) and stage in ("", line.stage)]
    return Roadmap(_sorted(shown, sort), dict(counts), promises, {org.org_code: access.organisation_title(org) for org in organisations}, today, sum(1 for line in lines if line.overdue))


async def promise(conn: Conn, actor: Actor, org_code: str, title: str, owner: str, due: date | None, *, title_en: str = "", note: str = "") -> int:
    """Note what an organisation promised, or another day for it. Raises Invalid `exchange.promise`, NotFound, NotAllowed."""
    _coordinator(actor)
    errors = [
        FieldError(field, "exchange.promise.missing", N_("Cần điền mục này."))
        for field, value in (("title", title.strip()), ("owner", owner.strip()), ("due", due), ("org_code", org_code)) if not value
    ]  # fmt: skip
    if errors or due is None:
        raise Invalid("exchange.promise", N_("Cam kết cần cơ quan, dữ liệu, người phụ trách và hạn."), fields=tuple(errors))
    if await access.organisation(conn, org_code) is None:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    number = await store.put_promise(conn, org_code, " ".join(title.split())[:200], title_en.strip()[:200], owner.strip()[:200], due, note.strip()[:500])
    await _note(conn, actor, "exchange.promise", number)
    return number


async def delivered(conn: Conn, actor: Actor, promise_no: int, *, on: date | None = None) -> None:
    """The data set flows since `on` (default today)."""
    _coordinator(actor)
    if not await store.deliver(conn, promise_no, on or SYSTEM_CLOCK.today()):
        raise NotFound("exchange.promise.none", N_("Không có cam kết này."))
    await _note(conn, actor, "exchange.promise.delivered", promise_no)


def _coordinator(actor: Actor) -> None:
    if actor.kind is not ActorKind.SYSTEM:
        access.require(actor, COORDINATE)


async def _note(conn: Conn, actor: Actor, verb: str, number: int) -> None:
    why = access.choose_purpose("administration")
    await audit.record(conn, actor, why, action="write", subjects=[None], fields=None, note={"verb": verb, "promise_no": number})


def _group(org: Organisation, organisations: list[Organisation], partners: dict[str, Partner]) -> Group | None:
    """Ministries, provinces (committees with none above them) and enterprises; others only where they are partners."""
    kind = OrganisationKind(org.kind)
    if kind is OrganisationKind.MINISTRY:
        return Group.MINISTRY
    if kind is OrganisationKind.ENTERPRISE:
        return Group.ENTERPRISE
    above = next((one for one in organisations if one.org_code == org.parent), None)
    if kind in _TREE and (above is None or above.kind not in _TREE):
        return Group.PROVINCE
    return Group.MINISTRY if org.org_code in partners else None


def _stage(partner: Partner | None, called: date | None, today: date) -> Stage:
    if partner is None:
        return Stage.NOT_JOINED
    stage = _STAGES[partner.state]
    lately = today - timedelta(days=UNUSED_DAYS)
    fresh = partner.live_at is not None and vietnam_day(partner.live_at) > lately
    if stage is Stage.LIVE and (called is None or called < lately) and not fresh:
        return Stage.UNUSED
    return stage


def _since(partner: Partner) -> datetime:
    """When it came to the stage it stands at; a question or an escalation on the way is no new stage."""
    stage = _STAGES[partner.state]
    began = partner.applied_at if stage is Stage.SECURITY_CHECK else partner.live_at if stage is Stage.LIVE else None
    return began or partner.changed_at


def _sorted(lines: list[Line], sort: str) -> list[Line]:
    by = {
        "name": lambda line: (line.group, line.name),
        "stage": lambda line: (_ORDER.index(line.stage), line.name),
        "since": lambda line: (line.since or date.min, line.name),
        "last_call": lambda line: (line.last_call is None, -(line.last_call.timestamp() if line.last_call else 0), line.name),
        "overdue": lambda line: (-line.overdue, -line.late_promises, _ORDER.index(line.stage), line.name),
    }
    return sorted(lines, key=by.get(sort, by["overdue"]))
