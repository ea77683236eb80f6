"""The two verbs by which a row enters the registry: as more about somebody known, or as somebody new. They write what the
import would have written, through the gate and with the locks and evidence of every other verb; the document of each is
the file and the line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dancu.population import events
from dancu.population import models as m
from dancu.population.importing import assemble
from dancu.population.importing.assembly import news_of_change
from dancu.population.importing.diff import Difference
from dancu.population.importing.kin import mirror
from dancu.population.importing.matching import household_number
from dancu.population.importing.review import agreed
from dancu.population.importing.row import Row
from dancu.population.importing.store import review as store
from dancu.population.policy import rules
from dancu.population.policy.register import DIRECTORY_KINDS
from dancu.population.policy.work import DirectoryChange, Work
from dancu.population.service.act import Act, verb
from dancu.population.store import findings, persons

_RESIDENT = (m.ResidenceKind.PERMANENT, m.ResidenceKind.TEMPORARY)


@verb("review_update", "person.write.correct")
async def update(act: Act, person_key: int, row: Row, draft: m.PersonDraft, taken: Collection[str]) -> Work:
    """The row is about this person: record what it adds, and the groups `taken` over the registry's."""
    house = await _household(act, row)
    await act.open([person_key])
    work = await act.take(person_key)
    view = work.persons[person_key].before
    assert view is not None
    rules.standing(view)
    if house is not None:
        draft = replace(draft, memberships=(_member(row, house),))
    found = agreed(view, draft, act.today, taken)
    _without_conflicts_of(found, view)
    for closed in found.closes:
        work.close(person_key, closed)
    for opened in found.opens:
        work.open(person_key, opened)
    for number in found.numbers:
        work.directory.append(DirectoryChange(number.number, number.kind, person_key, number.state))
    known = {one.code for one in await findings.open_findings(act.conn, person_key)}
    notes = [*assemble.noticed(row), *(m.Noticed(code, (("group", group),)) for code, group in found.notes)]
    work.findings.extend((person_key, one) for one in notes if one.code not in known)
    if not found.nothing:
        work.events.append(news_of_change(person_key, found.opens))
        work.tell(m.Told.CITIZEN, m.Told.SUBSCRIBERS)
    return work


def _without_conflicts_of(found: Difference, view: m.PersonView) -> None:
    """A row without its own day of residence cannot place anybody who is registered dead."""
    if view.alive_until is not None:
        found.opens = [f for f in found.opens if not isinstance(f, m.ResidenceFact | m.MemberFact | m.MaritalFact)]


@verb("review_insert", "person.write.register")
async def insert(act: Act, row: Row, draft: m.PersonDraft, contested: Collection[str]) -> Work:
    """The row is about somebody the registry does not know: register them as the import would have. Numbers in
    `contested` are another person's; they are left out, with a finding."""
    house = await _household(act, row)
    number = household_number(row)
    relatives = {k.relative_key for k in draft.kin if k.relative_key is not None}
    through = {house.member_key} if house is not None and house.member_key is not None and _heads(row, house) else set()
    place = [r.unit_id for r in draft.residences if r.unit_id is not None and r.kind in _RESIDENT]
    if not place and draft.birth.registration_unit is not None:
        place = [draft.birth.registration_unit]
    await act.open(relatives | through, place)
    (key,), fresh = await persons.draw_keys(act.conn, 1, 1 if number and house is None else 0)
    await act.open_new([key], fresh)
    work = await act.take(key)
    work.create(key)
    kept = tuple(n for n in draft.numbers if n.number not in contested)
    draft = replace(draft, person_key=key, numbers=kept)
    if fresh:
        head = key if row.get("relation") == m.HouseholdRelation.HEAD else None
        work.put_household(assemble.household(row, fresh[0], head), key)
        house = _House(fresh[0], head, None)
    elif house is not None and _heads(row, house) and house.key in work.households:
        now = next(v for v in work.households[house.key].versions if v.valid.end is None)
        work.put_household(replace(now, head_key=key, source=row.source), key)
        work.events.append(events.HeadChanged(key, house.key, key))
        house = _House(house.key, key, house.member_key)
    if house is not None:
        draft = replace(draft, memberships=(_member(row, house, key),))
    for fact in draft.facts():
        work.open(key, fact)
    for one in draft.numbers:
        if one.kind in DIRECTORY_KINDS:
            work.directory.append(DirectoryChange(one.number, one.kind, key, one.state))
    _mirrored(work, draft)
    work.findings.extend((key, one) for one in assemble.noticed(row))
    if contested:
        work.notice(key, "match.number_of_another")
    numbered = any(n.kind == m.NumberKind.PERSONAL_ID for n in draft.numbers)
    work.events.append(events.PersonRegistered(key, numbered=numbered))
    work.tell(m.Told.CITIZEN, m.Told.SUBSCRIBERS)
    return work


class _House:
    """The household of the row's file number: key, head, a member."""

    def __init__(self, key: int, head_key: int | None, member_key: int | None) -> None:
        self.key, self.head_key, self.member_key = key, head_key, member_key


async def _household(act: Act, row: Row) -> _House | None:
    number = household_number(row)
    found = await store.household(act.conn, act.actor, act.purpose, number) if number else None
    return _House(*found) if found is not None else None


def _heads(row: Row, house: _House) -> bool:
    return house.head_key is None and row.get("relation") == m.HouseholdRelation.HEAD


def _member(row: Row, house: _House, key: int | None = None) -> m.MemberFact:
    """The place in the household. A household has one head: a second is a member of unknown relation, with a finding."""
    member = assemble.membership(row, house.key)
    if member.relation == m.HouseholdRelation.HEAD and house.head_key != key:
        row.note("import.two_heads", "household_relation")
        return replace(member, relation=m.HouseholdRelation.UNKNOWN)
    return member


def _mirrored(work: Work, draft: m.PersonDraft) -> None:
    """What the records of the relatives learn."""
    for fact in draft.kin:
        person = work.persons.get(fact.relative_key or 0)
        if person is None or person.before is None:
            continue
        said = mirror(draft, fact, person.before)
        if said is not None:
            work.open(person.before.person_key, said)
            work.events.append(
                events.KinChanged(person.before.person_key, said.relation.value, draft.person_key or 0)
            )

