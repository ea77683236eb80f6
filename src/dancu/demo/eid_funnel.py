"""A funnel of electronic identity to look at: applications of the last weeks, most approved and told of, few activated and
fewer used, as one town of the field had it in April 2023 (14,000 applications, about 1,200 activated). Scaled to the
province's people and marked as made up: no message is ever sent for them, and no account here has a way to sign in.

Only people without a registered phone are taken, so that whoever tries the demonstration can apply with any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from dancu.accounts.models.application import Claim
from dancu.accounts.rules import rule_on
from dancu.accounts.service.apply import new_ref
from dancu.accounts.service.claims import seal_claim
from dancu.demo.personas import RESERVED_NUMBERS
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kernel.workdays import add_working_days
from dancu.kit.db import Conn, connection
from dancu.territory.service import gazetteer

#: Of a hundred people so many applied within the weeks: 14,000 of the town's 125,000.
APPLIED_PERCENT: Final = 11
WEEKS: Final = 11
_APPROVED, _NOTIFIED, _USED = 0.965, 0.93, 0.62
_CHANNELS: Final = (("counter", 0.52), ("online", 0.36), ("doorstep", 0.12))
#: Who came to a counter was shown how; of those approved elsewhere hardly anybody went on.
_ACTIVATED: Final = {"counter": 0.11, "online": 0.09, "doorstep": 0.05}
_IDLE: Final = (("wrong_phone", 0.17), ("no_smartphone", 0.12), ("no_help", 0.1), ("away", 0.08), ("ill_or_old", 0.04), ("unwilling", 0.02))
_ACCOUNT: Final = (
    "person_key, level, state, channel, office, unit_id, approved_at, notified_at, activate_by, activated_at, used_at,"
    " last_used_at, idle_reason, made_up"
)
_APPLICATION: Final = (
    "ref, person_key, level, channel, state, claimed, rule, office, unit_id, areas, submitted_at, due_on, decided_by, decided_at,"
    " checked_at, decision, made_up"
)
_PEOPLE: Final = """
    SELECT n.person_key, n.number, r.unit_id FROM population.directory n
      JOIN population.person p ON p.person_key = n.person_key AND p.alive_until = 'infinity'
      JOIN population.person_birth b ON b.person_key = n.person_key AND upper_inf(b.recorded) AND b.birth_year < %(grown)s
      JOIN population.residence r ON r.person_key = n.person_key AND r.kind = 'permanent' AND upper_inf(r.recorded)
           AND r.valid @> %(today)s::date AND r.unit_id IS NOT NULL
     WHERE n.kind = 'personal_id' AND n.state = 'active' AND n.number <> ALL (%(spared)s)
       AND NOT EXISTS (SELECT FROM population.contact c WHERE c.person_key = n.person_key AND c.kind = 'phone')
       AND NOT EXISTS (SELECT FROM accounts.account a WHERE a.person_key = n.person_key)
     ORDER BY hashint8(n.person_key) LIMIT %(many)s
"""


@dataclass(frozen=True, slots=True)
class _Place:
    unit_id: int
    areas: tuple[int, ...]


async def seed(people: int) -> int:
    """Fill the demonstration's own database; how many applications."""
    async with connection("admin") as conn:
        return await fill(conn, people, spared=RESERVED_NUMBERS)


async def fill(conn: Conn, people: int, *, spared: Sequence[str] = (), seed: int = 20230415) -> int:
    """Write applications and accounts for a province of so many people; how many applications. In bulk, by the database's
    administrator."""
    # Right after a bulk load the planner knows nothing of the tables, and joins a hundred thousand people row by row.
    await conn.execute("ANALYZE population.directory, population.person, population.person_birth, population.residence, population.contact")
    today = SYSTEM_CLOCK.today()
    wanted = {"grown": today.year - 18, "today": today, "spared": list(spared), "many": people * APPLIED_PERCENT // 100}
    rows = await (await conn.execute(_PEOPLE, wanted)).fetchall()
    places = {unit: _place(unit, today) for unit in {row[2] for row in rows}}
    rng = Random(seed)  # noqa: S311 - synthetic data
    drawn = [_draw(rng, key, number, places[unit], today) for key, number, unit in rows]
    await _copy(conn, "application", _APPLICATION, (one[0] for one in drawn))
    await _copy(conn, "account", _ACCOUNT, (one[1] for one in drawn if one[1] is not None))
    return len(drawn)


def _place(unit_id: int, today: date) -> _Place:
    """The commune as it is today, and everything above it."""
    found = gazetteer()
    heirs = found.successors(unit_id, today)
    return _Place(heirs[0].unit_id if heirs else unit_id, found.areas(unit_id, today))


def _draw(rng: Random, key: int, number: str, place: _Place, today: date) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """One application and what became of it."""
    way = _one_of(rng, _CHANNELS)
    level = 1 if way == "online" and rng.random() < 0.6 else 2
    # More every week: the campaign gathers way.
    day = today - timedelta(days=2 + int(7 * WEEKS * (1 - rng.random() ** 0.6)))
    at = datetime.combine(day, time(7 + rng.randrange(10), rng.randrange(60)), VIETNAM).astimezone(UTC)
    rule, ref = rule_on(day), new_ref()
    due = add_working_days(day, 3 if level == 2 else rule.level_1_days)
    approved = rng.random() < _APPROVED
    decided = at + timedelta(hours=rng.randrange(1, 40))
    claim = seal_claim(ref, Claim(number=number, name="", birth="", phone="", email=""))
    application = (
        ref, key, level, way, "approved" if approved else "refused", claim, rule.code, "DEMO", place.unit_id, list(place.areas), at,
        due, 0, decided, at, "" if approved else "Số liệu mẫu của bản trình diễn", True,
    )  # fmt: skip
    if not approved:
        return application, None
    told = decided + timedelta(minutes=5) if rng.random() < _NOTIFIED else None
    until = told + timedelta(days=rule.activation_days) if told else None
    on = told + timedelta(hours=rng.randrange(1, 24 * 6)) if told and rng.random() < _ACTIVATED[way] else None
    on = on if on is None or on < datetime.now(UTC) else None
    used = on + timedelta(hours=rng.randrange(1, 48)) if on and rng.random() < _USED else None
    used = used if used is None or used < datetime.now(UTC) else None
    idle = _one_of(rng, _IDLE) if told and not on else ""
    state = "active" if on else "notified" if told else "approved"
    return application, (key, level, state, way, "DEMO", place.unit_id, decided, told, until, on, used, used, idle, True)


def _one_of(rng: Random, shares: Sequence[tuple[str, float]]) -> str:
    """One word by its share; "" for what the shares leave."""
    at = rng.random()
    for word, share in shares:
        if (at := at - share) < 0:
            return word
    return ""


async def _copy(conn: Conn, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    async with conn.cursor() as cursor, cursor.copy(f"COPY accounts.{table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(row)


