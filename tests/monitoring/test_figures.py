"""Figures for those who steer: counts of the area, nothing about a person, only with the right."""

from __future__ import annotations

import psycopg
import pytest

from dancu.access import service as access
from dancu.population import service as population
from dancu.quality import service as quality
from tests.population.conftest import NOW_HERE, app, clerk, office, officers, police, registry  # noqa: F401


async def test_counts_by_commune_and_province(office, app, registry):
    await office.person()
    await office.person("Nguyễn Văn An", number="049190012391")
    token, _ = await access.enter_as(app, "province_leader", demo=True)
    leader = await access.sessions.resolve(app, token)
    rows = await population.figures(app, leader, access.choose_purpose("statistics"))
    commune = next(row for row in rows if row.unit_id == NOW_HERE)
    assert commune.alive == 2
    assert commune.incomplete == 1  # the first has no number yet
    assert rows[0].level == 1
    assert rows[0].alive == 2
    assert await quality.figures(app, leader) == (0, 0, 0)


async def test_only_with_the_right(app, police):
    with pytest.raises(psycopg.Error) as refused:
        await population.figures(app, police, access.choose_purpose("statistics"))
    assert refused.value.sqlstate == "DA003"
