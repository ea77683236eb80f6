"""Applications that wait at the demonstration's own ward from its first day: one nobody has looked at in time, passed up by the
same job as everywhere, and one whose day is near. Without them no officer who tries the demonstration sees the clock at work.

Whom they name lives in the ward and has an identity card; that they applied, and with what, is made up and marked so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from dancu.accounts.models.application import Claim, Found
from dancu.accounts.policy.registration import reasons
from dancu.accounts.rules import rule_on
from dancu.accounts.service import upkeep
from dancu.accounts.service.apply import new_ref
from dancu.accounts.service.claims import seal_claim, seal_portrait
from dancu.demo.people import AS_OF
from dancu.demo.personas import RESERVED_NUMBERS, WARD
from dancu.demo.portraits import portrait
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.names import ascii_key
from dancu.kernel.workdays import add_working_days, is_working_day
from dancu.kit.db import Conn, connection
from dancu.population.service.verify import compare_name
from dancu.territory.service import gazetteer

_WHO: Final = """
    SELECT n.person_key, n.number, f.full_name, b.birth_year, b.birth_month, b.birth_day FROM population.residence r
      JOIN population.directory n ON n.person_key = r.person_key AND n.kind = 'personal_id' AND n.state = 'active'
      JOIN population.person p ON p.person_key = r.person_key AND p.alive_until = 'infinity' AND p.merged_into IS NULL
      JOIN population.person_birth b ON b.person_key = r.person_key AND upper_inf(b.recorded)
           AND b.birth_year < %(grown)s AND b.birth_month IS NOT NULL AND b.birth_day IS NOT NULL
      JOIN population.person_name f ON f.person_key = r.person_key AND upper_inf(f.recorded) AND f.kind = 'birth'
     WHERE r.unit_id = %(ward)s AND r.kind = 'permanent' AND upper_inf(r.recorded) AND r.valid @> %(today)s::date
       AND n.number <> ALL (%(spared)s)
       AND EXISTS (SELECT FROM population.card c WHERE c.person_key = r.person_key AND c.state = 'active' AND upper_inf(c.recorded))
       AND NOT EXISTS (SELECT FROM accounts.application a WHERE a.person_key = r.person_key)
       AND NOT EXISTS (SELECT FROM accounts.account a WHERE a.person_key = r.person_key)
     ORDER BY hashint8(r.person_key) LIMIT %(many)s
"""
_INSERT: Final = """
    INSERT INTO accounts.application (ref, person_key, level, channel, state, reasons, findings, claimed, portrait, rule, unit_id, areas,
        submitted_at, due_on, checked_at, made_up)
    VALUES (%s, %s, 1, 'online', 'waiting', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, true)
"""


@dataclass(frozen=True, slots=True)
class _Case:
    """`working_days_ago` it was handed in; `unmarked`: the name was typed without its marks."""

    working_days_ago: int
    phone: str
    subscriber: str
    unmarked: bool = False


_CASES: Final = (_Case(7, "+84589000011", "unknown", unmarked=True), _Case(1, "+84589000012", "differs"))


async def seed() -> int:
    """Fill the demonstration's own database, and let the clock's job see it; how many wait."""
    ward = gazetteer().by_code(WARD, AS_OF)
    async with connection("admin") as conn:
        made = await fill(conn, ward.unit_id) if ward is not None else 0
    async with connection("worker") as conn:
        await upkeep.escalate(conn, SYSTEM_CLOCK.today())
    return made


async def fill(conn: Conn, ward: int) -> int:
    """Write them for the ward with this unit id, by the database's administrator; how many. A small province may have nobody to name."""
    today, places = SYSTEM_CLOCK.today(), gazetteer()
    heirs = places.successors(ward, today)
    unit = heirs[0].unit_id if heirs else ward
    areas = list(places.areas(ward, today))
    wanted = {"ward": ward, "grown": today.year - 20, "today": today, "spared": list(RESERVED_NUMBERS), "many": len(_CASES)}
    people = await (await conn.execute(_WHO, wanted)).fetchall()
    for case, person in zip(_CASES, people, strict=False):
        await conn.execute(_INSERT, _row(case, person, unit, areas, today))
    return min(len(_CASES), len(people))


def _row(case: _Case, person: tuple[Any, ...], unit: int, areas: list[int], today: date) -> tuple[Any, ...]:
    key, number, name, year, month, day = person
    ref, rule = new_ref(), rule_on(today)
    handed_in = _working_days_before(today, case.working_days_ago)
    at = datetime.combine(handed_in, time(9, 12), VIETNAM).astimezone(UTC)
    typed = ascii_key(name).title() if case.unmarked else name
    claim = Claim(number=number, name=typed, birth=f"{year}-{month:02d}-{day:02d}", phone=case.phone, email="")
    found = Found(
        number_known=True, name=str(compare_name(typed, name)), birth="yes", age=today.year - year, subscriber=case.subscriber,
        card_valid=True, portrait_checked=True,
    )  # fmt: skip
    due = add_working_days(handed_in, rule.level_1_days)
    return (
        ref, key, list(reasons(found, rule)), Jsonb(found.as_findings()), seal_claim(ref, claim), seal_portrait(ref, portrait(key)),
        rule.code, unit, areas, at, due, at + timedelta(seconds=4),
    )  # fmt: skip


def _working_days_before(day: date, count: int) -> date:
    """The working day `count` working days before `day`."""
    while count:
        day -= timedelta(days=1)
        count -= is_working_day(day)
    return day
