"""Reference tables and hamlets on a real PostgreSQL."""

from datetime import date

import psycopg
import pytest

from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.territory import service
from dancu.territory.service import gazetteer

CLERK = Actor(ActorKind.STAFF, 7, "H47")
DAY = date(2023, 4, 1)


@pytest.fixture
async def loaded(admin):  # type: ignore[no-untyped-def]
    """The reference tables filled, as the owner does it; rolled back afterwards."""
    await admin.execute("SET LOCAL ROLE dancu_owner")
    await service.load(admin)
    return admin


def ward(code: str = "20353") -> int:
    unit = gazetteer().by_code(code, DAY)
    assert unit
    return unit.unit_id


async def scalar(conn, sql, *values):  # type: ignore[no-untyped-def]
    row = await (await conn.execute(sql, values)).fetchone()
    return row[0]


async def test_load_holds_every_unit_once_and_is_idempotent(loaded) -> None:  # type: ignore[no-untyped-def]
    for day, level, count in [
        ("2022-06-01", 3, 10599), ("2022-06-01", 2, 705), ("2025-06-30", 3, 10035), ("2025-06-30", 2, 696),
        ("2025-07-01", 3, 3321), ("2025-07-01", 1, 34), ("2025-07-01", 2, 0),
    ]:  # fmt: skip
        sql = "SELECT count(*) FROM territory.unit WHERE valid @> %s::date AND level = %s"
        assert await scalar(loaded, sql, day, level) == count
    assert await scalar(loaded, "SELECT count(*) FROM territory.unit") == len(gazetteer())
    assert await service.load(loaded) is False
    await loaded.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def test_load_repairs_what_differs(loaded) -> None:  # type: ignore[no-untyped-def]
    await loaded.execute("UPDATE territory.unit SET name = 'sai' WHERE code = '20353'")
    await loaded.execute("UPDATE territory.loaded SET digest = 'old'")
    assert await service.load(loaded) is True
    assert await scalar(loaded, "SELECT name FROM territory.unit WHERE unit_id = %s", ward()) == "Trường Xuân"
    assert await scalar(loaded, "SELECT count(*) FROM territory.succession") > 11_000


async def test_a_code_names_one_unit_a_day(loaded) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(psycopg.errors.ExclusionViolation, match="unit_code_once"):
        await loaded.execute(
            "INSERT INTO territory.unit (unit_id, code, level, kind, name, parent_id, valid, sort_key)"
            " VALUES (999999, '20353', 3, 'xã', 'Hai', 426, '[2024-01-01,)', 'hai')"
        )


async def test_hamlet_is_found_by_name_alias_and_without_marks(loaded) -> None:  # type: ignore[no-untyped-def]
    new = await service.add_hamlet(loaded, CLERK, ward(), "Khối phố", "Xuân Đông", valid_from=DAY, aliases=["KP 3"])
    for text in ("Khối phố Xuân Đông", "xuan dong", "kp 3"):
        assert await service.find_hamlet(loaded, ward(), text, DAY) == new
    assert await service.find_hamlet(loaded, ward(), "Xuân Tây", DAY) is None
    assert await service.find_hamlet(loaded, ward(), "Xuân Đông", date(2022, 6, 1)) is None
    topics = await (await loaded.execute("SELECT topic, payload ->> 'hamlet_id' FROM kit.outbox")).fetchall()
    assert ("territory.hamlet_added", str(new.hamlet_id)) in topics


async def test_renaming_keeps_the_id_and_what_it_was_then(loaded) -> None:  # type: ignore[no-untyped-def]
    old = await service.add_hamlet(loaded, CLERK, ward(), "thôn", "Hai", valid_from=DAY)
    await service.rename_hamlet(loaded, CLERK, old.hamlet_id, "khối phố", "Xuân Bắc", on=date(2024, 1, 1))
    assert (await service.hamlet(loaded, old.hamlet_id, DAY)).name == "Hai"
    now = await service.find_hamlet(loaded, ward(), "thôn Hai", date(2024, 6, 1))
    assert now is not None
    assert (now.hamlet_id, now.name) == (old.hamlet_id, "Xuân Bắc")
    with pytest.raises(Invalid):
        await service.rename_hamlet(loaded, CLERK, old.hamlet_id, "thôn", "X", on=date(2024, 1, 1))


async def test_closed_hamlets_are_gone_from_that_day(loaded) -> None:  # type: ignore[no-untyped-def]
    h = await service.add_hamlet(loaded, CLERK, ward(), "tổ", "12", valid_from=DAY)
    await service.close_hamlet(loaded, CLERK, h.hamlet_id, on=date(2024, 5, 1))
    assert await service.hamlets_of(loaded, ward(), date(2024, 4, 30)) == [
        await service.hamlet(loaded, h.hamlet_id, date(2024, 4, 30))
    ]
    assert await service.hamlets_of(loaded, ward(), date(2024, 5, 1)) == []
    with pytest.raises(Conflict):
        await service.close_hamlet(loaded, CLERK, h.hamlet_id, on=date(2024, 6, 1))
    with pytest.raises(NotFound):
        await service.hamlet(loaded, h.hamlet_id, date(2024, 5, 1))


async def test_what_is_no_hamlet_is_refused(loaded) -> None:  # type: ignore[no-untyped-def]
    await service.add_hamlet(loaded, CLERK, ward(), "thôn", "Ba", valid_from=DAY)
    with pytest.raises(Conflict):
        await service.add_hamlet(loaded, CLERK, ward(), "Thôn", "BA", valid_from=DAY)
    with pytest.raises(Invalid):
        await service.add_hamlet(loaded, CLERK, ward(), "huyện", "Ba", valid_from=DAY)
    with pytest.raises(Invalid):
        await service.add_hamlet(loaded, CLERK, ward(), "thôn", " ", valid_from=DAY)
    with pytest.raises(Invalid):
        await service.add_hamlet(loaded, CLERK, ward(), "thôn", "Tư", valid_from=date(2025, 8, 1))


async def test_hamlets_go_on_in_the_commune_that_took_theirs_in(loaded) -> None:  # type: ignore[no-untyped-def]
    h = await service.add_hamlet(loaded, CLERK, ward(), "khối phố", "Xuân Đông", valid_from=DAY)
    heir = gazetteer().successors(ward(), date(2025, 8, 1))[0]
    assert h in await service.hamlets_of(loaded, heir.unit_id, date(2025, 8, 1))


async def test_a_known_hamlet_settles_a_commune_that_was_split(loaded) -> None:  # type: ignore[no-untyped-def]
    later = date(2025, 12, 1)
    text = "Tổ dân phố Hoa Sen, Phường Đội Cấn, Ba Đình, Hà Nội"
    assert service.resolve(text, later).status is service.Status.AMBIGUOUS
    heir = gazetteer().by_code("00008", later)
    assert heir
    h = await service.add_hamlet(loaded, CLERK, heir.unit_id, "tổ dân phố", "Hoa Sen", valid_from=date(2025, 7, 1))
    answer = await service.resolve_with_hamlet(loaded, text, later)
    assert (answer.status, answer.unit, answer.hamlet_id) == (service.Status.EXACT, heir, h.hamlet_id)


async def test_the_app_may_keep_hamlets_but_not_touch_units(conn) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await conn.execute("DELETE FROM territory.unit")


async def test_names_of_hamlets_are_remembered_up_to_a_limit(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    asked: list[int] = []

    async def names(_conn, hamlet_ids):  # type: ignore[no-untyped-def]
        asked.extend(hamlet_ids)
        return {i: f"thôn {i}" for i in hamlet_ids}

    monkeypatch.setattr(service.store, "hamlet_names", names)
    monkeypatch.setattr(service, "_names", {})
    monkeypatch.setattr(service, "_MOST", 3)
    await service.learn_hamlets(None, [1, 2, 3, None])  # type: ignore[arg-type]
    await service.learn_hamlets(None, [1, 4])  # type: ignore[arg-type]
    assert sorted(asked) == [1, 2, 3, 4]
    assert [service.hamlet_name(i) for i in (1, 4)] == ["thôn 1", "thôn 4"]
    assert len(service._names) == 3
    await service.learn_hamlets(None, range(10, 20))  # type: ignore[arg-type]
    assert all(service.hamlet_name(i) for i in range(10, 20))  # whoever asks for many at once gets them all
