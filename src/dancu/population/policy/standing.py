"""How long a household stands: until the day from which nobody belongs to it. Whichever verb took the last member away
closes it, and one that gives a member back to a closed household opens it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dancu.population import events
from dancu.population.models import MemberFact, Told, Valid
from dancu.population.policy.work import Work

NO_HEAD = "household.no_head"


def touched(work: Work) -> list[int]:
    """Households whose members the work changes."""
    return [house for house in work.households if _members(work, house) != _members_before(work, house)]


def settle(work: Work, house: int, others_open: bool, others_until: date | None) -> None:
    """Close or open a household as its members now say. Of persons outside the work only the store knows: whether one of
    them stays without an end, and the first day without any of them (None: nobody else ever belonged)."""
    own = [m.valid for _, m in _members(work, house)]
    if not others_open and all(valid.end is not None for valid in own):
        ends = [valid.end for valid in own if valid.end is not None]
        _close(work, house, max([*ends, *([others_until] if others_until else [])], default=None))
    _reopen(work, house)


def _members(work: Work, house: int) -> set[tuple[int, MemberFact]]:
    return {(key, m) for key in work.persons for m in work.facts(key, MemberFact) if m.household_key == house}


def _members_before(work: Work, house: int) -> set[tuple[int, MemberFact]]:
    return {
        (key, m)
        for key, person in work.persons.items()
        for m in (person.before.memberships if person.before else ())
        if m.household_key == house
    }


def _close(work: Work, house: int, day: date | None) -> None:
    """The household is no more from `day` on (None: it never had a member). That it has no head is no news then."""
    one = work.households[house]
    if not any(day is None or v.valid.overlaps(Valid(day)) for v in one.versions):
        return
    kept = []
    for version in one.versions:
        rest = version.valid.until(day) if day is not None else None
        if rest == version.valid:
            kept.append(version)
        elif rest is not None:
            kept.append(replace(version, valid=rest, stored=None))
    one.versions = kept
    work.findings[:] = [f for f in work.findings if (f[1].code, dict(f[1].params).get("household_key")) != (NO_HEAD, house)]
    work.events[:] = [
        e for e in work.events
        if not (isinstance(e, events.HeadChanged) and e.household_key == house and e.head_key is None)
    ]  # fmt: skip
    work.events.append(events.HouseholdClosed(one.subject, house))


def _reopen(work: Work, house: int) -> None:
    """Somebody belongs again to a household that was closed without them (a death taken back): it stands again, where
    it stood last, and under nobody unless its last head is the one who is back."""
    one = work.households[house]
    ends = [v.valid.end for v in one.versions]
    if not ends or None in ends:
        return
    last = max(one.versions, key=lambda v: v.valid.end or date.max)
    closed_on = last.valid.end
    back = sorted((k for k, m in _members(work, house) if closed_on is not None and m.valid.overlaps(Valid(closed_on))))
    if not back:
        return
    until = [m.valid.end for k, m in _members(work, house) if k in back]
    head = last.head_key if last.head_key in back else None
    valid = Valid(closed_on, None if None in until else max(u for u in until if u is not None))
    work.put_household(replace(last, head_key=head, valid=valid, source=work.source, stored=None), one.subject)
    if head is None:
        work.events.append(events.HeadChanged(back[0], house, None))
        work.notice(back[0], NO_HEAD, household_key=house)
        work.tell(Told.HOUSEHOLD_HEAD)
