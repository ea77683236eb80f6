"""Finding a person by name with a date or year of birth and/or a place.

Words of the name may come in any order, without diacritics, with tones placed either way, with one wrong letter a
word, or with one word too many. The narrowest reading that finds somebody is answered. Without a year of birth or a
commune the desk is told what to add: nobody trawls the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from dancu.audit import service as audit
from dancu.kernel import names
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import Exceeded, Invalid
from dancu.kernel.names.syllables import ascii_syllables
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models import PersonView
from dancu.population.service.look import look, refusal
from dancu.population.store import facts, gate
from dancu.territory import service as territory

MOST = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_AREAS = 80
# A word of two letters with one changed could be any other; a word longer than any syllable written with its neighbour
# is no slip of the pen, and its variants would be megabytes of query.
_TYPO_FROM, _TYPO_UNTIL = 3, 14


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a search result, with what the desk needs to tell people apart."""

    person_key: int
    full_name: str
    birth: PartialDate | None
    sex: str
    personal_id: str | None
    unit_id: int | None
    address: str
    alive: bool
    score: float


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked, understood. `areas` are territory unit ids of today."""

    tokens: tuple[str, ...]
    name: names.NameForm
    born: PartialDate | None
    areas: tuple[int, ...] | None
    widest: int = 3


def understand(text: str, born: str = "", place: str = "", *, today: date | None = None) -> Query:
    """Read the three boxes of the search form. Raises Invalid (`search.*`) saying what to mend or to add."""
    today = today or SYSTEM_CLOCK.today()
    form = names.normal_form(text)
    tokens = tuple(dict.fromkeys(names.search_tokens(form.normal)))
    if not tokens:
        raise Invalid("search.empty", "Hãy nhập họ tên, hoặc ít nhất là tên gọi.")
    if len(tokens) > 7:
        raise Invalid("search.too_long", "Họ tên có quá nhiều từ. Hãy nhập tối đa 7 từ.")
    when = parse_date(born).date if born.strip() else None
    areas: tuple[int, ...] | None = None
    widest = 3
    if place.strip():
        areas, widest = _areas(place, today)
    if len(tokens) == 1 and len(tokens[0]) == 1 and (when is None or when.day is None):
        raise Invalid(
            "search.too_broad_letter",
            "Một chữ cái chưa đủ để tìm. Hãy nhập thêm một từ của họ tên, hoặc đủ ngày, tháng, năm sinh.",
        )
    if when is None and (areas is None or widest < 2):
        raise Invalid(
            "search.too_broad",
            "Có quá nhiều người có thể trùng. Hãy thêm năm sinh hoặc ngày sinh, hoặc xã, phường nơi thường trú.",
        )
    return Query(tokens, form, when, areas, widest)


def _areas(place: str, today: date) -> tuple[tuple[int, ...], int]:
    """Unit ids of today for the place as typed, with the level of the widest (1 province … 3 commune)."""
    found = territory.resolve(place, today)
    if not found.candidates:
        raise Invalid("search.unknown_place", "Không nhận ra nơi này. Hãy nhập xã, phường và tỉnh, thành phố.")
    gazetteer = territory.gazetteer()
    best = found.candidates[0].confidence
    units: dict[int, None] = {}
    level = 3
    for candidate in found.candidates:
        # a district that is gone is looked through whole, though one of its heirs bears its name
        if candidate.confidence < best - 0.15 and candidate.via != "district_dissolved":
            continue
        level = min(level, candidate.unit.level)
        if candidate.unit.level == 1:
            units[candidate.unit.unit_id] = None
        else:
            communes = (
                gazetteer.communes(candidate.unit.unit_id, candidate.unit.valid_from or today)
                if candidate.unit.level == 2
                else (candidate.unit,)
            )
            for commune in communes:
                units.update(dict.fromkeys(u.unit_id for u in gazetteer.successors(commune.unit_id, today)))
    return tuple(units)[:_MOST_AREAS], level


def near(token: str) -> tuple[str, ...]:
    """The token and everything one letter away: one dropped, one added, one changed, two swapped."""
    if not _TYPO_FROM <= len(token) <= _TYPO_UNTIL:
        return (token,)
    found: dict[str, None] = {token: None}
    for i in range(len(token) + 1):
        left, right = token[:i], token[i:]
        for letter in _LETTERS:
            found[left + letter + right] = None
            if right:
                found[left + letter + right[1:]] = None
        if right:
            found[left + right[1:]] = None
        if len(right) > 1:
            found[left + right[1] + right[0] + right[2:]] = None
    return tuple(found)


def likely(token: str) -> tuple[str, ...]:
    """The token and the Vietnamese syllables one letter away: a tenth of `near`, and nearly always what was meant."""
    syllables = ascii_syllables()
    return (token, *(variant for variant in near(token) if variant in syllables and variant != token))


def readings(query: Query) -> list[tuple[tuple[str, ...], ...]]:
    """Groups of terms, from the narrowest reading of the query to the most lenient; the dearest comes last."""
    exact = [(token,) for token in query.tokens]
    found = [tuple(exact), tuple(likely(token) for token in query.tokens)]
    if len(query.tokens) >= 3:
        # One word may be wrong altogether: every choice of all but one, as one reading each.
        found += [tuple(c) for c in combinations(exact, len(exact) - 1)]
    # Names of the mountains and of foreigners are no Vietnamese syllables: any letters at all.
    found.append(tuple(near(token) for token in query.tokens))
    return [tuple(_terms(group, query) for group in reading) for reading in found]


def _terms(variants: tuple[str, ...], query: Query) -> tuple[str, ...]:
    if query.born is not None:
        return tuple(f"{query.born.year}:{token}" for token in variants)
    return tuple(f"u{area}:{token}" for area in query.areas or () for token in variants)


async def search(
    conn: Conn, actor: Actor, purpose: Purpose, text: str, *, born: str = "", place: str = "", most: int = MOST
) -> list[Hit]:
    """At most 20 persons of the actor's area, best first; each one shown is an entry of the evidence log. Raises Exceeded
    (`search.too_many`) where the actor was shown as many as their roles are given in an hour or a day."""
    query = understand(text, born, place)
    born_on = query.born
    for reading in readings(query):
        rows = await gate.search(
            conn, actor, purpose,
            gate.Wanted(
                groups=reading, name_ascii=" ".join(query.tokens), name_folded=query.name.keys.tone_folded,
                given=query.tokens[-1], year=born_on.year if born_on else None,
                month=born_on.month if born_on else None, day=born_on.day if born_on else None,
                areas=query.areas, most=min(most, MOST),
            ),
        )  # fmt: skip
        if rows and rows[0][0] == "too_broad":
            broad = Invalid(
                "search.too_broad_name",
                "Có quá nhiều người trùng họ tên này. Hãy nhập đủ họ tên, ngày sinh, hoặc xã, phường nơi thường trú.",
            )
            # "More than so many" was counted from people's data: that somebody asked outlives the rollback.
            broad.evidence = lambda other: _asked_too_broadly(other, actor, purpose)
            raise broad
        if rows and rows[0][0] == "too_many":
            raise await _too_many(conn, actor, purpose)
        if rows and rows[0][0] != "ok":
            error = refusal(rows[0][0])
            error.evidence = lambda other: _again(other, actor, purpose)
            raise error
        if rows:
            return [_hit(row) for row in rows]
    return []


async def hits_of(conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int]) -> list[Hit]:
    """The same lines for persons that one number names together (an old CMND given twice), each look recorded."""
    verdicts = await look(conn, actor, purpose, keys, ("name", "birth", "sex", "number", "residence"))
    views = await facts.load_view(conn, [v.person_key for v in verdicts if v.ok])
    return [_line(view) for view in views.values()]


def _line(view: PersonView) -> Hit:
    birth, home = view.birth, view.permanent
    return Hit(
        view.person_key, view.name.full_name if view.name else "", view.born, birth.sex if birth else "",
        view.personal_id.number if view.personal_id else None, home.unit_id if home else None,
        home.address if home else "", view.alive_until is None, 1.0,
    )  # fmt: skip


async def _again(conn: Conn, actor: Actor, purpose: Purpose) -> None:
    """Record a refused search after its rollback; nothing is searched (no such term exists)."""
    await gate.search(conn, actor, purpose, gate.Wanted((("-",),), "", "", "", None, None, None, None, 1))


async def _too_many(conn: Conn, actor: Actor, purpose: Purpose) -> Exceeded:
    seconds, period, allowed = await gate.search_wait(conn, actor)
    error = Exceeded(
        "search.too_many",
        N_("Trong một ngày bạn đã tìm thấy {allowed} người, là mức của vai trò. Xin đợi {minutes} phút, hoặc tra bằng số định danh.")
        if period == "day"
        else N_("Trong một giờ bạn đã tìm thấy {allowed} người, là mức của vai trò. Xin đợi {minutes} phút, hoặc tra bằng số định danh."),
        allowed=allowed, minutes=max(1, -(-seconds // 60)), seconds=max(1, seconds),
    )  # fmt: skip
    error.evidence = lambda other: _again(other, actor, purpose)
    return error


async def _asked_too_broadly(conn: Conn, actor: Actor, purpose: Purpose) -> None:
    await audit.record(
        conn, actor, purpose, action="search", subjects=[None], fields=["search"], note={"verdict": "too_broad"}
    )


def _hit(row: tuple[object, ...]) -> Hit:
    _, key, name, year, month, day, sex, number, unit_id, address, alive, score = row
    birth = PartialDate(year, month, day) if year else None  # type: ignore[arg-type]
    return Hit(key, name or "", birth, sex or "", number, unit_id, address or "", bool(alive), float(score))  # type: ignore[arg-type]
