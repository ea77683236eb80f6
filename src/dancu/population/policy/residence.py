"""Where a person lives: permanent, temporary, current; and temporary absence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import ResidenceFact, ResidenceKind, Told
from dancu.population.policy import rules
from dancu.population.policy.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place to live: a unit of the day, a hamlet where known, and the line below."""

    unit_id: int | None = None
    hamlet_id: int | None = None
    address: str = ""
    file_number: str = ""

    @property
    def known(self) -> bool:
        return self.unit_id is not None or self.address != ""


def move(
    work: Work,
    key: int,
    kind: ResidenceKind,
    place: Place,
    since: date,
    until: date | None = None,
    reason: str = "",
) -> None:
    """From `since` the person lives at `place` (kind permanent, temporary, current) or is away there
    (absence).

    The residence of the same kind that held until then ends; one recorded from a later day on stays, and this
    one holds until then. A permanent residence has no end in advance; an absence may have no place, the
    others must.
    """
    view = work.view(key)
    rules.alive_on(view, since)
    rules.after_birth(view, since)
    if kind == ResidenceKind.PERMANENT:
        if until is not None:
            raise Invalid("residence.permanent.end", N_("Thường trú không có ngày kết thúc định trước."))
        rules.happened(since, work.today)
    if kind != ResidenceKind.ABSENCE and not place.known:
        raise Invalid("residence.place.missing", N_("Hãy ghi nơi ở: xã, phường hoặc địa chỉ."))
    fact = ResidenceFact(
        source=work.source,
        valid=rules.period(since, until),
        kind=kind,
        unit_id=place.unit_id,
        hamlet_id=place.hamlet_id,
        address=place.address,
        file_number=place.file_number,
        reason=reason,
    )
    same = [r for r in work.facts(key, ResidenceFact) if r.kind == kind]
    if until is not None and any(r.valid.start and since < r.valid.start < until for r in same):
        raise Conflict(
            "residence.overlap",
            N_("Đã có đăng ký cùng loại trong thời gian này. Hãy kết thúc đăng ký đó trước."),
        )
    before = next((r for r in same if r.valid.holds(since)), None)
    if before is not None and replace(before, source=fact.source, valid=fact.valid, reason=reason) == fact:
        raise Conflict("residence.same", N_("Người này đã đăng ký ở đúng nơi này rồi."))
    work.follow(key, fact)
    work.events.append(events.PersonMoved(key, kind))
    work.tell(Told.CITIZEN, Told.NEW_COMMUNE, Told.SUBSCRIBERS)
    if before is not None and before.unit_id != fact.unit_id:
        work.tell(Told.OLD_COMMUNE)


def end(work: Work, key: int, kind: ResidenceKind, on: date, reason: str = "") -> None:
    """The residence or absence ends: `on` is the first day it holds no longer. A permanent residence may be
    removed from the register too (moved abroad, no longer lawful)."""
    rules.standing(work.view(key))
    current = [r for r in work.facts(key, ResidenceFact) if r.kind == kind and r.valid.overlaps(rules.period(on, None))]
    if not current:
        raise Conflict("residence.none", N_("Không có đăng ký nào thuộc loại này còn hiệu lực vào ngày đó."))
    work.end(key, ResidenceFact, on, lambda r: r.kind == kind)
    work.events.append(events.PersonMoved(key, kind, ended=True))
    work.tell(Told.CITIZEN, Told.OLD_COMMUNE, Told.SUBSCRIBERS)


def cancel(work: Work, key: int, fact_id: int) -> None:
    """A registration that should not have been made: the registry no longer says it, for any day. What it
    replaced does not come back by itself; a correction says what is true instead."""
    rules.standing(work.view(key))
    fact = next((r for r in work.facts(key, ResidenceFact) if r.stored and r.stored.fact_id == fact_id), None)
    if fact is None:
        raise Conflict("fact.changed", N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp."))
    work.close(key, fact)
    work.events.append(events.PersonMoved(key, fact.kind, ended=True))
    work.tell(Told.CITIZEN, Told.OLD_COMMUNE, Told.SUBSCRIBERS)
