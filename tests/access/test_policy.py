"""Rules about staff, without a database."""

from __future__ import annotations

import pytest

from dancu.access import policy
from dancu.access.catalogue import PERMISSIONS
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid, NotAllowed


def actor(*permissions: str, staff_id: int = 1) -> Actor:
    return Actor(ActorKind.STAFF, staff_id, "A", permissions=frozenset(permissions))


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_each_permission_is_needed_and_enough(permission):
    policy.require(actor(permission), permission)
    with pytest.raises(NotAllowed, match=r"permission\.missing"):
        policy.require(actor(*(PERMISSIONS.keys() - {permission})), permission)


def test_reach_is_the_tree_below():
    policy.check_reach(["DN"], ["DN.CA", "DN", "VN"])
    with pytest.raises(NotAllowed, match=r"out_of_reach"):
        policy.check_reach(["DN.CA"], ["DN", "VN"])
    with pytest.raises(NotAllowed):
        policy.check_reach([], ["DN"])


@pytest.mark.parametrize("reason", ["", "khẩn cấp", " " * 30, "a b c d e f g   h i j"])
def test_a_reason_says_something(reason):
    with pytest.raises(Invalid, match=r"glass\.reason"):
        policy.check_reason(reason)


def test_a_good_reason_is_kept():
    assert policy.check_reason("  Cháu bé đi lạc,\n cần tìm cha mẹ ngay ") == "Cháu bé đi lạc, cần tìm cha mẹ ngay"
