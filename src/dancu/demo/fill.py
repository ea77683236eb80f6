"""Fills a fresh demonstration database: units, staff, a messy register file, a whole province."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from dancu.access import service as access
from dancu.access.service.os_user import operator
from dancu.demo import people as province
from dancu.demo.contacts import seed_contacts
from dancu.demo.load import Families, Loader
from dancu.demo.personas import HEAD_NUMBER, PERSONAS
from dancu.demo.places import places
from dancu.demo.records import DemoHousehold
from dancu.demo.since import passed
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict
from dancu.kit.command import os_user
from dancu.kit.db import Conn, connection, open_connection
from dancu.population.bulk.fresh import checked_afterwards
from dancu.population.bulk.load import load, reserve
from dancu.territory import service as territory

SEED = 20230415
_PURPOSE = Purpose("import", "26/2023/QH15", "DEMO")
Progress = Callable[[int], None]


async def mark() -> None:
    """Mark the freshly migrated database as a demonstration, for good."""
    async with connection("admin") as conn:
        await conn.execute("SET LOCAL ROLE dancu_owner")
        await access.mark_demo(conn)


async def already() -> bool:
    """Whether this database is a demonstration filled elsewhere (restored from a backup). Raises Conflict where it
    holds people and is none: real records are never mixed with invented ones."""
    async with connection("admin") as conn:
        row = await (
            await conn.execute("SELECT access.is_demo(), EXISTS (SELECT FROM population.person)")
        ).fetchone()
    is_demo, people = row or (False, False)
    if people and not is_demo:
        raise Conflict(
            "demo.has_people",
            "Thư mục dữ liệu này đang giữ dân cư thật. Hãy chọn thư mục khác cho bản trình diễn: --data.",
        )
    return bool(people)


def households_of(count: int) -> Callable[[], Iterator[DemoHousehold]]:
    """The synthetic province with `count` people, as it is today; each call begins it anew."""
    today = SYSTEM_CLOCK.today()
    return lambda: passed(province.generate(count, SEED), province.AS_OF, today, spared=PERSONAS)


async def people(
    count: int, progress: Progress, households: Callable[[], Iterator[DemoHousehold]] | None = None
) -> int:
    """Write `count` synthetic people with their households (or those given); returns how many were written."""
    households = households or households_of(count)
    families = Families.of(households())
    conn = await open_connection("import")
    try:
        async with conn.transaction():
            wanted = [(h.unit_id, h.kind, h.name) for h in places().hamlets]
            made = await territory.add_hamlets(conn, operator(), wanted, valid_from=province.AS_OF)
        persons, homes = await reserve(conn, persons=len(families.names), households=families.households)
        await conn.commit()
        loader = Loader(families, persons, homes, [one.hamlet_id for one in made])
        drafts = loader.drafts(households())
        async with AsyncExitStack() as stack:
            # The database's part takes longer than ours: a second connection gives it the second core.
            second, *checkers = [
                await _open(stack, role, autocommit=role == "admin") for role in ("import", "admin", "admin")
            ]
            await stack.enter_async_context(checked_afterwards(checkers))
            result = await load(
                conn,
                drafts,
                actor=operator(),
                purpose=_PURPOSE,
                verb="demo.fill",
                reference="Tỉnh mẫu",
                helpers=(second,),
                progress=progress,
            )
    finally:
        await conn.close()
    return result.persons


async def _open(stack: AsyncExitStack, role: str, *, autocommit: bool) -> Conn:
    conn = await open_connection(role, autocommit=autocommit)
    stack.push_async_callback(conn.close)
    return conn


async def staff() -> None:
    """Organisations, staff and personas; the citizen persona is the head of the well-known family."""
    async with connection("admin") as conn:
        row = await (
            await conn.execute(
                "SELECT person_key FROM population.directory WHERE number = %s", (HEAD_NUMBER,)
            )
        ).fetchone()
        await conn.execute("SET LOCAL ROLE dancu_owner")
        await access.seed_demo(conn, citizen_key=row[0] if row else None, os_user=os_user())
        await seed_contacts(conn)


async def settle() -> None:
    """Statistics for the planner, after a bulk load."""
    conn = await open_connection("admin", autocommit=True)
    try:
        # A third of the usual depth: a fresh table's pages are read, and written back, for the first time here.
        await conn.execute("SET default_statistics_target = 30")
        await conn.execute("ANALYZE")
        # What search chooses by is looked at closely.
        await conn.execute("RESET default_statistics_target")
        await conn.execute("ANALYZE population.person_search")
    finally:
        await conn.close()


def state_of(data: Path) -> dict[str, object]:
    """What the demonstration of this folder has done so far: {"people": n, "done": bool}; {} when nothing."""
    try:
        found: dict[str, object] = json.loads((data / "demo.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def remember(data: Path, **state: object) -> None:
    path = data / "demo.json"
    path.with_suffix(".new").write_text(json.dumps(state), "utf-8")
    path.with_suffix(".new").replace(path)
