"""Commands of the operator: migrate, backup, restore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]


def bring_up_to_date() -> list[str]:
    """Apply missing migrations, then write what lives in code or data files into the database: jobs' tables,
    administrative units, the catalogue of permissions and purposes. Idempotent."""
    import asyncio

    from dancu.access import service as access
    from dancu.kit import jobs, migrate
    from dancu.kit.db import connection, dsn
    from dancu.territory import service as territory

    applied = migrate.migrate(dsn("admin"))
    applied += jobs.ensure_schema(dsn("admin"))

    async def catalogues() -> None:
        async with connection("admin") as conn:
            await conn.execute("SET LOCAL ROLE dancu_owner")
            await territory.load(conn)
            await access.sync_catalogue(conn)

    asyncio.run(catalogues())
    return applied


def migrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cập nhật cấu trúc cơ sở dữ liệu và các danh mục."""
    from dancu.kit.db import data_dir, use_data

    use_data(data_dir(data))
    applied = bring_up_to_date()
    if as_json:
        print(json.dumps({"applied": applied}, ensure_ascii=False))
    elif applied:
        print("\n".join(f"đã áp dụng {name}" for name in applied))
    else:
        print("Cơ sở dữ liệu đã cập nhật.")
