"""What stands out is shown to the auditor: staff and counts, by thresholds that are data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from dancu.access import service as access
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.monitoring import service
from dancu.monitoring.service import AlertKind
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

AUDIT = access.choose_purpose("audit")
#: A Wednesday, 10:00 and 23:00 in Vietnam.
NOON, NIGHT = datetime(2026, 3, 4, 3, 0, tzinfo=UTC), datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


@pytest.fixture
async def auditor(app, registry) -> Actor:  # type: ignore[no-untyped-def]
    token, _ = await access.enter_as(app, "auditor", demo=True)
    actor = await access.sessions.resolve(app, token)
    await app.commit()
    return actor


async def happened(registry, actor_id: int, subjects, at: datetime, action: str = "read") -> None:  # type: ignore[no-untyped-def]
    """Entries of the log as if they had been written at `at`; nothing here asks for their proofs."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute(
            """INSERT INTO audit.content (idx, entry_id, at, action, org_code, subject, subject_seq, actor_kind, actor_id,
                                          purpose, legal_basis, channel, salt)
               SELECT m.i + n, -(m.i + n), %s, %s, 'DEMO.CA.TX', s, CASE WHEN s IS NOT NULL THEN m.i + n END, 'staff', %s, 'identity_check', '26/2023/QH15', 'web', ''
                 FROM (SELECT coalesce(max(idx), 0) AS i FROM audit.content) AS m,
                      unnest(%s::bigint[]) WITH ORDINALITY AS u(s, n)""",
            (at, action, actor_id, list(subjects)),
        )


@pytest.fixture(autouse=True)
async def clean(registry):  # type: ignore[no-untyped-def]
    yield
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("DELETE FROM audit.content WHERE entry_id < 0")


async def of_the_day(app, auditor):  # type: ignore[no-untyped-def]
    return await service.unusual(app, auditor, AUDIT, NOON - timedelta(hours=10), NOON + timedelta(hours=14))


async def test_a_quiet_day_shows_nothing(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1050), NOON)
    assert [a for alerts in (await of_the_day(app, auditor)).values() for a in alerts] == []


async def test_far_more_people_than_the_role_needs(app, auditor, police, registry):
    """Ward police: 60 a day are usual, twice that is shown; one person read often is one person."""
    await happened(registry, police.actor_id, [1000] * 300, NOON)
    assert (await of_the_day(app, auditor))[AlertKind.MANY_PERSONS] == []
    await happened(registry, police.actor_id, range(1000, 1120), NOON, "search")
    (alert,) = (await of_the_day(app, auditor))[AlertKind.MANY_PERSONS]
    assert (alert.counted, alert.mark, alert.staff[0].staff_id) == (120, 120, police.actor_id)
    assert alert.staff[0].name


async def test_thresholds_are_data(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1010), NOON)
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        await admin.execute("UPDATE access.reading_limit SET own_usual = 5 WHERE role = 'ward_police'")
        try:
            (alert,) = (await of_the_day(app, auditor))[AlertKind.MANY_PERSONS]
        finally:
            await admin.execute("UPDATE access.reading_limit SET own_usual = NULL")
    assert (alert.counted, alert.mark) == (10, 10)


async def test_outside_office_hours(app, auditor, police, registry):
    await happened(registry, police.actor_id, range(1000, 1012), NIGHT)
    sunday = NOON + timedelta(days=4)
    await happened(registry, police.actor_id, range(1000, 1011), sunday)
    (alert,) = (await of_the_day(app, auditor))[AlertKind.OFF_HOURS]
    assert (alert.counted, alert.first_at) == (12, NIGHT)
    found = await service.unusual(app, auditor, AUDIT, sunday - timedelta(hours=1), sunday + timedelta(hours=1))
    assert found[AlertKind.OFF_HOURS][0].counted == 11


async def test_counts_without_the_citizen(app, auditor, police, registry):
    for staff in range(1, 6):
        await happened(registry, staff, [4242], NOON)
    await happened(registry, police.actor_id, [None] * 16, NOON, "denied")
    await happened(registry, police.actor_id, [None] * 3, NOON, "export")
    await happened(registry, police.actor_id, range(3000, 3003), NOON, "export")
    found = await of_the_day(app, auditor)
    (same,) = found[AlertKind.SAME_PERSON]
    assert (same.counted, {s.staff_id for s in same.staff}) == (5, set(range(1, 6)))
    assert "4242" not in repr(found)
    assert [a.counted for a in found[AlertKind.REFUSALS]] == [16]
    assert [a.counted for a in found[AlertKind.EXPORTED]] == [3]


async def test_emergency_openings_are_there(app, auditor, police, office, registry):
    key = await office.person()
    await app.commit()
    await access.break_glass(app, police, key, "Cháu bé đi lạc ở chợ, cần tìm cha mẹ ngay", access.choose_purpose("break_glass"))
    found = await service.unusual(app, auditor, AUDIT, datetime.now(UTC) - timedelta(hours=1))
    (alert,) = found[AlertKind.BREAK_GLASS]
    assert (alert.staff[0].staff_id, alert.counted, alert.mark) == (police.actor_id, 1, 1)


async def test_only_for_auditors_and_recorded(app, auditor, police, registry):
    since = datetime.now(UTC) - timedelta(hours=1)
    with pytest.raises(NotAllowed):
        await service.unusual(app, police, AUDIT, since)
    with pytest.raises(Invalid):
        await service.unusual(app, auditor, AUDIT, since - timedelta(days=32))
    await service.unusual(app, auditor, AUDIT, since)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT DISTINCT action, subject FROM audit.pending WHERE note->>'verb' = 'monitoring.unusual'"
        )
        assert await rows.fetchall() == [("search", None)]
