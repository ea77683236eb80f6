"""/watch/residence: how often each way works, per office and device, and which offices still cause papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from dancu.access import service as access
from dancu.exchange.models import procedures
from dancu.exchange.models.residence import Way
from dancu.exchange.pages import residence_words as said
from dancu.exchange.service import residence
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.web import APIRouter, DbConn, Request, Response, allow, render

router = APIRouter(prefix="/watch/residence", dependencies=[allow("exchange.watch", "dashboard.read")])
DAYS = (7, 30, 365)


@dataclass
class Line:
    """Of one office or device: way -> [worked, failed], and why ways failed."""

    code: str
    name: str
    ways: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    failures: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def worst(self) -> str:
        """The outcome most attempts failed with; empty where none failed."""
        return max(self.failures, key=lambda outcome: self.failures[outcome], default="")

    @property
    def worked(self) -> int:
        return sum(counts[0] for counts in self.ways.values())

    @property
    def all(self) -> int:
        return sum(sum(counts) for counts in self.ways.values())


def _lines(rows: Iterable[tuple[str, str, str, str, int]], names: dict[str, str], by_device: bool) -> list[Line]:
    lines: dict[str, Line] = {}
    for org, device, way, outcome, n in rows:
        if outcome == "waiting":
            continue
        code = device if by_device else org
        line = lines.setdefault(code, Line(code, device or "" if by_device else names.get(org, org)))
        line.ways[way][outcome != "proved"] += n
        if outcome != "proved":
            line.failures[outcome] += n
    return sorted(lines.values(), key=lambda line: -line.all)


@router.get("")
async def figures(request: Request, conn: DbConn, days: int = 30, org: str = "") -> Response:
    days = days if days in DAYS else 30
    since = SYSTEM_CLOCK.today() - timedelta(days=days)
    names = await access.organisation_names(conn)
    rows = await residence.way_figures(conn, since, org[:40] or None)
    papers = await residence.paper_figures(conn, since)
    lines = _lines(rows, names, bool(org))
    by_way = {way.value: [sum(line.ways[way.value][at] for line in lines if way.value in line.ways) for at in (0, 1)] for way in Way}
    ranked: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for code, name, _, issued, demanded in papers:
        ranked[names.get(code, code) or name][0] += issued
        ranked[names.get(code, code) or name][1] += demanded
    return render(
        request, "exchange/residence_watch.html", lines=lines, by_way=by_way, org=names.get(org, org) if org else "", ways=list(Way),
        words=said, days=days, all_days=DAYS, ranked=sorted(ranked.items(), key=lambda one: -sum(one[1])), procedures=procedures,
        papers=[(names.get(code, code) or name, procedure, issued, demanded) for code, name, procedure, issued, demanded in papers],
    )  # fmt: skip
