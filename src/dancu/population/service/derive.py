"""What a person's row and search row say, worked out from the facts."""

from __future__ import annotations

from datetime import date

from dancu.kernel.errors import Invalid
from dancu.kernel.names import normal_form
from dancu.kit.i18n import N_
from dancu.population.matching import search_terms
from dancu.population.models import PersonView, ResidenceKind, missing_groups, written_place
from dancu.population.policy.work import Work
from dancu.population.store.persons import Derived, SearchRow
from dancu.territory.service import areas_named, gazetteer

_RESIDENT = (ResidenceKind.PERMANENT, ResidenceKind.TEMPORARY, ResidenceKind.CURRENT)


def units_of(view: PersonView) -> tuple[int, ...]:
    """Units a person belongs to on the view's day: where they live, permanently, for a time, at present. Who
    lives nowhere (the dead, the removed) belongs where they lived last; who never lived anywhere, to the
    office that registered the birth, because somebody must be able to see the record."""
    residences = [r for r in view.residences if r.unit_id is not None and r.kind in _RESIDENT]
    living = [r.unit_id for r in residences if r.valid.holds(view.as_of) and r.unit_id is not None]
    if living:
        return tuple(dict.fromkeys(living))
    past = [r for r in residences if r.valid.start is None or r.valid.start <= view.as_of]
    if past:
        last = max(past, key=lambda r: (r.valid.end or date.max, r.valid.start or date.min))
        return (last.unit_id,) if last.unit_id is not None else ()
    birth = view.births[-1] if view.births else None
    return (birth.registration_unit,) if birth and birth.registration_unit is not None else ()


def areas_of(view: PersonView, today: date) -> tuple[int, ...]:
    """Candidate communes of today and everything above them, for each unit the person belongs to; where the unit of that
    time is unknown (old books), of each unit the written place may have meant."""
    known = gazetteer()
    found = tuple(dict.fromkeys(area for unit in units_of(view) if unit in known for area in known.areas(unit, today)))
    return found or areas_named(written_place(view.residences, view.births[-1] if view.births else None), today)


def check_units(work: Work) -> None:
    """Every unit a new fact names is one of the gazetteer's. Raises Invalid `place.unit_unknown`."""
    known = gazetteer()
    for change in work.changes():
        if not change.opens:
            continue
        for field in ("unit_id", "birth_unit", "registration_unit", "origin_unit"):
            unit = getattr(change.fact, field, None)
            if unit is not None and unit not in known:
                raise Invalid("place.unit_unknown", N_("Không có đơn vị hành chính này. Hãy chọn lại nơi."))


def derived(view: PersonView, today: date) -> Derived:
    """A merged record is found no more and lacks nothing; its areas stay, so that it can be opened to
    undo."""
    areas = areas_of(view, today) if view.merged_into is None else view.areas
    name = next((n for n in reversed(view.names) if n.kind == "birth"), None)
    if view.merged_into is not None or name is None:
        return Derived(areas, (), None)
    current = view.name or name
    keys = normal_form(current.full_name).keys
    birth = view.birth
    year, month, day = (birth.year, birth.month, birth.day) if birth else (None, None, None)
    row = SearchRow(
        name_ascii=keys.ascii,
        name_folded=keys.tone_folded,
        sort_key=keys.sort,
        year=year,
        month=month,
        day=day,
        terms=tuple(search_terms(keys.ascii, year, areas)),
    )
    return Derived(areas, missing_groups(view), row)
