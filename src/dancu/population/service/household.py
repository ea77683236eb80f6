"""Households: founding, joining, leaving, splitting, another head."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population.models import HouseholdRelation
from dancu.population.policy import household as rule
from dancu.population.policy.residence import Place
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.service.residence import check_place
from dancu.population.store import gate, persons

JOIN = "person.write.join_household"
LEAVE = "person.write.leave_household"
Relations = Mapping[int, HouseholdRelation]


@verb("create_household", JOIN)
async def create_household(
    act: Act, head_key: int, *, place: Place, since: date, members: Relations | None = None
) -> Work:
    """Found a household; who belonged to another leaves it that day. `Done.household_key` names it."""
    return await _found(act, head_key, place, since, members or {})


@verb("split_household", LEAVE)
async def split_household(
    act: Act, head_key: int, *, place: Place, since: date, members: Relations | None = None
) -> Work:
    """Some members leave a household and found their own under `head_key` (tách hộ), at the same place or
    another."""
    work = await _found(act, head_key, place, since, members or {})
    if not any(e.topic == "population.household.left" for e in work.events):
        raise Conflict("household.not_member", N_("Người này không thuộc hộ nào vào ngày đó."))
    return work


async def _found(act: Act, head_key: int, place: Place, since: date, members: Relations) -> Work:
    check_place(place, since)
    await act.open([head_key, *members], [place.unit_id] if place.unit_id is not None else [])
    _, (household,) = await persons.draw_keys(act.conn, 0, 1)
    await act.open_new([], [household])
    work = await act.take(head_key)
    rule.create(work, household, head_key, place, since, members)
    return work


@verb("join_household", JOIN)
async def join_household(
    act: Act, person_key: int, *, household_of: int, relation: HouseholdRelation, since: date
) -> Work:
    """Become a member of the household that `household_of` (its head, or any member) belongs to on that
    day."""
    await act.open([person_key, household_of])
    work = await act.take(person_key)
    membership = work.view(household_of, since).membership
    if membership is None:
        raise Conflict("household.none", N_("Người được chọn không thuộc hộ nào vào ngày đó."))
    rule.join(work, person_key, membership.household_key, relation, since)
    return work


@verb("leave_household", LEAVE)
async def leave_household(act: Act, person_key: int, *, on: date) -> Work:
    """Leave the household; `on` is the first day outside."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.leave(work, person_key, on)
    return work


@verb("change_head", JOIN)
async def change_head(act: Act, new_head: int, *, since: date, relations: Relations | None = None) -> Work:
    """`new_head` heads the household they belong to. `relations`: what each other member is to the new head;
    who is left out becomes 'unknown'."""
    await act.open([new_head])
    membership = (await act.peek(new_head)).membership
    if membership is None:
        raise Conflict("household.not_member", N_("Người này không thuộc hộ nào vào ngày đó."))
    members = await gate.members_of(act.conn, membership.household_key)
    await act.open(members)
    work = await act.take(new_head)
    rule.change_head(work, membership.household_key, new_head, since, relations or {})
    return work
