"""What the registry said then about that day: a model in plain Python against the database, act by act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.kernel.errors import DancuError
from dancu.population import service
from dancu.population.models import NameKind, ResidenceKind

from .conftest import place

FIRST = date(2026, 1, 1)
REFUSALS = ("residence.same", "residence.none", "residence.permanent.end", "residence.overlap", "change.nothing")
DAYS = [FIRST + timedelta(days=n) for n in range(-1, 13)]
KINDS = (ResidenceKind.PERMANENT, ResidenceKind.TEMPORARY)

day = st.integers(0, 10).map(lambda n: FIRST + timedelta(days=n))
span = st.one_of(st.none(), st.integers(1, 6))
move = st.tuples(st.just("move"), st.sampled_from(KINDS), day, span, st.sampled_from("ABC"))
end = st.tuples(st.just("end"), st.sampled_from(KINDS), day)
rename = st.tuples(st.just("rename"), day, st.sampled_from(("Lê Một", "Lê Hai", "Lê Ba")))
mend = st.tuples(st.just("mend"), st.sampled_from(("Lê Bốn", "Lê Năm")))
cancel = st.tuples(st.just("cancel"), st.sampled_from(KINDS), day)


def follow(spans, start, end, value):
    """What held on the first day ends there; what begins later stays and bounds the new one."""
    kept = [
        (s, start if s is not None and s < start and (e is None or start < e) else e, v)
        for s, e, v in spans
        if s != start
    ]
    later = [s for s, _, _ in spans if s is not None and s > start]
    ends = [*later, *([end] if end else [])]
    return sorted([*kept, (start, min(ends, default=None), value)], key=lambda t: t[0])


def at(spans, day):
    return next((v for s, e, v in spans if s <= day and (e is None or day < e)), None)


@dataclass
class Model:
    """Spans (first day, first day after or None, what is said); a picture of all days after each act."""

    name: list
    home: dict

    def picture(self):
        return [(at(self.name, d), *(at(self.home[k], d) for k in KINDS)) for d in DAYS]


def picture_of(views):
    return [
        (
            v.name.full_name if v.name else None,
            *((r.address if (r := v.residence(k)) else None) for k in KINDS),
        )
        for v in views
    ]


async def act(office, key, model, step):
    """Do the step in both; a refusal changes neither."""
    match step:
        case ("move", kind, since, length, address):
            until = since + timedelta(days=length) if length else None
            async with office.conn.transaction():
                await office(service.move, key, kind=kind, place=place(address=address), since=since, until=until)
            model.home[kind] = follow(model.home[kind], since, until, address)
        case ("end", kind, on):
            async with office.conn.transaction():
                await office(service.end_residence, key, kind=kind, on=on)
            spans = [(s, on if e is None or e > on else e, v) for s, e, v in model.home[kind] if s < on]
            model.home[kind] = spans
        case ("rename", since, name):
            async with office.conn.transaction():
                await office(service.change_name, key, full_name=name, since=since, kind=NameKind.BIRTH)
            model.name = follow(model.name, since, None, name)
        case ("mend", name):
            async with office.conn.transaction():
                await office(service.correct_name, key, full_name=name)
            model.name = [(s, e, name) for s, e, _ in model.name]
        case ("cancel", kind, on):
            fact = (await office.view(key, on)).residence(kind)
            if fact is None:
                return
            async with office.conn.transaction():
                await office(service.cancel_residence, key, fact_id=fact.stored.fact_id)
            model.home[kind] = [t for t in model.home[kind] if t[0] != fact.valid.start]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(move, end, rename, mend, cancel), min_size=1, max_size=9))
async def test_every_day_as_known_after_every_act(office, steps):
    key = await office.person("Lê Đầu", since=date(2025, 7, 1))
    start = "Số 1 Phan Châu Trinh"
    model = Model([(date.min, None, "Lê Đầu")], {KINDS[0]: [(date(2025, 7, 1), None, start)], KINDS[1]: []})
    said = []
    for step in steps:
        try:
            await act(office, key, model, step)
        except DancuError as error:
            if error.code not in REFUSALS:
                raise
        said.append(((await office.view(key)).last_recorded, model.picture()))
    assert picture_of([await office.view(key, d) for d in DAYS]) == model.picture()
    for tick, picture in said:
        assert picture_of([await office.view(key, d, known_at=tick) for d in DAYS]) == picture
    await office.conn.rollback()
