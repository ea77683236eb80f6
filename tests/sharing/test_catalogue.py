"""Agreements, consents and the provider speak of the same groups of data."""

from __future__ import annotations

from dancu.oidc.policy import GROUPS
from dancu.sharing.catalogue import CLAIMS, ordered


def test_every_group_the_provider_can_release_can_be_agreed_to():
    assert list(CLAIMS) == list(GROUPS)


def test_groups_are_named_in_the_order_people_expect():
    assert ordered({"phone", "name", "nobody"}) == ["name", "phone"]
