"""What went over the exchange: for the duty officer's wall and, by month, for the leadership."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from dancu.access import service as access
from dancu.exchange.models.traffic import Line, Refusal, Source, Undelivered
from dancu.exchange.store import traffic as store
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Traffic:
    """`unused`: (organisation, name, service) agreed but not called."""

    since: datetime
    until: datetime
    lines: list[Line]
    refusals: list[Refusal]
    unused: list[tuple[str, str, str]]
    sources: list[Source]

    def of(self, org_code: str) -> Traffic:
        """Of one organisation; what is of none stays out."""
        return Traffic(
            self.since, self.until, [one for one in self.lines if one.org_code == org_code], [one for one in self.refusals if one.org_code == org_code],
            [one for one in self.unused if one[0] == org_code], [],
        )  # fmt: skip

    @property
    def calls(self) -> int:
        return sum(line.calls for line in self.lines)

    @property
    def refused(self) -> int:
        return sum(line.refused for line in self.lines)

    @property
    def persons(self) -> int:
        return sum(line.persons for line in self.lines)


async def last(conn: Conn, hours: int) -> Traffic:
    """The last hours, at most 31 days."""
    until = datetime.now(UTC)
    return await _between(conn, until - timedelta(hours=max(1, min(hours, 24 * 31))), until)


async def undelivered(conn: Conn) -> list[Undelivered]:
    """News that does not arrive now."""
    english = await access.english_names(conn)
    return [replace(one, name=english.get(one.org_code, one.name)) for one in await store.undelivered(conn)]


async def of_month(conn: Conn, month: str) -> Traffic:
    """A calendar month in Vietnam, "2026-11"; "" is the present one. Raises Invalid."""
    try:
        first = date.fromisoformat(f"{month}-01") if month else SYSTEM_CLOCK.today().replace(day=1)
    except ValueError as error:
        raise Invalid("traffic.month", N_("Tháng phải có dạng năm-tháng, ví dụ 2026-11.")) from error
    if not 2020 <= first.year <= 2100:
        raise Invalid("traffic.month", N_("Tháng phải có dạng năm-tháng, ví dụ 2026-11."))
    after = (first + timedelta(days=32)).replace(day=1)
    return await _between(conn, *(datetime.combine(day, time(), VIETNAM) for day in (first, after)))


async def _between(conn: Conn, since: datetime, until: datetime) -> Traffic:
    lines = _joined(await store.lines(conn, since, until), await store.reconciled(conn, since, until))
    english = await access.english_names(conn)
    return Traffic(
        since, until, [replace(one, name=english.get(one.org_code, one.name)) for one in lines],
        [replace(one, name=english.get(one.org_code, one.name)) for one in await store.refusals(conn, since, until)],
        [(code, english.get(code, name), service) for code, name, service in await store.unused(conn, since)], await store.sources(conn),
    )  # fmt: skip


def _joined(lines: list[Line], reconciled: list[Line]) -> list[Line]:
    """Calls of reconciling hand files in and results out; whom the files were about the runs know."""
    runs = {one.org_code: one for one in reconciled}
    found = []
    for line in lines:
        run = runs.pop(line.org_code, None) if line.service == "reconcile" else None
        found.append(line if run is None else replace(line, persons=line.persons + run.persons, last_at=max(line.last_at, run.last_at)))
    return found + list(runs.values())
