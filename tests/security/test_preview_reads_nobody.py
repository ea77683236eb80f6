"""A preview opens the parties of an act wherever they live. It must not be a way to read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from dancu.kernel.errors import DancuError
from dancu.kit.db import keep_evidence
from dancu.population import service
from dancu.population.models import KinRelation, Sex
from tests.population.conftest import CIVIL, PAPER

SECRET = "Nguyễn Bí Mật"


@pytest.fixture
async def two(office, app, registry):  # type: ignore[no-untyped-def]
    """Somebody of the ward, and somebody of a place far away."""
    here = await office.person("Trần Thị Hoà", year=1995)
    away = await office.person(SECRET, year=1960, sex=Sex.MALE)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE population.person SET areas = '{1}' WHERE person_key = %s", (away,))
    return here, away


@pytest.mark.parametrize("verb", ["set_representative", "marry", "set_parent"])
async def test_who_lives_elsewhere_stays_unnamed_until_the_act_is_done(two, app, clerk, verb):
    here, away = two
    given = {
        "set_representative": {"representative": away, "since": date(2026, 1, 1)},
        "marry": {"spouse_key": away, "on": date(2026, 1, 1)},
        "set_parent": {"relation": KinRelation.FATHER, "parent": away},
    }[verb]
    act = getattr(service, verb)
    preview = await act.preview(app, clerk, CIVIL, PAPER, here, **given)
    assert preview.changes
    assert SECRET not in repr(preview) and "1960" not in repr(preview)
    await act(app, clerk, CIVIL, PAPER, here, **given)  # on a paper, for good, and told: then the record names them
    kin = (await service.person(app, clerk, CIVIL, here)).kin
    assert [k.relative_name for k in kin] == [SECRET]


async def test_who_lives_here_is_named(office, app, clerk):
    here, neighbour = await office.person("Trần Thị Hoà", year=1995), await office.person(SECRET, year=1960, sex=Sex.MALE)
    preview = await service.marry.preview(app, clerk, CIVIL, PAPER, here, spouse_key=neighbour, on=date(2026, 1, 1))
    assert SECRET in repr(preview)


@pytest.mark.parametrize("preview", [True, False])
async def test_a_refusal_that_tells_something_is_a_look(two, office, app, clerk, registry, preview):
    """"Is married already" answers a question about somebody: the one asked about sees that it was asked."""
    here, away = two
    spouse = await office.person("Lê Thị Bông", year=1962)
    await office(service.marry, spouse, spouse_key=away, on=date(2025, 8, 1))
    await app.commit()
    me = replace(clerk, request_id=f"told-{preview}")
    act = service.marry.preview if preview else service.marry
    with pytest.raises(DancuError) as refused:
        async with app.transaction():
            await act(app, me, CIVIL, PAPER, here, spouse_key=away, on=date(2026, 1, 1))
    await keep_evidence(app, refused.value)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT action, subject, note->>'refused' FROM audit.pending WHERE request_id = %s ORDER BY subject",
            (me.request_id,),
        )
        code = refused.value.code
        assert await rows.fetchall() == [("read", here, code), ("read", away, code)]
