"""Rules about staff, without a database."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.access import policy
from dancu.access.catalogue import EXCLUSIVE_ROLES, PERMISSIONS, ROLES
from dancu.access.models import Assignment
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, Invalid, NotAllowed

TODAY = date(2026, 11, 22)


def held(role: str, units: tuple[int, ...] = (), start: date = date(2020, 1, 1), end: date | None = None) -> Assignment:
    return Assignment(1, 7, "A", role, units, start, False, start, end)


def actor(*permissions: str, staff_id: int = 1) -> Actor:
    return Actor(ActorKind.STAFF, staff_id, "A", permissions=frozenset(permissions))


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_each_permission_is_needed_and_enough(permission):
    policy.require(actor(permission), permission)
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        policy.require(actor(*(PERMISSIONS.keys() - {permission})), permission)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gives_exactly_its_permissions_in_its_units(role):
    rights = policy.rights_today([held(role, (5,))], TODAY, lambda u: [u * 10])
    assert {r.permission for r in rights} == ROLES[role].permissions
    for right in rights:
        assert right.areas == {50}
        assert right.national is not PERMISSIONS[right.permission].area_bound
        assert right.until == date.max


def test_a_unit_without_successor_sees_nobody():
    rights = policy.rights_today([held("ward_police", (5,))], TODAY, lambda u: [])
    assert all(not right.areas for right in rights)


def test_areas_add_up_only_for_the_permissions_that_both_roles_give():
    rights = {
        r.permission: r
        for r in policy.rights_today([held("ward_police", (1,)), held("registrar", (2,))], TODAY, lambda u: [u])
    }
    assert rights["person.read"].areas == {1, 2}
    assert rights["person.write.move"].areas == {1}
    assert rights["import.run"].areas == {2}


def test_only_assignments_in_force_count_and_rights_end_with_them():
    ended = held("ward_police", (1,), end=TODAY)
    future = held("registrar", (2,), start=date(2026, 11, 23))
    assert policy.rights_today([ended, future], TODAY, lambda u: [u]) == []
    last_day = held("ward_police", (1,), end=date(2026, 11, 23))
    for right in policy.rights_today([last_day], TODAY, lambda u: [u]):
        assert right.until == date(2026, 11, 23)
        assert right.last_day == TODAY


def test_a_role_gone_from_the_catalogue_allows_nothing():
    assert policy.rights_today([held("superuser", (1,))], TODAY, lambda u: [u]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(ROLES)),
            st.sets(st.integers(1, 5)),
            st.dates(date(2026, 11, 1), date(2026, 12, 15)),
            st.integers(1, 40),
        ),
        max_size=4,
    )
)
def test_no_right_without_an_assignment_that_gives_it(given_roles):
    from datetime import timedelta

    assignments = [held(r, tuple(u), s, s + timedelta(days=n)) for r, u, s, n in given_roles]
    for right in policy.rights_today(assignments, TODAY, lambda u: [u]):
        givers = [
            a for a in assignments
            if right.permission in ROLES[a.role].permissions and a.valid_from <= TODAY and a.valid_to > TODAY
        ]  # fmt: skip
        assert givers
        assert right.areas == {u for a in givers for u in a.unit_ids}
        assert right.until == min(a.valid_to for a in givers)


def test_nobody_gives_rights_to_themselves():
    with pytest.raises(NotAllowed, match=r"assignment\.oneself"):
        policy.check_assignment(actor(staff_id=7), 7, "ward_police", [], TODAY, None)


@pytest.mark.parametrize("alone", sorted(EXCLUSIVE_ROLES))
@pytest.mark.parametrize("other", sorted(ROLES))
def test_watchers_hold_one_role_only(alone, other):
    for new, old in ((alone, other), (other, alone)):
        if new == old:
            policy.check_assignment(actor(), 7, new, [held(old, end=TODAY)], TODAY, None)
            continue
        with pytest.raises(Conflict, match=r"assignment\.exclusive"):
            policy.check_assignment(actor(), 7, new, [held(old)], TODAY, None)
        policy.check_assignment(actor(), 7, new, [held(old, end=TODAY)], TODAY, None)


def test_an_assignment_has_at_least_a_day():
    with pytest.raises(Invalid, match=r"assignment\.empty"):
        policy.check_assignment(actor(), 7, "ward_police", [], TODAY, TODAY)


def test_reach_is_the_tree_below():
    policy.check_reach(["DN"], ["DN.CA", "DN", "VN"])
    with pytest.raises(NotAllowed, match=r"out_of_reach"):
        policy.check_reach(["DN.CA"], ["DN", "VN"])
    with pytest.raises(NotAllowed):
        policy.check_reach([], ["DN"])


def test_units_stay_inside_the_administrators_own():
    policy.check_units(frozenset({48}), [frozenset({13789, 48})])
    policy.check_units(frozenset(), [frozenset({1})])
    with pytest.raises(NotAllowed):
        policy.check_units(frozenset({48}), [frozenset({13789, 48}), frozenset({5, 1})])


@pytest.mark.parametrize("reason", ["", "khẩn cấp", " " * 30, "a b c d e f g   h i j"])
def test_a_reason_says_something(reason):
    with pytest.raises(Invalid, match=r"glass\.reason"):
        policy.check_reason(reason)


def test_a_good_reason_is_kept():
    assert policy.check_reason("  Cháu bé đi lạc,\n cần tìm cha mẹ ngay ") == "Cháu bé đi lạc, cần tìm cha mẹ ngay"
