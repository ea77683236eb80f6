"""Two records of one person become one, and can become two again, exactly as they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    CardFact,
    CardState,
    ContactFact,
    Fact,
    HouseholdFact,
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    MaritalFact,
    MemberFact,
    NumberFact,
    NumberKind,
    NumberState,
    PersonView,
    ResidenceFact,
    Told,
    Valid,
)
from dancu.population.policy import life, rules
from dancu.population.policy.differences import PARTS, WHOLE, Side, code_of, combined, common, differences
from dancu.population.policy.undo import reverse
from dancu.population.policy.work import DirectoryChange, Work, slot

#: How a relative names somebody back who names them.
_MIRROR: Mapping[KinRelation, tuple[KinRelation, ...]] = {
    KinRelation.FATHER: (KinRelation.CHILD,),
    KinRelation.MOTHER: (KinRelation.CHILD,),
    KinRelation.CHILD: (KinRelation.FATHER, KinRelation.MOTHER),
    KinRelation.SPOUSE: (KinRelation.SPOUSE,),
    KinRelation.REPRESENTATIVE: (KinRelation.REPRESENTED,),
    KinRelation.REPRESENTED: (KinRelation.REPRESENTATIVE,),
}
_ACTS = (ResidenceFact, MemberFact, MaritalFact, CardFact)


def merge(
    work: Work,
    absorbed: int,
    kept: int,
    directory: Sequence[tuple[str, str, str]],
    ancestors: Collection[tuple[int, int]] = (),
    choices: Mapping[str, Side] | None = None,
) -> None:
    """`kept` stands for both from now on. It learns what only the other record knew; where both say
    something, the officer's choice stands (`choices`: code of a difference -> whose value), or else the better
    source, and what nobody chose is a finding. Numbers of the other record lead to it; the other's personal ID
    number is cancelled, since a person has one. `directory`: (number, kind, state) of the absorbed.
    """
    if absorbed == kept:
        raise Invalid("merge.same", N_("Hãy chọn hai hồ sơ khác nhau."))
    one, two = work.view(absorbed), work.view(kept)
    rules.standing(one)
    rules.standing(two)
    _may_be_one(one, two, ancestors)
    taken, undecided = _chosen(one, two, choices or {})
    died = _agree_about_death(work, absorbed, kept)
    differ: set[str] = set()
    has_number = any(_active_number(f) for f in two.numbers)
    for fact in one.facts():
        work.close(absorbed, fact)
        learned = fact
        if isinstance(fact, NumberFact) and _active_number(fact) and has_number:
            learned = replace(fact, state=NumberState.CANCELLED, reason="merge")
        if isinstance(fact, KinFact) and fact.relative_key == kept:
            continue  # one person is no representative of themselves
        if type(fact) in PARTS:
            _combine(work, kept, fact, taken)
        elif isinstance(fact, WHOLE):
            _take_over(work, kept, fact, code_of(fact) in taken)
        for piece in _unsaid(work, kept, learned, differ):
            work.open(kept, piece)
    for fact in [k for k in work.facts(kept, KinFact) if k.relative_key == absorbed]:
        work.close(kept, fact)
    _repoint(work, absorbed, kept)
    if died is not None:
        work.end(kept, ContactFact, died + rules.ONE_DAY)
        life.leave_behind(work, kept, died + rules.ONE_DAY)
    for number, kind, state in directory:
        cancelled = kind == NumberKind.PERSONAL_ID and has_number and state == NumberState.ACTIVE
        work.directory.append(
            DirectoryChange(
                number,
                kind,
                kept,
                NumberState.CANCELLED if cancelled else state,
                new=False,
                was_of=absorbed,
                own=absorbed,
            )
        )
    work.persons[absorbed].merged_into = kept
    decided = {t.__name__ for t in (*PARTS, *WHOLE)}
    left = (differ - decided) | undecided
    if left:
        work.notice(kept, "merge.differs", tables=sorted(left))
    work.events.append(events.RecordsMerged(absorbed, kept))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def unmerge(
    work: Work,
    absorbed: int,
    kept: int,
    tick: datetime,
    history: Mapping[int, Sequence[Fact]],
    directory: Sequence[tuple[str, str, str]],
    *,
    death_learned: bool,
) -> None:
    """Take a merge back: both records say again what they said before it; what was recorded since stays
    unless it rests on the merge (then this is refused). `directory`: (number, kind, state before) of the
    absorbed record; `death_learned`: only by the merge did the kept record learn of a death."""
    for key, facts in history.items():
        reverse(work, key, facts, tick)
    for number, kind, state in directory:
        work.directory.append(DirectoryChange(number, kind, absorbed, state, new=False, was_of=kept, own=absorbed))
    work.persons[absorbed].merged_into = None
    if death_learned:
        work.persons[kept].alive_until = None
    work.events.append(events.MergeUndone(absorbed, kept))
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)


def _may_be_one(one: PersonView, two: PersonView, ancestors: Collection[tuple[int, int]]) -> None:
    pair = (one.person_key, two.person_key)
    spouses = any(k.relation == KinRelation.SPOUSE and k.relative_key == two.person_key for k in one.kin)
    if spouses or pair in ancestors or pair[::-1] in ancestors:
        raise Conflict(
            "merge.kin",
            N_("Hai hồ sơ được ghi là vợ chồng hoặc cha mẹ, con cháu của nhau. Hãy cải chính quan hệ trước khi gộp."),
        )


def _chosen(one: PersonView, two: PersonView, choices: Mapping[str, Side]) -> tuple[frozenset[str], set[str]]:
    """Codes of the differences in which the absorbed record's value stands, and the kinds of fact of which nobody
    chose. A choice between values that are no longer there means that a record changed meanwhile."""
    found = {d.code: d for d in differences(one, two)}
    if set(choices) - set(found) or set(choices.values()) - {"absorbed", "kept"}:
        raise Conflict(
            "fact.changed", N_("Thông tin này vừa được người khác thay đổi. Hãy mở lại hồ sơ rồi làm tiếp.")
        )
    taken = frozenset(code for code, d in found.items() if choices.get(code, d.better) == "absorbed")
    return taken, {type(d.absorbed).__name__ for code, d in found.items() if code not in choices}


def _combine(work: Work, kept: int, fact: Fact, taken: frozenset[str]) -> None:
    """Birth and traits, part by part, on the days of which both records speak."""
    for other in [o for o in work.facts(kept, type(fact)) if o.valid.overlaps(fact.valid)]:
        after = combined(other, fact, taken)
        if after != other:
            work.put(kept, replace(after, valid=common(other.valid, fact.valid), stored=None))


def _take_over(work: Work, kept: int, fact: Fact, taken: bool) -> None:
    """A fact that stands whole. Of two cards that both were in force the one that does not stand is kept as revoked:
    it exists, and somebody may show it."""
    others = [o for o in work.facts(kept, type(fact)) if slot(o) == slot(fact) and o.valid.overlaps(fact.valid)]
    until = work.persons[kept].alive_until
    last = None if until is None or not isinstance(fact, _ACTS) else until + rules.ONE_DAY
    days = fact.valid if last is None else fact.valid.until(last)
    if days is None:
        return
    for other in others:
        loser = other if taken else fact
        if isinstance(fact, CardFact) and isinstance(other, CardFact) and fact.state == CardState.ACTIVE and (
            (fact.kind, fact.number) != (other.kind, other.number)
        ):
            shared = common(days, other.valid)
            work.open(kept, replace(loser, state=CardState.REVOKED, valid=shared))  # type: ignore[call-arg]
    if taken and others:
        work.put(kept, replace(fact, valid=days, stored=None))


def _active_number(fact: NumberFact) -> bool:
    return fact.kind == NumberKind.PERSONAL_ID and fact.state == NumberState.ACTIVE


def _unsaid(work: Work, kept: int, fact: Fact, differ: set[str]) -> list[Fact]:
    """The parts of `fact` on days of which `kept` says nothing in the same slot."""
    pieces = [fact.valid]
    until = work.persons[kept].alive_until
    if until is not None and isinstance(fact, _ACTS):
        pieces = [p for v in pieces if (p := v.until(until + rules.ONE_DAY))]
    for other in work.facts(kept, type(fact)):
        if slot(other) != slot(fact):
            continue
        if other.valid.overlaps(fact.valid) and replace(other, source=fact.source, valid=fact.valid) != fact:
            differ.add(type(fact).__name__)
        pieces = [rest for piece in pieces for rest in piece.minus(other.valid)]
    return [replace(fact, valid=piece, stored=None) for piece in pieces]


def _agree_about_death(work: Work, absorbed: int, kept: int) -> date | None:
    """A death registered on one record holds for both; two different days of death are for a person to
    settle. Returns the day of death where only one of them knew it."""
    one, two = work.persons[absorbed].alive_until, work.persons[kept].alive_until
    if one is not None and two is not None and one != two:
        raise Conflict("merge.deaths_differ", N_("Hai hồ sơ ghi ngày mất khác nhau. Hãy cải chính trước khi gộp."))
    if one is not None and two is None:
        late = [
            f for f in work.view(kept).facts() if isinstance(f, _ACTS) and (f.valid.end is None or f.valid.end > one)
            and not (isinstance(f, CardFact) and f.state != CardState.ACTIVE)
        ]  # fmt: skip
        for fact in late:
            work.close(kept, fact)
            rest = fact.valid.until(one + rules.ONE_DAY)
            if rest is not None:
                work.open(kept, replace(fact, valid=rest))
        work.erase(kept, LifeFact, Valid(one), lambda f: f.status == LifeStatus.MISSING)
        work.persons[kept].alive_until = one
    return None if one == two else one or two


def _repoint(work: Work, absorbed: int, kept: int) -> None:
    """Relatives and households that named the absorbed record name the kept one; a relative whom it does not name back,
    because it says somebody else is its father, mother or spouse, no more names either."""
    for key in [k for k in work.persons if k not in (absorbed, kept)]:
        for fact in [k for k in work.facts(key, KinFact) if k.relative_key == absorbed]:
            work.close(key, fact)
            pointed = replace(fact, relative_key=kept)
            twin = any(
                (slot(o) == slot(pointed) and o.valid.overlaps(pointed.valid))
                or (o.relation == pointed.relation and o.relative_key == kept and o.valid.overlaps(pointed.valid))
                for o in work.facts(key, KinFact)
            )
            back = any(
                o.relation in _MIRROR[pointed.relation] and o.relative_key == key and o.valid.overlaps(pointed.valid)
                for o in work.facts(kept, KinFact)
            )
            if back and not twin:
                work.open(key, pointed)
    for household in list(work.households.values()):
        for version in [v for v in household.versions if v.head_key == absorbed]:
            _head(work, kept, version)


def _head(work: Work, kept: int, version: HouseholdFact) -> None:
    """The kept record heads the household on the days it belongs to it; on the others, when it belongs elsewhere, nobody does
    until a head is named."""
    headless = [version.valid]
    for member in work.facts(kept, MemberFact, lambda m: m.household_key == version.household_key):
        headless = [rest for days in headless for rest in days.minus(member.valid)]
    work.put_household(replace(version, head_key=kept, stored=None), kept)
    for days in headless:
        work.put_household(replace(version, head_key=None, valid=days, stored=None), kept)
    if headless:
        work.notice(kept, "household.no_head", household_key=version.household_key)
