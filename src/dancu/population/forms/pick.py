"""Fields that offer what the record itself holds: its facts, the people of its household."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population import service
from dancu.population.forms.fields import Field
from dancu.population.forms.reading import Reading
from dancu.population.forms.relatives import key_of
from dancu.population.forms.words import fact_in_words, finding_in_words
from dancu.population.service import findings
from dancu.population.wording import labels

_CHOOSE = N_("Xin chọn một trong các lựa chọn.")
RELATIONS = {code: text for code, text in labels.RELATION.items() if code != "head"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPick(Field):
    """One recorded fact of the person, by its id."""

    macro: ClassVar[str] = "pick"
    among: Callable[[m.PersonView], Iterable[m.Fact]]

    async def prepare(self, r: Reading) -> None:
        facts = [f for f in self.among(r.person) if f.stored is not None]
        r.offers[self.name] = [(str(f.stored.fact_id), fact_in_words(f, r.today)) for f in facts if f.stored]

    async def read(self, r: Reading) -> m.Fact | None:
        chosen = r.form.value(self.name)
        for fact in self.among(r.person):
            if fact.stored is not None and str(fact.stored.fact_id) == chosen:
                return fact
        r.wrong(self.name, "field.choice", _CHOOSE)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPick(Field):
    """One open finding of the person, by its id."""

    macro: ClassVar[str] = "pick"

    async def prepare(self, r: Reading) -> None:
        found = await findings.open_findings(r.conn, r.person.person_key)
        r.offers[self.name] = [(str(one.finding_id), finding_in_words(one)) for one in found]

    async def read(self, r: Reading) -> int | None:
        for value, _ in r.offers[self.name]:
            if value == r.form.value(self.name):
                return int(value)
        r.wrong(self.name, "field.choice", _CHOOSE)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Housemates(Field):
    """The other members of the person's household, each with a relation to the (new) head; blank leaves one out."""

    macro: ClassVar[str] = "housemates"

    async def prepare(self, r: Reading) -> None:
        membership = r.person.membership
        seen, hidden = [], 0
        if membership is not None:
            members, hidden = await service.household_members(r.conn, r.actor, r.purpose, membership.household_key)
            seen = [
                (one.person_key, one.name.full_name if one.name else "", one.membership.relation if one.membership else "")
                for one in members
                if one.person_key != r.person.person_key
            ]
        r.offers[self.name] = {"members": seen, "hidden": hidden, "relations": list(RELATIONS.items())}

    async def read(self, r: Reading) -> dict[int, m.HouseholdRelation]:
        chosen: dict[int, m.HouseholdRelation] = {}
        for key, *_ in r.offers[self.name]["members"]:
            relation = r.form.value(f"{self.name}_{key}")
            if relation in RELATIONS:
                chosen[key] = m.HouseholdRelation(relation)
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers(Field):
    """Up to `rows` persons by number, each with a relation to the head."""

    macro: ClassVar[str] = "newcomers"
    rows: int = 6

    async def prepare(self, r: Reading) -> None:
        r.offers[self.name] = {"relations": list(RELATIONS.items()), "rows": range(1, self.rows + 1)}

    async def read(self, r: Reading) -> dict[int, m.HouseholdRelation]:
        found: dict[int, m.HouseholdRelation] = {}
        for row in range(1, self.rows + 1):
            name = f"{self.name}_{row}"
            if not r.form.value(name):
                continue
            relation = r.form.value(f"{name}_relation")
            if relation not in RELATIONS:
                r.wrong(f"{name}_relation", "field.choice", _CHOOSE)
            key = await key_of(r, name)
            if key is not None and relation in RELATIONS:
                found[key] = m.HouseholdRelation(relation)
        return found
