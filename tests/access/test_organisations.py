"""Organisations change their name and whom they belong to; what was is kept with its days."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from dancu.access import service
from dancu.access.service.os_user import operator
from dancu.access.store import organisations as store
from dancu.access.store import staff as staff_store
from dancu.kernel.errors import DancuError, Invalid, NotAllowed


@pytest.fixture
async def tree(app):  # type: ignore[no-untyped-def]
    """T above T.A above T.A.1, and T.B; a year old."""
    for code, parent in (("T", None), ("T.A", "T"), ("T.A.1", "T.A"), ("T.B", "T")):
        await service.add_organisation(app, operator(), code, f"Tên {code}", "committee", parent=parent)
    await app.execute("UPDATE access.organisation SET valid = daterange(access.today() - 365, NULL) WHERE org_code LIKE 'T%'")
    return await staff_store.today(app)


async def test_a_new_name_from_a_day_keeps_the_old_one(app, tree):
    day = tree - timedelta(days=30)
    await service.change_organisation(app, operator(), "T.A", "  Tên   mới ", name_en="New name", since=day)
    org, (was,) = await service.organisation_view(app, operator(), "T.A")
    assert (org.name, org.name_en, org.parent) == ("Tên mới", "New name", "T")
    assert (was.name, was.valid_from, was.valid_to) == ("Tên T.A", tree - timedelta(days=365), day)
    await service.change_organisation(app, operator(), "T.A", "Tên mới nữa")
    _, past = await service.organisation_view(app, operator(), "T.A")
    assert [(p.name, p.valid_to) for p in past] == [("Tên mới", tree), ("Tên T.A", day)]
    # A slip mended on the same day never held for a day.
    await service.change_organisation(app, operator(), "T.A", "Tên mới nữa, không lỗi")
    assert len((await service.organisation_view(app, operator(), "T.A"))[1]) == 2


async def test_another_organisation_above(app, tree):
    await service.change_organisation(app, operator(), "T.A.1", "Tên T.A.1", parent="T.B")
    assert await store.chain_up(app, "T.A.1") == ["T.A.1", "T.B", "T"]


@pytest.mark.parametrize(
    ("code", "change", "error"),
    [
        ("T.A", {"name": "Tên T.A", "parent": "T.A.1"}, "organisation.ring"),
        ("T.A", {"name": "Tên T.A", "parent": "T.A"}, "organisation.ring"),
        ("T.A", {"name": "Tên T.A"}, "organisation.same"),
        ("T.A", {"name": "Tên T.A", "parent": "NOWHERE"}, "organisation.parent"),
        ("T.A", {"name": " "}, "organisation.name"),
        ("NOWHERE", {"name": "x"}, "organisation.unknown"),
        ("T.A", {"name": "x", "since": 1}, "organisation.since"),
        ("T.A", {"name": "x", "since": -400}, "organisation.since"),
    ],
)
async def test_what_cannot_be(app, tree, code, change, error):
    if "since" in change:
        change = {**change, "since": tree + timedelta(days=change["since"])}
    with pytest.raises(DancuError) as refused:
        await service.change_organisation(app, operator(), code, change.pop("name"), **change)
    assert refused.value.code == error
    assert (await store.one(app, "T.A")).name == "Tên T.A"


async def test_no_change_before_the_last_one_nor_to_an_ended_one(app, tree):
    await service.change_organisation(app, operator(), "T.A", "Tên hai", since=tree - timedelta(days=10))
    with pytest.raises(Invalid, match=r"organisation\.since"):
        await service.change_organisation(app, operator(), "T.A", "Tên ba", since=tree - timedelta(days=20))
    await service.close_organisation(app, operator(), "T.B")
    with pytest.raises(Invalid, match=r"organisation\.closed"):
        await service.change_organisation(app, operator(), "T.B", "Tên ba")
    with pytest.raises(Invalid, match=r"organisation\.closed"):
        await service.change_organisation(app, operator(), "T.A.1", "Tên T.A.1", parent="T.B")


async def test_only_within_reach(app, tree, as_persona):
    with pytest.raises(NotAllowed):
        await service.change_organisation(app, await as_persona("ward_police"), "T.A", "x")
    with pytest.raises(NotAllowed):
        await service.organisation_view(app, await as_persona("admin"), "T.A")
    with pytest.raises(NotAllowed):
        await service.change_organisation(app, await as_persona("admin"), "DEMO.TX", "Tên mới", parent="T.A")


async def test_what_was_is_not_rewritten(app, tree):
    await service.change_organisation(app, operator(), "T.A", "Tên hai", since=tree - timedelta(days=10))
    for statement in ("UPDATE access.organisation_past SET name = 'x'", "DELETE FROM access.organisation_past"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with app.transaction():
                await app.execute(statement)
