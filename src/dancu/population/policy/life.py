"""The end of a life, and being declared missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from dancu.kernel.dates.partial import PartialDate
from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    CardFact,
    CardState,
    ContactFact,
    Fact,
    KinFact,
    KinRelation,
    LifeFact,
    LifeStatus,
    MaritalFact,
    MaritalStatus,
    MemberFact,
    ResidenceFact,
    Told,
    Valid,
)
from dancu.population.policy import rules
from dancu.population.policy.undo import reverse
from dancu.population.policy.work import Work

#: Facts that end with a life. Names, numbers and kin remain what they were.
ENDING: tuple[type[Fact], ...] = (ResidenceFact, MemberFact, MaritalFact, ContactFact)


def die(work: Work, key: int, on: PartialDate, place: str = "", cause: str = "") -> None:
    """Register a death. The day of death is the last day of everything that ends; where only a year or month
    is known, its last day is taken, so that nothing true is cut off.

    A spouse who is in the work becomes widowed. A household that loses its head needs one: said as a finding.
    """
    view = work.view(key)
    rules.standing(view)
    if view.death is not None:
        raise Conflict("person.already_dead", N_("Người này đã được đăng ký khai tử rồi."))
    rules.happened(on.earliest(), work.today, "died_on")
    last = min(on.latest(), work.today)
    rules.after_birth(view, last)
    after = last + rules.ONE_DAY
    # That a spouse's death left the person widowed is no act: where this one died by then, in the same accident say, it never was so.
    ended = {k.valid.end for k in view.kin if k.relation == KinRelation.SPOUSE}
    late = [
        f for f in view.facts()
        if isinstance(f, (*ENDING, CardFact)) and f.valid.start and f.valid.start > last
        and not (isinstance(f, MaritalFact) and f.status == MaritalStatus.WIDOWED and f.valid.start in ended)
    ]  # fmt: skip
    if late:
        raise Conflict(
            "person.acts_after_death",
            N_("Có thông tin ghi sau ngày mất. Hãy cải chính các thông tin đó trước khi khai tử."),
        )
    for kind in ENDING:
        work.end(key, kind, after)
    for card in work.end(key, CardFact, after, lambda c: c.state == CardState.ACTIVE):
        assert isinstance(card, CardFact)
        # What became of the card is told on the day of death itself: nothing of an act may begin after it.
        if card.valid.start is None or card.valid.start <= last:
            work.put(key, replace(card, state=CardState.REVOKED, valid=Valid(last), source=work.source))
    work.erase(key, LifeFact, Valid(last), lambda f: f.status == LifeStatus.MISSING)
    work.open(
        key,
        LifeFact(
            source=work.source,
            valid=Valid(last),
            status=LifeStatus.DEAD,
            year=on.year,
            month=on.month,
            day=on.day,
            place=place,
            cause=cause,
        ),
    )
    work.persons[key].alive_until = last
    work.events.append(events.PersonDied(key))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS, Told.OLD_COMMUNE)
    leave_behind(work, key, after)


def leave_behind(work: Work, key: int, day: date) -> None:
    """From `day` on, the day after a death: a spouse who is in the work is widowed, a household that `key` headed needs a head."""
    _end_marriage(work, key, day)
    leave_headless(work, key, day)


def _end_marriage(work: Work, key: int, day: date) -> None:
    """A marriage that ended since by itself (the death was learned of late) ended as it is recorded."""
    for kin in work.end(key, KinFact, day, lambda k: k.relation == KinRelation.SPOUSE and k.valid.end is None):
        assert isinstance(kin, KinFact)
        spouse = kin.relative_key
        if spouse is None or spouse not in work.persons:
            continue
        work.end(spouse, KinFact, day, lambda k: k.relation == KinRelation.SPOUSE and k.relative_key == key and k.valid.end is None)
        if work.persons[spouse].alive_until is None:
            work.put(spouse, MaritalFact(source=work.source, valid=Valid(day), status=MaritalStatus.WIDOWED))
            work.events.append(events.MarriageEnded(spouse, key, "death"))
        work.tell(Told.RELATIVES)


def leave_headless(work: Work, key: int, day: date, but: int | None = None) -> None:
    """Households headed by `key` from `day` on (`but` one) stand without a head until one is named."""
    for household_key, household in list(work.households.items()):
        if household_key == but:
            continue
        for version in [v for v in household.versions if v.head_key == key and v.valid.overlaps(Valid(day))]:
            start = max(day, version.valid.start or day)
            headless = replace(
                version, head_key=None, valid=Valid(start, version.valid.end), source=work.source, stored=None
            )
            work.put_household(headless, household.subject)
            work.events.append(events.HeadChanged(key, version.household_key, None))
            work.notice(key, "household.no_head", household_key=version.household_key)
            work.tell(Told.HOUSEHOLD_HEAD)


def declare_missing(work: Work, key: int, since: date, place: str = "") -> None:
    """A court declared the person missing from `since` on; residence and household stay as they are."""
    view = work.view(key)
    rules.living(view)
    rules.happened(since, work.today)
    rules.after_birth(view, since)
    if any(f.valid.overlaps(Valid(since)) for f in view.life):
        raise Conflict("person.already_missing", N_("Người này đã được ghi là mất tích rồi."))
    fact = LifeFact(
        source=work.source, valid=Valid(since), status=LifeStatus.MISSING, year=since.year, month=since.month,
        day=since.day, place=place,
    )  # fmt: skip
    work.open(key, fact)
    work.events.append(events.PersonMissing(key))
    work.tell(Told.RELATIVES, Told.SUBSCRIBERS)


def found_again(work: Work, key: int, on: date) -> None:
    """The person came back, or the declaration was lifted: missing no longer from `on`."""
    rules.living(work.view(key))
    if not work.end(key, LifeFact, on, lambda f: f.status == LifeStatus.MISSING):
        raise Conflict("person.not_missing", N_("Người này không có tên trong danh sách mất tích."))
    work.events.append(events.PersonMissing(key, ended=True))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS)


def undo_death(work: Work, key: int, history: Mapping[int, Sequence[Fact]]) -> None:
    """The registered death was wrong: the registry takes it back and says again what it said before it.

    `history`: everything ever recorded of the person and of those the registration touched. Where somebody
    recorded something else in between (the widow married again) the later act stands and this is refused.
    """
    view = work.view(key)
    rules.standing(view)
    death = view.death
    if death is None or death.stored is None:
        raise Conflict("person.not_dead", N_("Người này không có đăng ký khai tử."))
    work.persons[key].alive_until = None
    for person in history:
        reverse(work, person, history[person], death.stored.known_from)
    work.events.append(events.DeathUndone(key))
    work.tell(Told.CITIZEN, Told.RELATIVES, Told.SUBSCRIBERS, Told.OLD_COMMUNE)
