"""A place in people's own words, read as a unit of its day. What is in doubt is asked, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from dancu.kernel.dates import PartialDate
from dancu.kit.i18n import N_
from dancu.population import wording
from dancu.population.forms.fields import REQUIRED, Field
from dancu.population.forms.reading import Reading
from dancu.population.models import Fact, PersonView
from dancu.population.policy.residence import Place
from dancu.territory import service as territory

AS_TYPED = "text"
_COMMUNE = 3
_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceField(Field):
    """`on` names the field of the form with the day on which the place is meant (a whole or partial date). `home`: to
    live in, so a commune is needed, and a hamlet where the commune keeps them. The choice among candidates travels in
    `<name>_unit`, together with the text it was offered for, so that it does not outlive an edited text."""

    macro: ClassVar[str] = "place"
    on: str = ""
    home: bool = False

    def initial(self, view: PersonView | None, today: date) -> dict[str, Any]:
        place = self.start(view, today) if self.start and view else None
        return {self.name: wording.place(place.unit_id, place.address)} if place is not None else {}

    async def prepare(self, r: Reading) -> None:
        r.offers.setdefault(self.name, {})

    async def read(self, r: Reading) -> Place | None:
        text = " ".join(r.form.value(self.name).split())
        if not text:
            if not self.optional:
                r.wrong(self.name, "field.required", REQUIRED)
            return None
        if len(text) > 300:
            r.wrong(self.name, "field.too_long", N_("Nội dung này dài quá."))
            return None
        was = self.start(r.view, r.today) if self.start and r.view else None
        if was is not None and text == wording.place(was.unit_id, was.address):
            return was if isinstance(was, Place) else None
        return await self._resolve(r, text)

    async def _resolve(self, r: Reading, text: str) -> Place | None:
        day = self._day(r)
        found = await territory.resolve_with_hamlet(r.conn, text, day)
        chosen = r.form.value(f"{self.name}_unit") if r.form.value(f"{self.name}_for") == text else ""
        candidates = [c.unit for c in found.candidates if not self.home or c.unit.level == _COMMUNE][:_MOST]
        if chosen == AS_TYPED and not self.home:
            return Place(address=text)
        unit = found.unit if found.unit is not None and found.unit in candidates else None
        for candidate in candidates:
            if chosen == str(candidate.unit_id):
                unit = candidate
        if unit is None:
            self._ask(r, text, [(str(u.unit_id), wording.place(u.unit_id)) for u in candidates])
            return None
        place = Place(unit_id=unit.unit_id, hamlet_id=found.hamlet_id, address=found.rest)
        return await self._hamlet(r, place, day, text) if self.home else place

    def _ask(self, r: Reading, text: str, options: list[tuple[str, str]]) -> None:
        if not self.home:
            options = [*options, (AS_TYPED, "")]
        r.offers[self.name] = {"units": options, "for": text}
        if not options:
            r.wrong(self.name, "place.unknown", N_("Không nhận ra nơi này. Hãy ghi đủ xã, phường và tỉnh, thành phố."))
        elif self.home:
            r.wrong(self.name, "place.ambiguous", N_("Chưa rõ là xã, phường nào. Hãy chọn bên dưới hoặc ghi rõ hơn."))
        else:
            r.wrong(self.name, "place.ambiguous", N_("Chưa rõ là nơi nào vào thời điểm đó. Hãy chọn bên dưới."))

    async def _hamlet(self, r: Reading, place: Place, day: date, text: str) -> Place | None:
        """A hamlet the text does not name is asked for once; "not known" is an answer."""
        assert place.unit_id is not None
        if place.hamlet_id is not None:
            return place
        known = await territory.hamlets_of(r.conn, place.unit_id, day)
        if not known:
            return place
        chosen = r.form.value(f"{self.name}_hamlet") if r.form.value(f"{self.name}_for") == text else ""
        r.offers[self.name] = {
            "hamlets": [(str(h.hamlet_id), f"{h.kind.capitalize()} {h.name}") for h in known],
            "units": [(str(place.unit_id), wording.place(place.unit_id))],
            "for": text,
        }
        if chosen == "0":
            return place
        if any(str(h.hamlet_id) == chosen for h in known):
            return Place(unit_id=place.unit_id, hamlet_id=int(chosen), address=place.address)
        r.wrong(self.name, "place.hamlet", N_("Hãy chọn thôn, tổ dân phố, hoặc chọn chưa rõ."))
        return None

    def _day(self, r: Reading) -> date:
        on = r.values.get(self.on)
        if isinstance(on, Fact):  # the place of a recorded fact: meant on its first day
            on = on.valid.start
        if isinstance(on, PartialDate):
            on = on.latest()
        return min(on, r.today) if isinstance(on, date) else r.today
