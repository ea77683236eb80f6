"""Households: who lives together, under which head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import HouseholdFact, HouseholdRelation, MemberFact, Told, Valid
from dancu.population.policy import rules
from dancu.population.policy.life import leave_headless
from dancu.population.policy.residence import Place
from dancu.population.policy.work import Work

Relations = Mapping[int, HouseholdRelation]


def create(work: Work, household_key: int, head: int, place: Place, since: date, members: Relations) -> None:
    """Found a household at `place` with `head` and `members` (their relation to the head). Everyone leaves
    the household they were in on that day."""
    if head in members:
        raise Invalid("household.head_twice", N_("Chủ hộ không thể đồng thời là thành viên với quan hệ khác."))
    rules.happened(since, work.today)
    rules.living(work.view(head))
    later = [m.valid.start for m in work.view(head).memberships if m.valid.start is not None and m.valid.start > since]
    if later:
        # They would leave the new household headless on that day without anybody having said so.
        raise Conflict(
            "household.head_elsewhere_later",
            N_("Người này đã thuộc một hộ khác từ ngày {day}. Hãy lập hộ từ ngày đó trở đi."),
            day=f"{min(later):%d/%m/%Y}",
        )
    work.put_household(
        HouseholdFact(
            source=work.source,
            valid=Valid(since),
            household_key=household_key,
            head_key=head,
            unit_id=place.unit_id,
            hamlet_id=place.hamlet_id,
            address=place.address,
            file_number=place.file_number,
        ),
        head,
    )
    work.household_key = household_key
    work.events.append(events.HouseholdCreated(head, household_key))
    for key, relation in {head: HouseholdRelation.HEAD, **members}.items():
        _enter(work, key, household_key, relation, since)
    work.tell(Told.CITIZEN, Told.NEW_COMMUNE, Told.SUBSCRIBERS)


def join(work: Work, key: int, household_key: int, relation: HouseholdRelation, since: date) -> None:
    """Become a member of a household that stands on that day."""
    rules.happened(since, work.today)
    if relation == HouseholdRelation.HEAD:
        raise Invalid("household.join_as_head", N_("Hãy nhập hộ trước, rồi dùng thủ tục đổi chủ hộ."))
    version = _version(work, household_key, since)
    if any(m.household_key == household_key and m.valid.holds(since) for m in work.view(key).memberships):
        raise Conflict("household.member_already", N_("Người này đã là thành viên của hộ."))
    _enter(work, key, household_key, relation, since)
    work.household_key = household_key
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS, *([Told.HOUSEHOLD_HEAD] if version.head_key else []))


def leave(work: Work, key: int, on: date) -> None:
    """Leave the household: `on` is the first day outside. A head who leaves leaves it without a head."""
    rules.alive_on(work.view(key), on)
    rules.happened(on, work.today)
    left = work.end(key, MemberFact, on)
    if not left:
        raise Conflict("household.not_member", N_("Người này không thuộc hộ nào vào ngày đó."))
    for member in left:
        assert isinstance(member, MemberFact)
        work.events.append(events.HouseholdLeft(key, member.household_key))
        work.household_key = member.household_key
    leave_headless(work, key, on)
    work.tell(Told.CITIZEN, Told.HOUSEHOLD_HEAD, Told.SUBSCRIBERS)


def change_head(work: Work, household_key: int, new_head: int, since: date, relations: Relations) -> None:
    """`new_head`, a member, heads the household from `since` on. Relations are to the head, so those of all
    members change: `relations` says them anew; a member in the work who is not named there becomes 'unknown',
    never guessed.
    """
    rules.happened(since, work.today)
    version = _version(work, household_key, since)
    if version.head_key == new_head:
        raise Conflict("household.head_same", N_("Người này đang là chủ hộ."))
    view = work.view(new_head)
    rules.living(view)
    if not any(m.household_key == household_key and m.valid.holds(since) for m in view.memberships):
        raise Invalid(
            "household.head_not_member",
            N_("Chủ hộ phải là thành viên của hộ. Hãy làm thủ tục nhập hộ trước."),
        )
    was = version.head_key
    for later in [v for v in work.households[household_key].versions if v.valid.overlaps(Valid(since))]:
        start = max(since, later.valid.start or since)
        work.put_household(
            replace(later, head_key=new_head, valid=Valid(start, later.valid.end), source=work.source, stored=None),
            new_head,
        )
    for key in list(work.persons):
        relation = HouseholdRelation.HEAD if key == new_head else relations.get(key, HouseholdRelation.UNKNOWN)
        for member in work.facts(key, MemberFact, lambda m: m.household_key == household_key):
            if member.valid.overlaps(Valid(since)) and member.relation != relation:
                start = max(since, member.valid.start or since)
                work.put(
                    key,
                    replace(member, relation=relation, valid=Valid(start, member.valid.end), source=work.source),
                )
    work.household_key = household_key
    work.events.append(events.HeadChanged(was if was is not None else new_head, household_key, new_head))
    work.tell(Told.CITIZEN, Told.HOUSEHOLD_HEAD, Told.SUBSCRIBERS)


def _enter(work: Work, key: int, household_key: int, relation: HouseholdRelation, since: date) -> None:
    view = work.view(key)
    rules.alive_on(view, since)
    rules.after_birth(view, since)
    if household_key in work.households:
        for other in [h for k, h in work.households.items() if k != household_key]:
            if any(v.head_key == key and v.valid.overlaps(Valid(since)) for v in other.versions):
                leave_headless(work, key, since, but=household_key)
    alive_until = work.persons[key].alive_until
    valid = Valid(since) if alive_until is None else rules.period(since, alive_until + rules.ONE_DAY)
    old = work.follow(key, MemberFact(source=work.source, valid=valid, household_key=household_key, relation=relation))
    if old is not None and old.household_key != household_key:
        work.events.append(events.HouseholdLeft(key, old.household_key))
        work.tell(Told.HOUSEHOLD_HEAD)
    work.events.append(events.HouseholdJoined(key, household_key, relation))


def _version(work: Work, household_key: int, on: date) -> HouseholdFact:
    household = work.households.get(household_key)
    version = next((v for v in household.versions if v.valid.holds(on)), None) if household else None
    if version is None:
        raise NotFound("household.not_found", N_("Không có hộ này vào ngày đó. Hãy kiểm tra lại hộ và ngày."))
    return version
