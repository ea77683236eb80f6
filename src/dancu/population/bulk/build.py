"""Turns drafts into blocks of COPY text, one per table, with the evidence of each person. Pure and the
hot path of an import: it runs in a thread while PostgreSQL takes in the block before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.names import normal_form
from dancu.population import models as m
from dancu.population.bulk import rows
from dancu.population.bulk.rows import LAYOUTS, cell
from dancu.population.events import PersonEvent, PersonRegistered
from dancu.population.matching import search_terms
from dancu.population.policy.groups import groups_of
from dancu.territory.service import areas_named

Areas = Callable[[int], Sequence[int]]
"""Unit id -> candidate communes of today and their provinces (territory's `Gazetteer.areas` for today)."""

#: Blocks in the order in which they are copied: the person before the facts that refer to it.
PERSON: Final = "population.person"
DIRECTORY: Final = "population.directory"
SEARCH: Final = "population.person_search"
FINDING: Final = "population.finding"
PENDING: Final = "audit.pending"
OUTBOX: Final = "kit.outbox"
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    PERSON: ("person_key", "areas", "alive_until", "last_recorded", "missing"),
    **{layout.name: layout.copied for layout in LAYOUTS.values()},
    DIRECTORY: ("number", "kind", "person_key", "state"),
    SEARCH: (
        "person_key", "areas", "name_ascii", "name_folded", "sort_key", "birth_year",
        "birth_month", "birth_day", "terms",
    ),
    FINDING: ("person_key", "code", "params", "source_ref"),
    PENDING: (
        "entry_id", "action", "actor_kind", "actor_id", "org_code", "purpose", "legal_basis", "case_ref",
        "subject", "fields", "request_id", "channel", "facts", "note",
    ),
    OUTBOX: ("topic", "person_key", "payload"),
}  # fmt: skip
_RESIDENT: Final = (m.ResidenceKind.PERMANENT, m.ResidenceKind.TEMPORARY, m.ResidenceKind.CURRENT)


@dataclass(slots=True)
class Chunk:
    """COPY text per table, ready to send, and what is in it."""

    blocks: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    persons: int = 0
    households: int = 0
    facts: int = 0

    def data(self, table: str) -> bytes:
        return "".join(self.blocks[table]).encode()


class Builder:
    """Builds chunks of one load: what is the same for every person of it is formatted once."""

    def __init__(self, actor: Actor, purpose: Purpose, *, verb: str, areas: Areas, reference: str = "") -> None:
        self.areas = areas
        self._today = SYSTEM_CLOCK.today()
        head = (actor.kind.value, str(actor.actor_id), actor.org_code, purpose.code, purpose.legal_basis)
        self._who = "\t".join(map(cell, (*head, purpose.case_ref or None)))
        self._how = "\t".join(map(cell, (actor.request_id or None, actor.channel.value)))
        self._note = cell(rows.canonical({"ref": reference, "verb": verb} if reference else {"verb": verb}).decode())

    def build(
        self, drafts: Iterable[m.PersonDraft], households: Iterable[m.HouseholdFact],
        persons: Iterator[int], facts: Iterator[int], entries: Iterator[int], tick: datetime,
    ) -> Chunk:  # fmt: skip
        """One chunk, recorded at `tick`, with keys from the three iterators. Versions of households whose
        head is in the chunk are witnessed by the head's entry, others by one of their own."""
        chunk = Chunk()
        self._at(tick)
        headed: dict[int | None, list[m.HouseholdFact]] = {}
        for household in households:
            headed.setdefault(household.head_key, []).append(household)
            chunk.households += 1
        for draft in drafts:
            key = draft.person_key if draft.person_key is not None else next(persons)
            self._person(chunk, draft, key, headed.pop(key, ()), facts, next(entries))
        for head, versions in headed.items():
            entry_id = next(entries)
            lines = [self._fact(chunk, v, v.household_key, next(facts), entry_id, "") for v in versions]
            self._witness(chunk, entry_id, head, _fields(("household",)), lines)
        return chunk

    def change(
        self, chunk: Chunk, key: int, opens: Sequence[m.Fact], closes: Sequence[m.Fact],
        facts: Iterator[int], entry_id: int, tick: datetime, until: str, event: PersonEvent | None,
    ) -> None:  # fmt: skip
        """Add to `chunk` what an existing person (subject `key`, alive until `until`) gets: rows opened, and in the
        evidence also the rows whose recorded time the caller ends at `tick` in the same transaction."""
        self._at(tick)
        lines = [self._fact(chunk, fact, _key_of(fact, key), next(facts), entry_id, until) for fact in opens]
        for fact in closes:
            stored = fact.stored
            if stored is None:
                raise ValueError("only a stored fact can be closed")
            prefix = LAYOUTS[type(fact)].prefix
            lines.append(b"-%b%d|%d|%b" % (prefix, stored.key, stored.fact_id, self._instant.encode()))
        touched = dict.fromkeys(group for fact in (*opens, *closes) for group in groups_of(fact))
        self._witness(chunk, entry_id, key, rows.codes(tuple(touched)), lines)
        if event is not None:
            chunk.blocks[OUTBOX].append(_event(event))

    def read(self, chunk: Chunk, key: int, entry_id: int, fields: Sequence[str]) -> None:
        """Evidence that a person's data were compared with a row of the file."""
        chunk.blocks[PENDING].append(
            f"{entry_id}\tread\t{self._who}\t{key}\t{rows.codes(tuple(fields))}\t{self._how}\t\\N\t{self._note}\n"
        )

    def _at(self, tick: datetime) -> None:
        self._instant = f"{tick.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        self._recorded = f'["{self._instant}",)'

    def _person(self, chunk: Chunk, draft: m.PersonDraft, key: int, headed: Sequence[m.HouseholdFact],
                ids: Iterator[int], entry_id: int) -> None:  # fmt: skip
        until = alive_until(draft.life)
        facts = draft.facts()
        lines = [self._fact(chunk, fact, key, next(ids), entry_id, until) for fact in facts]
        lines += [self._fact(chunk, v, v.household_key, next(ids), entry_id, until) for v in headed]
        blocks = chunk.blocks
        areas = self._areas_of(draft)
        missing = m.missing_groups(draft) if draft.missing is None else draft.missing
        blocks[PERSON].append(f"{key}\t{rows.ints(areas)}\t{until}\t{self._instant}\t{rows.codes(missing)}\n")
        for number in draft.numbers:
            blocks[DIRECTORY].append(f"{cell(number.number)}\t{number.kind}\t{key}\t{number.state}\n")
        self._search(blocks[SEARCH], draft, key, areas)
        for noticed in draft.findings:
            params = cell(rows.canonical(dict(noticed.params)).decode())
            blocks[FINDING].append(f"{key}\t{noticed.code}\t{params}\t{cell(noticed.source_ref)}\n")
        self._witness(chunk, entry_id, key, _fields(groups(draft)), lines)
        numbered = any(n.kind == m.NumberKind.PERSONAL_ID for n in draft.numbers)
        blocks[OUTBOX].append(_event(PersonRegistered(key, numbered=numbered)))
        chunk.persons += 1

    def _fact(self, chunk: Chunk, fact: m.Fact, key: int, fact_id: int, entry_id: int, until: str) -> bytes:
        """Add the row of one fact; returns its line of evidence."""
        layout = LAYOUTS[type(fact)]
        source = fact.source
        own = layout.values(fact)
        values = layout.ordered(
            (*own, entry_id, fact_id, self._instant, source.date, source.kind, source.ref, rows.period(fact.valid), key)
        )
        if layout.origins is None or values[layout.origins] is None:
            witness = rows.canonical(values)
            row = rows.cells(values)
        else:
            listed = list(values)
            listed[layout.origins] = rows.origins(values[layout.origins])
            witness = rows.canonical(listed)
            listed[layout.origins] = rows.canonical(listed[layout.origins]).decode()
            row = rows.cells(listed)
        row[layout.recorded] = self._recorded
        if layout.act:
            row.append(until)
        chunk.blocks[layout.name].append("\t".join(row) + "\n")
        chunk.facts += 1
        return b"+%b%d|%d|%b" % (layout.prefix, key, fact_id, witness)

    def _witness(self, chunk: Chunk, entry_id: int, subject: int | None, fields: str, lines: list[bytes]) -> None:
        lines.sort()
        digest = hashlib.sha256(b"\n".join(lines)).hexdigest()
        chunk.blocks[PENDING].append(
            f"{entry_id}\twrite\t{self._who}\t{cell(subject)}\t{fields}\t{self._how}\t\\\\x{digest}\t{self._note}\n"
        )

    def _areas_of(self, draft: m.PersonDraft) -> tuple[int, ...]:
        """As `service.derive.areas_of`: where the person lives, else lived last, else was registered, else what the
        written place may have meant."""
        units: list[int] = []
        past: list[m.ResidenceFact] = []
        for r in draft.residences:
            if r.unit_id is not None and r.kind in _RESIDENT:
                if r.valid.holds(self._today):
                    units.append(r.unit_id)
                elif r.valid.start is None or r.valid.start <= self._today:
                    past.append(r)
        if not units and past:
            last = max(past, key=lambda r: (r.valid.end or date.max, r.valid.start or date.min))
            units = [last.unit_id or 0]
        elif not units and not past and draft.birth.registration_unit is not None:
            units = [draft.birth.registration_unit]
        if len(units) == 1:
            return tuple(self.areas(units[0]))
        found = tuple(dict.fromkeys(area for unit in units for area in self.areas(unit)))
        return found or areas_named(m.written_place(draft.residences, draft.birth), self._today)

    def _search(self, block: list[str], draft: m.PersonDraft, key: int, areas: tuple[int, ...]) -> None:
        name = next((n for n in draft.names if n.kind == m.NameKind.BIRTH and n.valid.end is None), None)
        if name is None:
            return
        keys = normal_form(name.full_name).keys
        birth = draft.birth
        terms = ",".join(search_terms(keys.ascii, birth.year, areas))
        block.append(
            f"{key}\t{rows.ints(areas)}\t{cell(keys.ascii)}\t{cell(keys.tone_folded)}\t{cell(keys.sort)}"
            f"\t{cell(birth.year)}\t{cell(birth.month)}\t{cell(birth.day)}\t{{{terms}}}\n"
        )


def _event(event: PersonEvent) -> str:
    return f"{event.topic}\t{event.person_key}\t{cell(rows.canonical(event.payload()).decode())}\n"


def _key_of(fact: m.Fact, person_key: int) -> int:
    return fact.household_key if isinstance(fact, m.HouseholdFact) else person_key


def alive_until(life: Sequence[m.LifeFact]) -> str:
    """The column of that name: last possible day of the registered death, else 'infinity'."""
    for fact in life:
        if fact.status == m.LifeStatus.DEAD:
            if fact.year is not None:
                return PartialDate(fact.year, fact.month, fact.day).latest().isoformat()
            return fact.valid.start.isoformat() if fact.valid.start else "infinity"
    return "infinity"


def groups(draft: m.PersonDraft) -> tuple[str, ...]:
    """Codes of the data groups a draft gives values for: the `fields` of its evidence entry."""
    birth = draft.birth
    found = [
        "birth_name" if any(n.kind == m.NameKind.BIRTH for n in draft.names) else "",
        "other_name" if any(n.kind == m.NameKind.OTHER for n in draft.names) else "",
        "personal_id" if any(n.kind == m.NumberKind.PERSONAL_ID for n in draft.numbers) else "",
        "birth_date" if birth.year is not None else "",
        "sex" if birth.sex != m.Sex.UNDETERMINED else "",
        "birth_place" if birth.birth_unit or birth.birth_place else "",
        "birth_registration" if birth.registration_unit or birth.registration_place else "",
        "origin" if birth.origin_unit or birth.origin_place else "",
        "ethnicity" if draft.traits and draft.traits[0].ethnicity else "",
        "religion" if draft.traits and draft.traits[0].religion else "",
        "nationality" if draft.traits and draft.traits[0].nationality else "",
        "blood_group" if draft.traits and draft.traits[0].blood_group else "",
        "old_number" if any(n.kind != m.NumberKind.PERSONAL_ID for n in draft.numbers) else "",
        "card" if draft.cards else "",
        "kin" if draft.kin else "",
        *(_RESIDENCE_GROUP[r.kind] for r in draft.residences),
        "marital_status" if draft.marital else "",
        "household_relation" if draft.memberships else "",
        "life_status" if draft.life else "",
        "contact" if draft.contacts else "",
        "other" if draft.other else "",
    ]
    return tuple(filter(None, found))


_RESIDENCE_GROUP: Final = {
    m.ResidenceKind.PERMANENT: "permanent_residence",
    m.ResidenceKind.TEMPORARY: "temporary_residence",
    m.ResidenceKind.CURRENT: "current_place",
    m.ResidenceKind.ABSENCE: "temporary_absence",
}


@lru_cache(maxsize=4096)
def _fields(codes: tuple[str, ...]) -> str:
    return rows.codes(codes)
