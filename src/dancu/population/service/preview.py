"""What a work would change, for people to read before they confirm."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dancu.kit.i18n import N_, gettext
from dancu.population.models import CardFact, Fact, FactChange, HouseholdFact, KinFact, Preview
from dancu.population.policy.groups import groups_between, groups_of
from dancu.population.policy.work import Change, Work, slot


def preview_of(work: Work, outside: Collection[int]) -> Preview:
    """One line per data group and fact. `outside`: persons of other areas, of whom only the new value is
    shown, and who stay unnamed: a preview writes nothing, so it may not be a way to read who has a number."""
    changes = work.changes()
    lines: list[FactChange] = []
    closed = [c for c in changes if not c.opens]
    opened = [c for c in changes if c.opens]
    explained: set[int] = set()
    for change in opened:
        if any(_rest(change, c) for c in closed):
            continue
        before = _before(change, opened, closed)
        if before is not None:
            explained.add(id(before.fact))
        lines.extend(_lines(change, before.fact if before else None, change.fact, outside))
    for change in closed:
        if id(change.fact) not in explained:
            after = next((c.fact for c in opened if _rest(c, change)), None)
            lines.extend(_lines(change, change.fact, after, outside))
    return Preview(tuple(lines), tuple(sorted(work.told)), tuple(f.code for _, f in work.findings))


def _lines(
    change: Change, before: Fact | None, after: Fact | None, outside: Collection[int]
) -> list[FactChange]:
    person = None if isinstance(change.fact, HouseholdFact) else change.key
    if before is not None and after is not None:
        groups = groups_between(before, after)
    else:
        groups = groups_of(after or change.fact)
    shown = None if change.subject in outside else before
    said = _unnamed(after) if isinstance(after, KinFact) and after.relative_key in outside else after
    return [FactChange(person, group, group, shown, said) for group in groups]


def _unnamed(kin: KinFact) -> KinFact:
    """What the verb will write of a relative of another area, without who that is."""
    return replace(
        kin, relative_name=gettext(N_("người ngoài địa bàn của bạn")), relative_number="", relative_birth="",
        relative_nationality="",
    )  # fmt: skip


def _rest(opened: Change, closed: Change) -> bool:
    """The opened row only says again, of fewer days, what the closed one said."""
    return (
        opened.key == closed.key
        and type(opened.fact) is type(closed.fact)
        and replace(opened.fact, valid=closed.fact.valid) == closed.fact
    )


def _before(change: Change, opened: Collection[Change], closed: Collection[Change]) -> Change | None:
    """What stood where the opened row will stand. A card that is replaced goes on as the same card in another state:
    it is not what the new card was before."""
    same = next((c for c in closed if _same_card(change, c)), None)
    free = (c for c in closed if _meets(change, c) and not any(_same_card(o, c) for o in opened))
    return same or next(free, None)


def _same_card(one: Change, other: Change) -> bool:
    a, b = one.fact, other.fact
    if not isinstance(a, CardFact) or not isinstance(b, CardFact):
        return False
    return one.key == other.key and (a.kind, a.number, a.issued_on) == (b.kind, b.number, b.issued_on)


def _meets(opened: Change, closed: Change) -> bool:
    return (
        opened.key == closed.key
        and type(opened.fact) is type(closed.fact)
        and slot(opened.fact) == slot(closed.fact)
        and opened.fact.valid.overlaps(closed.fact.valid)
    )
