"""What becomes of a household whose head moves: asked only of those who head one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from dancu.kit.i18n import N_
from dancu.population import service
from dancu.population.forms.fields import Field
from dancu.population.forms.pick import RELATIONS
from dancu.population.forms.reading import Reading
from dancu.population.models import HouseholdRelation, PersonView
from dancu.population.policy.headship import HeadMoves, Headship

CHOICES = {
    HeadMoves.AS_IS.value: N_("Giữ nguyên hộ, chủ hộ vẫn là người này"),
    HeadMoves.TOGETHER.value: N_("Cả hộ cùng chuyển đến nơi mới"),
    HeadMoves.NEW_HEAD.value: N_("Người này ra khỏi hộ, người khác làm chủ hộ"),
}


def heads(view: PersonView | None) -> bool:
    """Does this person head the household they belong to?"""
    return view is not None and view.household is not None and view.household.head_key == view.person_key


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMovesField(Field):
    """Gives a Headship; `AS_IS` for who heads no household, without asking."""

    macro: ClassVar[str] = "head_moves"

    def initial(self, view: PersonView | None, today: date) -> dict[str, Any]:
        return {self.name: HeadMoves.AS_IS.value}

    async def prepare(self, r: Reading) -> None:
        membership = r.person.membership
        if membership is None or not heads(r.person):
            r.offers[self.name] = None
            return
        members, hidden = await service.household_members(r.conn, r.actor, r.purpose, membership.household_key)
        others = [
            (one.person_key, one.name.full_name if one.name else "", one.membership.relation if one.membership else "")
            for one in members
            if one.person_key != r.person.person_key
        ]
        table = {code: text for code, text in CHOICES.items() if others or code != HeadMoves.NEW_HEAD}
        r.offers[self.name] = {"table": table, "members": others, "hidden": hidden, "relations": list(RELATIONS.items())}

    async def read(self, r: Reading) -> Headship:
        offer = r.offers[self.name]
        if offer is None:
            return Headship()
        chosen = r.form.value(self.name)
        if chosen not in offer["table"]:
            r.wrong(self.name, "field.choice", N_("Xin chọn một trong các lựa chọn."))
            return Headship()
        if chosen != HeadMoves.NEW_HEAD:
            return Headship(HeadMoves(chosen))
        keys = {str(key): key for key, *_ in offer["members"]}
        head = keys.get(r.form.value(f"{self.name}_head"))
        if head is None:
            r.wrong(self.name, "household.new_head", N_("Hãy chọn ai làm chủ hộ mới."))
            return Headship()
        relations = {
            key: HouseholdRelation(value)
            for name, key in keys.items()
            if key != head and (value := r.form.value(f"{self.name}_{name}")) in RELATIONS
        }
        return Headship(HeadMoves.NEW_HEAD, head, relations)
