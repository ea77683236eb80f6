"""A person as plain data, for the JSON API and the command line; and the reading of their date parameters."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_, gettext
from dancu.population import wording
from dancu.population.models import Fact, PersonView, Source, Valid
from dancu.territory import service as territory

if TYPE_CHECKING:
    from dancu.population.service.search import Hit


def on_day(text: str) -> date | None:
    """A full day from a parameter, None when it is empty. Raises Invalid `as_of.partial` for a year or month alone,
    `as_of.unclear` for what can only be read by guessing: a question about a day is answered for that day or not at
    all."""
    if not text.strip():
        return None
    read = parse_date(text)
    if read.findings:
        raise Invalid("as_of.unclear", N_("Ngày này không rõ ràng. Hãy nhập dd/mm/yyyy hoặc yyyy-mm-dd."))
    parsed = read.date
    if parsed.day is None or parsed.month is None:
        raise Invalid("as_of.partial", N_("Hãy nhập đủ ngày, tháng, năm (dd/mm/yyyy)."))
    return date(parsed.year, parsed.month, parsed.day)


def moment(text: str) -> datetime | None:
    """An instant from a parameter; a bare day means its end in Vietnam. Raises Invalid `known_at.unreadable`."""
    text = text.strip()
    if not text:
        return None
    try:
        if "T" in text or ":" in text:
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(UTC)
        day = on_day(text)
    except (ValueError, OverflowError) as error:  # overflow: the first and last hours of the calendar
        raise Invalid("known_at.unreadable", N_("Không đọc được thời điểm. Ví dụ: 2023-03-01 hoặc 2023-03-01T08:00:00.")) from error
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999999, VIETNAM).astimezone(UTC) if day else None


def partial(year: int | None, month: int | None, day: int | None) -> str | None:
    """ISO form of a partial date, None when nothing is known."""
    return str(PartialDate(year, month, day)) if year else None


def source_json(source: Source) -> dict[str, Any]:
    return {"kind": source.kind, "ref": source.ref, "date": source.date.isoformat() if source.date else None}


def _period(valid: Valid) -> dict[str, Any]:
    return {
        "valid_from": valid.start.isoformat() if valid.start else None,
        "valid_to": valid.end.isoformat() if valid.end else None,
    }


_SKIPPED = {"source", "valid", "stored", "origins"}


def fact_json(fact: Fact) -> dict[str, Any]:
    """A fact's own columns, its valid time, its source, and since when the registry has known it."""
    found: dict[str, Any] = {}
    for column in fields(fact):
        if column.name in _SKIPPED:
            continue
        value = getattr(fact, column.name)
        if isinstance(value, date):
            value = value.isoformat()
        found[column.name] = value
        if column.name.endswith("unit") or column.name == "unit_id":
            found[column.name.removesuffix("_id") + "_name"] = place_name(value)
    found |= _period(fact.valid)
    found["source"] = source_json(fact.source)
    if fact.stored is not None:
        found["known_from"] = fact.stored.known_from.isoformat()
        found["known_until"] = fact.stored.known_until.isoformat() if fact.stored.known_until else None
    return found


def place_name(unit_id: int | None) -> str | None:
    """Full name of a unit as it was called."""
    return territory.gazetteer().full_name(unit_id) if unit_id is not None else None


def as_json(view: PersonView) -> dict[str, Any]:
    """A person as of a day, as known at a moment."""
    birth = view.birth
    return {
        "person_key": view.person_key,
        "as_of": view.as_of.isoformat(),
        "known_at": view.known_at.isoformat() if view.known_at else None,
        "personal_id": view.personal_id.number if view.personal_id else None,
        "name": view.name.full_name if view.name else None,
        "born": partial(birth.year, birth.month, birth.day) if birth else None,
        "sex": birth.sex if birth else None,
        "alive": view.alive_until is None if any(view.facts()) else None,
        "merged_into": view.merged_into,
        "missing": list(view.missing),
        "names": [fact_json(f) for f in view.holding(view.names)],
        "birth": [fact_json(f) for f in view.holding(view.births)],
        "traits": [fact_json(f) for f in view.holding(view.traits)],
        "numbers": [fact_json(f) for f in view.holding(view.numbers)],
        "residences": [fact_json(f) for f in view.holding(view.residences)],
        "household": fact_json(view.household) if view.household else None,
        "membership": fact_json(view.membership) if view.membership else None,
        "kin": [fact_json(f) for f in view.holding(view.kin)],
        "marital": [fact_json(f) for f in view.holding(view.marital)],
        "cards": [fact_json(f) for f in view.holding(view.cards)],
        "contacts": [fact_json(f) for f in view.holding(view.contacts)],
        "life": [fact_json(f) for f in view.life],
        "other": [fact_json(f) for f in view.others],
    }


def as_lines(view: PersonView) -> list[str]:
    """The same for a terminal: what holds on the day, one value a line, with its source and its date."""
    today = SYSTEM_CLOCK.today()
    facts: tuple[Fact, ...] = (*view.facts(), *((view.household,) if view.household else ()))
    found = []
    for fact in view.holding(facts):
        for line in wording.lines(fact, today):
            if line.value:
                value = wording.grouped(line.value) if line.number else line.value
                said = ", ".join(part for part in (line.source, f"{line.on:%d/%m/%Y}" if line.on else "") if part)
                found.append(f"{line.term}: {value}" + (f" ({line.note})" if line.note else "") + (f"  [{said}]" if said else ""))
    if view.merged_into:
        found.insert(0, gettext(N_("Hồ sơ này đã gộp vào hồ sơ số {key}."), key=view.merged_into))
    return found or [gettext(N_("Vào thời điểm đó cơ sở dữ liệu chưa biết gì về người này."))]


def hit_json(hit: Hit) -> dict[str, Any]:
    """One line of a search result."""
    place = ", ".join(part for part in (hit.address, place_name(hit.unit_id)) if part)
    return {
        "person_key": hit.person_key, "personal_id": hit.personal_id, "name": hit.full_name,
        "birth": str(hit.birth) if hit.birth else None, "sex": hit.sex, "residence": place, "alive": hit.alive,
        "score": round(hit.score, 3),
    }  # fmt: skip
