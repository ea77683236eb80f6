"""`audit verify --facts`, the registry's part: facts are what the log commits to; here everything that is kept beside
them is worked out again from them and compared. Findings name table and key, never what a row says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from dancu.audit import service as audit
from dancu.kernel.clock import SYSTEM_CLOCK, vietnam_day
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.population.matching import search_terms
from dancu.population.models import LifeStatus, PersonView
from dancu.population.service.derive import areas_of, derived
from dancu.population.store import worked_out as store
from dancu.population.store.persons import SearchRow
from dancu.population.store.worked_out import Kept, Searched

PERSON, SEARCH, DIRECTORY, MERGE = (f"population.{t}" for t in ("person", "person_search", "directory", "merge"))
_SENTENCE = "Bảng {table}, hồ sơ {key}: {what}."
_WHAT = {
    "directory.leads_astray": "một số giấy tờ dẫn tới người chưa từng mang số đó",
    "directory.missing": "một số giấy tờ của người này không dẫn tới họ",
    "directory.state": "trạng thái của số định danh khác với dữ liệu đã ghi",
    "person.areas": "địa bàn khác với nơi ở đã ghi (ngay sau khi nâng cấp hoặc đổi đơn vị: chờ việc tính lại ban đêm)",
    "person.alive_until": "ngày mất khác với đăng ký khai tử",
    "person.merged_into": "hồ sơ đứng thay khác với lần gộp đã ghi",
    "person.last_recorded": "thời điểm ghi sau cùng không khớp với dữ liệu hay nhật ký",
    "person.empty": "hồ sơ không có họ tên và ngày sinh nào",
    "person.unreadable": "có dữ liệu không thể có, như ngày không có trong lịch",
    "person.orphan": "dữ liệu không thuộc hồ sơ nào, hoặc ghi ngày mất khác hồ sơ",
    "search.missing": "hồ sơ không tìm được theo tên",
    "search.differs": "thông tin tra cứu khác với họ tên, ngày sinh hoặc nơi ở đã ghi",
    "search.extra": "hồ sơ đã gộp hoặc không có họ tên mà vẫn tìm thấy",
    "merge.unwitnessed": "lần gộp hoặc bỏ gộp không có mục nhật ký chứng nhận",
}


async def check(conn: Conn, report: audit.Report, today: date | None = None) -> None:
    """Add a finding for each row that is not what the facts say (role verify, in the report's own moment). One pass over
    persons and a few joins; memory does not grow with the registry."""
    day = today or SYSTEM_CLOCK.today()
    async for block in store.everyone(conn, day):
        for kept in block:
            for code in _read(kept, day):
                _add(report, code, SEARCH if code.startswith("search.") else PERSON, kept.view.person_key)
    for code in store.DIRECTORY:
        async for key in store.directory(conn, code):
            _add(report, code, DIRECTORY, key)
    await _moments(conn, report)
    await _merges(conn, report)
    async for table, key in store.orphans(conn):
        _add(report, "person.orphan", table, key)


def _add(report: audit.Report, code: str, table: str, key: int) -> None:
    report.add(code, _SENTENCE, table=table, key=key, what=_WHAT[code])


def _read(kept: Kept, today: date) -> list[str]:
    """What was found of one person; facts that no verb could have written (31 February) are a finding, not the end."""
    try:
        return list(_of_person(kept, today))
    except (DancuError, ValueError, OverflowError):
        return ["person.unreadable"]


def _of_person(kept: Kept, today: date) -> Iterator[str]:
    view, row = kept.view, kept.searched
    if view.merged_into is not None:
        # Its facts are the other record's now; its areas stay, for whoever undoes the merge.
        if row is not None and row.terms:
            yield "search.extra"
        return
    if not view.names and not view.births:
        yield "person.empty"
    if _day_of_death(view) != view.alive_until:
        yield "person.alive_until"
    days = list(_days(view, today))
    if not any(set(areas_of(_as_of(view, d), d)) == set(view.areas) for d in days):
        yield "person.areas"
    wanted = (derived(_as_of(view, d), d).search for d in days)
    if row is None:
        if derived(view, today).search is not None:
            yield "search.missing"
    elif not any(_same(row, found, view) for found in wanted):
        yield "search.extra" if derived(view, today).search is None else "search.differs"


def _same(row: Searched, found: SearchRow | None, view: PersonView) -> bool:
    """Does the row say what these facts say? Areas are compared with the person's, which are checked by themselves."""
    if found is None:
        return not row.terms
    named = (row.name_ascii, row.name_folded, row.sort_key, row.birth)
    return (
        named == (found.name_ascii, found.name_folded, found.sort_key, (found.year, found.month, found.day))
        and row.areas == view.areas
        and set(row.terms) == set(search_terms(found.name_ascii, found.year, view.areas))
    )


def _days(view: PersonView, today: date) -> Iterator[date]:
    """Days of which the kept rows may speak: today, when something was last recorded, and every day since on which a
    fact began or ended. Nobody rewrites a row because a stay has run out; the nightly work does."""
    yield today
    recorded = vietnam_day(view.last_recorded)
    turns = {recorded, today - timedelta(days=1)}
    for fact in (*view.names, *view.residences):
        turns.update(d for d in (fact.valid.start, fact.valid.end) if d is not None)
    yield from (d for d in sorted(turns, reverse=True) if recorded <= d < today)


def _as_of(view: PersonView, day: date) -> PersonView:
    return view if view.as_of == day else replace(view, as_of=day)


def _day_of_death(view: PersonView) -> date | None:
    for life in view.life:
        if life.status == LifeStatus.DEAD:
            if life.year is not None:
                return PartialDate(life.year, life.month, life.day).latest()
            return life.valid.start
    return None


async def _moments(conn: Conn, report: audit.Report) -> None:
    """When something was last recorded: as the latest of the facts, or, where an act changed none of the person's own
    facts (a household's head, a settled finding), with a write of that moment in the log."""
    async for block in store.last_recorded(conn):
        later = {}
        for key, recorded, latest in block:
            if latest is not None and recorded < latest:
                _add(report, "person.last_recorded", PERSON, key)
            else:
                later[key] = recorded
        for key in await audit.unwritten(conn, later):
            _add(report, "person.last_recorded", PERSON, key)


async def _merges(conn: Conn, report: audit.Report) -> None:
    for key in await store.wrongly_merged(conn):
        _add(report, "person.merged_into", PERSON, key)
    async for block in store.merges(conn):
        entries = {entry for _, made, undone, _ in block for entry in (made, undone) if entry is not None}
        said = await audit.verbs(conn, sorted(entries))
        for key, made, undone_by, undone in block:
            good = said.get(made) in ((key, "merge"), (key, None))
            if undone:
                good = good and undone_by is not None and said.get(undone_by) in ((key, "undo_merge"), (key, None))
            if not good:
                _add(report, "merge.unwitnessed", MERGE, key)
