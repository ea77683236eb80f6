"""Whether a number exists is an answer: trying numbers leaves a trace, found or not."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from dancu.kernel.actor import Purpose
from dancu.kernel.errors import NotFound
from dancu.kit.db import keep_evidence
from dancu.population.service.look import nobody

CHECK = Purpose("identity_check", "26/2023/QH15")


async def test_a_number_that_names_nobody_is_recorded_through_the_rollback(app, police, registry):
    me = replace(police, request_id="tried-1")
    with pytest.raises(NotFound) as refused:
        async with app.transaction():
            raise nobody(me, CHECK)
    await keep_evidence(app, refused.value)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT action, subject, fields, note FROM audit.pending WHERE request_id = 'tried-1'"
        )
        assert await rows.fetchall() == [("denied", None, ["number"], {"verdict": "not_found"})]
