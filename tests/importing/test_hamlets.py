"""An imported address finds the hamlet its commune keeps, as of the day it was written; what it does not keep stays text."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest_asyncio

from dancu.kernel.actor import SYSTEM
from dancu.territory import service as territory
from tests.importing.conftest import AS_OF, Registry
from tests.importing.test_run import HOA, book, counts, person

WARD = 7179  # phường Trường Xuân, Tam Kỳ, until 30/6/2025


@pytest_asyncio.fixture(autouse=True)
async def units(registry: Registry) -> None:
    async with await registry.connect("admin") as conn, conn.transaction():
        await territory.become_owner(conn)
        await territory.load(conn)


@pytest_asyncio.fixture
async def east(registry: Registry) -> int:
    """Khối phố Xuân Đông, and one that ended before the book was written."""
    async with await registry.connect("import") as conn:
        gone = await territory.add_hamlet(conn, SYSTEM, WARD, "khối phố", "Xuân Tây", valid_from=date(2022, 1, 1))
        await territory.close_hamlet(conn, SYSTEM, gone.hamlet_id, on=date(2023, 1, 1))
        await territory.add_hamlet(conn, SYSTEM, WARD, "thôn", "3", valid_from=date(2022, 1, 1))
        made = await territory.add_hamlet(
            conn, SYSTEM, WARD, "khối phố", "Xuân Đông", valid_from=date(2022, 1, 1), aliases=("Khối Đông",)
        )
        return made.hamlet_id


def at(text: str, **more: str) -> dict[str, str]:
    return {**HOA, "Địa chỉ thường trú": f"{text}, phường Trường Xuân, Tam Kỳ, Quảng Nam", **more}


async def test_the_hamlet_is_found_and_leaves_the_text(registry: Registry, east: int, tmp_path: Path) -> None:
    await counts(registry, book(tmp_path / "a.csv", at("Tổ 3, KHỐI PHỐ XUÂN ĐÔNG")))
    home = (await person(registry)).permanent
    assert home is not None
    assert (home.unit_id, home.hamlet_id, home.address) == (WARD, east, "Tổ 3")
    assert await registry.rows("SELECT hamlet_id, address FROM population.household") == [(east, "Tổ 3")]


async def test_by_its_bare_name_and_its_alias(registry: Registry, east: int, tmp_path: Path) -> None:
    for number, text in enumerate(("Xuân Đông", "khoi dong")):
        row = at(text, **{"Số ĐDCN": f"04919001235{number}", "CMND": "", "Số hồ sơ cư trú": f"HS-{number}"})
        await counts(registry, book(tmp_path / f"{number}.csv", row))
        home = (await person(registry, f"04919001235{number}")).permanent
        assert home is not None and (home.hamlet_id, home.address) == (east, "")


async def test_what_the_commune_does_not_keep_stays_text(registry: Registry, east: int, tmp_path: Path) -> None:
    for number, text in enumerate(("Khối phố Xuân Nam", "Khối phố Xuân Tây", "3")):
        row = at(text, **{"Số ĐDCN": f"04919001236{number}", "CMND": "", "Số hồ sơ cư trú": f"HS-{number}"})
        await counts(registry, book(tmp_path / f"{number}.csv", row))
        home = (await person(registry, f"04919001236{number}")).permanent
        assert home is not None and (home.hamlet_id, home.address) == (None, text)


async def test_a_text_the_commune_named_later_becomes_its_hamlet(registry: Registry, tmp_path: Path) -> None:
    await counts(registry, book(tmp_path / "a.csv", at("Khối phố Xuân Bắc")))
    async with await registry.connect("import") as conn:
        made = await territory.add_hamlet(conn, SYSTEM, WARD, "khối phố", "Xuân Bắc", valid_from=AS_OF)
    assert await counts(registry, book(tmp_path / "b.csv", at("Khối phố Xuân Bắc", **{"CMND": "205123457"}))) == (0, 1, 0, 0, 0)
    home = (await person(registry)).permanent
    assert home is not None and (home.hamlet_id, home.address) == (made.hamlet_id, "")


async def test_another_hamlet_without_a_day_waits_for_a_person(registry: Registry, east: int, tmp_path: Path) -> None:
    async with await registry.connect("import") as conn:
        await territory.add_hamlet(conn, SYSTEM, WARD, "khối phố", "Xuân Bắc", valid_from=date(2022, 1, 1))
    await counts(registry, book(tmp_path / "a.csv", at("Khối phố Xuân Đông")))
    assert await counts(registry, book(tmp_path / "b.csv", at("Khối phố Xuân Bắc"))) == (0, 0, 0, 1, 0)
