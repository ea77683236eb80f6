"""When the head of a household moves away: the household goes along, gets another head, or stays as it is, which is
said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.i18n import N_
from dancu.population.models import HouseholdFact, HouseholdRelation, MemberFact, ResidenceKind, Told, Valid
from dancu.population.policy import household, residence
from dancu.population.policy.residence import Place
from dancu.population.policy.work import Work

HEAD_ELSEWHERE = "household.head_elsewhere"


class HeadMoves(StrEnum):
    """What becomes of the household."""

    AS_IS = "as_is"
    TOGETHER = "together"
    NEW_HEAD = "new_head"


@dataclass(frozen=True, slots=True)
class Headship:
    """`new_head` and the others' `relations` to them count for NEW_HEAD only; who is left out becomes 'unknown'."""

    becomes: HeadMoves = HeadMoves.AS_IS
    new_head: int | None = None
    relations: Mapping[int, HouseholdRelation] = field(default_factory=dict)


def headed(versions: Iterable[HouseholdFact], key: int, on: date) -> HouseholdFact | None:
    """The household that `key` heads on a day."""
    return next((v for v in versions if v.head_key == key and v.valid.holds(on)), None)


def head_moves(work: Work, key: int, version: HouseholdFact, place: Place, since: date, headship: Headship) -> None:
    """After `key`, head of `version`, moved to `place`. Members to move or to be named are in the work."""
    house = version.household_key
    if headship.becomes == HeadMoves.NEW_HEAD:
        if headship.new_head is None:
            raise Invalid("household.new_head", N_("Hãy chọn ai làm chủ hộ mới."), field="household")
        household.change_head(work, house, headship.new_head, since, headship.relations)
        household.leave(work, key, since)
    elif headship.becomes == HeadMoves.TOGETHER:
        _together(work, key, version, place, since)
    elif (version.unit_id, version.hamlet_id, version.address) != (place.unit_id, place.hamlet_id, place.address):
        work.notice(key, HEAD_ELSEWHERE, household_key=house)


def _together(work: Work, key: int, version: HouseholdFact, place: Place, since: date) -> None:
    house = version.household_key
    for member in [k for k in work.persons if k != key]:
        belongs = work.facts(member, MemberFact, lambda m: m.household_key == house and m.valid.holds(since))
        if not belongs or work.persons[member].alive_until is not None:
            continue
        try:
            residence.move(work, member, ResidenceKind.PERMANENT, place, since)
        except Conflict as error:
            if error.code != "residence.same":  # lives there already
                raise
    for known in [v for v in work.households[house].versions if v.valid.overlaps(Valid(since))]:
        start = max(since, known.valid.start or since)
        moved = replace(
            known, unit_id=place.unit_id, hamlet_id=place.hamlet_id, address=place.address,
            valid=Valid(start, known.valid.end), source=work.source, stored=None,
        )  # fmt: skip
        work.put_household(moved, work.households[house].subject)
    work.household_key = house
    work.tell(Told.HOUSEHOLD_HEAD)
