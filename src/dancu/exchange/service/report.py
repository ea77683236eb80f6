"""The report of a month: who shares, who takes, what is refused and why, how often citizens were not asked for a paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from dancu.access import service as access
from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.models.report import Day, Gave, OfficerLine, Report, Shared
from dancu.exchange.service import traffic
from dancu.exchange.store import report as store
from dancu.exchange.store import roadmap as promises
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

#: Months a reader chooses from, the present one first.
MONTHS: Final = 13
KINDS: Final = {"birth": N_("Khai sinh"), "death": N_("Khai tử"), "marriage": N_("Kết hôn"), "correction": N_("Cải chính")}


def months(today: date) -> list[date]:
    """First days of months."""
    found = [today.replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


async def monthly(conn: Conn, month: str, org_code: str = "") -> Report:
    """`month` "2026-11", "" the present one; of one organisation, or of all. Raises Invalid `traffic.month`, NotFound for an organisation
    that is not known."""
    organisations = await access.organisations(conn)
    names, titles = ({one.org_code: one.name for one in organisations}, {one.org_code: access.organisation_title(one) for one in organisations})
    if org_code and org_code not in names:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    found = await traffic.of_month(conn, month)
    first, after = (moment.astimezone(VIETNAM).date() for moment in (found.since, found.until))
    today = SYSTEM_CLOCK.today()
    shown = [one for one in await promises.promises(conn) if one.overdue(today) or (one.delivered_on and first <= one.delivered_on < after)]
    return Report(
        first, found.since, found.until, org_code, titles.get(org_code, ""),
        [one for one in found.lines if org_code in ("", one.org_code)], [one for one in found.refusals if org_code in ("", one.org_code)],
        [one for one in await _shared(conn, found.since, found.until, first, after, names) if not org_code or one.owner == names[org_code]],
        [replace(one, name=titles.get(one.org_code, one.name)) for one in await store.spared(conn, first, after) if org_code in ("", one.org_code)],
        _every_day(await store.days(conn, found.since, found.until, org_code), first, min(after, today + timedelta(days=1))),
        [one for one in found.unused if org_code in ("", one[0])], [one for one in shown if org_code in ("", one.org_code)], titles, today,
    )  # fmt: skip


async def of_organisation(conn: Conn, org_code: str, hours: int) -> tuple[traffic.Traffic, str, list[OfficerLine], list[Day]]:
    """The last hours of one organisation: its lines, its name, by acting officer, and its last 30 days. Raises NotFound."""
    organisation = await access.organisation(conn, org_code)
    if organisation is None:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    found = (await traffic.last(conn, hours)).of(org_code)
    today = SYSTEM_CLOCK.today()
    first = today - timedelta(days=29)
    days = await store.days(conn, datetime.combine(first, time(), VIETNAM), found.until, org_code)
    return found, access.organisation_title(organisation), await store.officers(conn, org_code, found.since, found.until), _every_day(days, first, today + timedelta(days=1))


async def _shared(conn: Conn, since: datetime, until: datetime, first: date, after: date, names: dict[str, str]) -> list[Shared]:
    found = [Shared(names.get(org, org), Gave.SUPPLY, KINDS.get(kind, kind), *counts) for org, kind, *counts in await store.supplied(conn, since, until)]
    for code, taken, unknown, refused in await store.dropped(conn, since, until):
        found.append(Shared(_owner(code), Gave.FILES, _title(code), taken, unknown, refused))
    for code, answered, failed in await store.asked(conn, first, after):
        found.append(Shared(_owner(code), Gave.ASKED, _title(code), answered, 0, failed))
    return sorted(found, key=lambda one: (one.owner, -one.taken))


def _owner(code: str) -> str:
    return connectors()[code].owner if code in connectors() else code


def _title(code: str) -> str:
    return connectors()[code].title if code in connectors() else code


def _every_day(days: list[Day], first: date, after: date) -> list[Day]:
    """Days without calls too."""
    by = {one.day: one for one in days}
    return [by.get(day, Day(day, 0, 0)) for day in (first + timedelta(days=n) for n in range(max(0, (after - first).days)))]
