"""Random acts on a few people: whatever is tried, nothing but a sentence refuses it, and nothing that spans persons
is ever left contradicting itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.population import service
from dancu.population.models import CardKind, CardState, ContactKind, KinRelation, ResidenceKind, Sex
from dancu.population.models import HouseholdRelation as R
from dancu.population.service import checks

from .conftest import place

PEOPLE = 5
who = st.integers(0, PEOPLE - 1)
day = st.integers(0, 40).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
relation = st.sampled_from([R.SPOUSE, R.CHILD, R.GUEST])


def acts():
    """(verb, positional people, keyword people, other keywords)."""
    one = st.builds(lambda p: (p,), who)
    kinds = st.sampled_from([ResidenceKind.PERMANENT, ResidenceKind.TEMPORARY, ResidenceKind.CURRENT])
    return st.one_of(
        st.tuples(st.just("marry"), one, st.fixed_dictionaries({"spouse_key": who}), st.fixed_dictionaries({"on": day})),
        st.tuples(st.just("divorce"), one, st.just({}), st.fixed_dictionaries({"on": day})),
        st.tuples(st.just("annul_marriage"), one, st.just({}), st.fixed_dictionaries({"on": day})),
        st.tuples(st.just("die"), one, st.just({}), st.fixed_dictionaries({"on": day.map(PartialDate.of)})),
        st.tuples(st.just("undo_death"), one, st.just({}), st.just({})),
        st.tuples(
            st.just("create_household"), one, st.just({}),
            st.fixed_dictionaries({"since": day, "place": st.just(place()), "members": st.dictionaries(who, relation, max_size=2)}),
        ),
        st.tuples(
            st.just("join_household"), one, st.fixed_dictionaries({"household_of": who}),
            st.fixed_dictionaries({"since": day, "relation": relation}),
        ),
        st.tuples(st.just("leave_household"), one, st.just({}), st.fixed_dictionaries({"on": day})),
        st.tuples(st.just("change_head"), one, st.just({}), st.fixed_dictionaries({"since": day})),
        st.tuples(
            st.just("set_parent"), one, st.fixed_dictionaries({"parent": st.one_of(st.none(), who)}),
            st.fixed_dictionaries({"relation": st.sampled_from([KinRelation.FATHER, KinRelation.MOTHER])}),
        ),
        st.tuples(
            st.just("set_representative"), one, st.fixed_dictionaries({"representative": who}),
            st.fixed_dictionaries({"since": day}),
        ),
        st.tuples(st.just("end_representation"), one, st.just({}), st.fixed_dictionaries({"on": day})),
        st.tuples(st.just("merge"), one, st.fixed_dictionaries({"kept_key": who}), st.just({})),
        st.tuples(st.just("undo_merge"), one, st.just({}), st.just({})),
        st.tuples(
            st.just("move"), one, st.just({}),
            st.fixed_dictionaries({"kind": kinds, "since": day, "place": st.sampled_from("AB").map(lambda a: place(address=a))}),
        ),
        st.tuples(
            st.just("issue_card"), one, st.just({}),
            st.fixed_dictionaries({"kind": st.just(CardKind.CHIP), "number": st.just("1"), "issued_on": day}),
        ),
        st.tuples(st.just("end_card"), one, st.just({}), st.fixed_dictionaries({"state": st.just(CardState.LOST), "on": day})),
        st.tuples(
            st.just("change_contact"), one, st.just({}),
            st.fixed_dictionaries({"kind": st.just(ContactKind.EMAIL), "value": st.sampled_from(["a@b.vn", None]), "since": day}),
        ),
        st.tuples(st.just("allocate_number"), one, st.just({}), st.just({"place_code": "049"})),
        st.tuples(st.just("cancel_number"), one, st.just({}), st.fixed_dictionaries({"on": day, "reason": st.just("x")})),
        st.tuples(
            st.just("replace_number"), one, st.just({}),
            st.fixed_dictionaries({"on": day, "reason": st.just("x"), "place_code": st.just("049")}),
        ),
    )  # fmt: skip


async def run(office, steps):
    await office.conn.rollback()  # what an example that failed left behind
    keys = [
        await office.person(f"Nguyễn {n}", sex=Sex.MALE if n % 2 else Sex.FEMALE, year=1950 + 10 * n)
        for n in range(PEOPLE)
    ]
    # A family to begin with: married, living together, two children; the fifth may be one of them twice.
    father, mother, son, daughter = keys[1], keys[0], keys[3], keys[2]
    await office(service.marry, father, spouse_key=mother, on=date(2025, 8, 1))
    for child in (son, daughter):
        await office(service.set_parent, child, relation=KinRelation.FATHER, parent=father)
        await office(service.set_parent, child, relation=KinRelation.MOTHER, parent=mother)
    home = {mother: R.SPOUSE, son: R.CHILD, daughter: R.CHILD}
    await office(service.create_household, father, place=place(), since=date(2025, 8, 1), members=home)
    await office(service.allocate_number, father, place_code="049", since=date(2025, 8, 1))
    done = []
    for name, people, by_key, rest in steps:
        given_people = {k: keys[p] if p is not None else None for k, p in by_key.items()}
        if "members" in rest:
            rest = {**rest, "members": {keys[p]: r for p, r in rest["members"].items()}}
        verb = getattr(service, name)
        args = [keys[p] for p in people]
        try:
            async with office.conn.transaction():
                await office.preview(verb, *args, **given_people, **rest)
                await office(verb, *args, **given_people, **rest)
                await office.conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await office.conn.execute("SET CONSTRAINTS ALL DEFERRED")
            done.append(name)
        except DancuError as error:
            done.append(error.code)
    return keys, done


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(acts(), min_size=5, max_size=14))
async def test_nothing_is_left_contradicting_itself(office, steps):
    _, done = await run(office, steps)
    assert "fact.value" not in done
    found = [f for f in await checks.findings(office.conn) if f.code != "household.no_head"]
    assert found == [], done
    await office.conn.rollback()


@pytest.mark.deep
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(acts(), min_size=8, max_size=30))
async def test_nothing_is_left_contradicting_itself_for_long(office, steps):
    _, done = await run(office, steps)
    found = [f for f in await checks.findings(office.conn) if f.code != "household.no_head"]
    assert found == [], done
    await office.conn.rollback()
