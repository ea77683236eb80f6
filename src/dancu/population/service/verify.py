"""Comparing what somebody declared with the registry: an answer per field, no data out.

The cheapest use of the registry and the one to prefer: whoever asks learns whether the declaration agrees, and nothing
they did not bring with them. Each comparison is an evidence entry of the person it was about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from rapidfuzz.distance import OSA

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.dates import Answer, PartialDate
from dancu.kernel.names import NameForm, NameKeys, normal_form, search_tokens
from dancu.kernel.numbers import normalize_phone
from dancu.kit.db import Conn
from dancu.population.models import ContactKind, KinRelation, MaritalStatus, PersonView, ResidenceKind
from dancu.population.service.look import check_number, keys_by_number, look, nobody, refusal
from dancu.population.store import facts, gate
from dancu.territory import service as territory

# The fields that can be compared. `birth` is ISO text (Y, Y-M or Y-M-D), `sex` "male"/"female", `phone` digits. The last
# three stand on no card: the year since which one lives at the present permanent address, the year of the present
# marriage, how many children are registered.
COMPARABLE = ("name", "birth", "sex", "phone", "email", "old_number", "moved", "married", "children")
_NAME_TYPOS = 2


class Agreement(StrEnum):
    """How a declared value stands to the registry's. `CLOSE`: a difference people make (tone marks, order, a wrong
    letter, only the year); `UNKNOWN`: the registry says nothing of it."""

    YES = "yes"
    NO = "no"
    CLOSE = "close"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of a comparison. `found` False: no living record carries the number, and `fields` is empty.
    `person_key`, `alive` and `born` are for the verb that asked, never for whoever declared."""

    found: bool
    fields: Mapping[str, Agreement]
    person_key: int = 0
    alive: bool = True
    born: PartialDate | None = None
    entry_id: int = 0

    @property
    def agrees(self) -> bool:
        """Everything declared agrees outright."""
        return self.found and bool(self.fields) and all(word is Agreement.YES for word in self.fields.values())


def compare_name(declared: str, registered: str) -> Agreement:
    """Names by the kernel's keys: tone placement and case do not matter; diacritics left out, the order of the words or
    one or two wrong letters are close."""
    return compare_keys(normal_form(declared).keys, registered)


def compare_keys(theirs: NameKeys, registered: str) -> Agreement:
    """As `compare_name`, where the keys of what was declared are known."""
    ours = normal_form(registered).keys
    if ours.tone_folded == theirs.tone_folded:
        return Agreement.YES
    if ours.ascii == theirs.ascii or sorted(ours.ascii.split()) == sorted(theirs.ascii.split()):
        return Agreement.CLOSE
    return Agreement.CLOSE if OSA.distance(ours.ascii, theirs.ascii, score_cutoff=_NAME_TYPOS) <= _NAME_TYPOS else Agreement.NO


def compare_birth(declared: str, registered: PartialDate) -> Agreement:
    """Partial dates: equal is yes, one containing the other is close, day and month swapped is close."""
    return compare_dates(PartialDate.from_iso(declared), registered)


def compare_dates(theirs: PartialDate, registered: PartialDate) -> Agreement:
    """`compare_birth` of a date that was read already."""
    if theirs == registered:
        return Agreement.YES
    if theirs.same(registered) is not Answer.NO:
        return Agreement.CLOSE
    swapped = (theirs.year, theirs.day, theirs.month) == (registered.year, registered.month, registered.day)
    return Agreement.CLOSE if swapped else Agreement.NO


def compare(view: PersonView, declared: Mapping[str, str]) -> dict[str, Agreement]:
    """Each declared field against an opened record, as it holds on the record's day."""
    return {field: _one(view, field, value) for field, value in declared.items() if field in COMPARABLE and value}


def _one(view: PersonView, field: str, value: str) -> Agreement:
    if field == "name":
        words = [compare_name(value, fact.full_name) for fact in (view.name, *view.other_names) if fact is not None]
        return next((word for word in (Agreement.YES, Agreement.CLOSE, Agreement.NO) if word in words), Agreement.UNKNOWN)
    if field == "birth":
        born = view.born
        return compare_birth(value, born) if born else Agreement.UNKNOWN
    if field == "sex":
        return _same(value, view.birth.sex if view.birth else None)
    if field == "old_number":
        return _among(value, [fact.number for fact in view.numbers])
    if field in _OF_LIFE:
        known_number = _OF_LIFE[field](view)
        return _same(value.strip().lstrip("0") or "0", None if known_number is None else str(known_number))
    kind = ContactKind.PHONE if field == "phone" else ContactKind.EMAIL
    known = [fact.value for fact in view.holding(view.contacts) if fact.kind == kind]
    return _among(normalize_phone(value) if field == "phone" else value.casefold(), [v.casefold() for v in known])


def _moved(view: PersonView) -> int | None:
    homes = [r for r in view.holding(view.residences) if r.kind == ResidenceKind.PERMANENT and r.valid.start]
    return homes[0].valid.start.year if homes and homes[0].valid.start else None


def _married(view: PersonView) -> int | None:
    for fact in view.holding(view.marital):
        if fact.status == MaritalStatus.MARRIED and fact.valid.start:
            return fact.valid.start.year
    return None


def _children(view: PersonView) -> int:
    return sum(fact.relation == KinRelation.CHILD for fact in view.holding(view.kin))


_OF_LIFE: Final[Mapping[str, Callable[[PersonView], int | None]]] = {"moved": _moved, "married": _married, "children": _children}


def _same(value: str, known: str | None) -> Agreement:
    return Agreement.UNKNOWN if known is None else Agreement.YES if value == known else Agreement.NO


def _among(value: str, known: list[str]) -> Agreement:
    return Agreement.UNKNOWN if not known else Agreement.YES if value in known else Agreement.NO


async def verify(
    conn: Conn, actor: Actor, purpose: Purpose, number: str, declared: Mapping[str, str], *, as_of: date | None = None
) -> Comparison:
    """Compare `declared` with the record that carries `number` (a personal ID number or CMND, also a replaced one).
    Raises Invalid for a number of the wrong length and NotAllowed where the gate refuses; an unknown number is an
    answer (`found` False), kept in the log though it is in no citizen's list."""
    check_number(number)
    fields = ("number", *(field for field in COMPARABLE if declared.get(field)))
    keys = await keys_by_number(conn, number)
    opened = []
    for verdict in await look(conn, actor, purpose, keys, fields, "person.verify"):
        if not verdict.ok:
            raise refusal(verdict.word)
        opened.append(verdict)
    if not opened:
        refused = nobody(actor, purpose)
        if refused.evidence is not None:
            await refused.evidence(conn)
        return Comparison(False, {})
    views = await facts.load_view(conn, [v.person_key for v in opened], as_of=as_of)
    verdict = min(opened, key=lambda v: views[v.person_key].merged_into is not None)
    view = views[verdict.person_key]
    return Comparison(
        True, compare(view, declared), view.person_key, view.alive_until is None,
        view.born, verdict.entry_id,
    )  # fmt: skip


async def release(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, fields: tuple[str, ...], *, as_of: date | None = None,
    permission: str = "person.release",
) -> PersonView:  # fmt: skip
    """The record of one person for a program to which an agreement or the person's consent releases `fields`, or for a desk
    that holds another narrow `permission`: recorded with exactly those fields. The caller shows no others. Raises NotFound,
    NotAllowed."""
    return (await released(conn, actor, purpose, key, fields, as_of=as_of, permission=permission))[1]


async def released(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, fields: tuple[str, ...], *, as_of: date | None = None,
    permission: str = "person.release",
) -> tuple[int, PersonView]:  # fmt: skip
    """As `release`, with the id of the evidence entry."""
    (verdict,) = await look(conn, actor, purpose, [key], fields, permission)
    if not verdict.ok:
        error = refusal(verdict.word)
        error.evidence = lambda other: look(other, actor, purpose, [key], fields, permission)
        raise error
    view = (await facts.load_view(conn, [key], as_of=as_of))[key]
    await territory.learn_hamlets(conn, [*(r.hamlet_id for r in view.residences), *(h.hamlet_id for h in view.households)])
    return verdict.entry_id, view


async def named(conn: Conn, form: NameForm, born: PartialDate, areas: tuple[int, ...] | None) -> list[int]:
    """Whom a name and a birth date (at least the year), and areas where given, name: at most two keys, two meaning several. As
    the name is written, else without its marks. Says nothing of anybody: the gate is asked next."""
    terms = [f"{born.year}:{token}" for token in dict.fromkeys(search_tokens(form.normal))]
    return await gate.named(conn, terms, form.keys.tone_folded, form.keys.ascii, (born.year, born.month, born.day), areas)
