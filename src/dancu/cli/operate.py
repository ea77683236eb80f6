"""Commands of the operator: migrate, backup, restore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dancu.kit.db import Conn

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]


def bring_up_to_date() -> list[str]:
    """Apply missing migrations, then write what lives in code or data files into the database: jobs' tables,
    administrative units, the catalogue of permissions and purposes. Idempotent."""
    import asyncio

    from dancu.kit import migrate
    from dancu.kit.db import connection, dsn

    applied = migrate.migrate(dsn("admin"))
    applied += migrate.jobs_schema(dsn("admin"))

    async def write() -> None:
        async with connection("admin") as conn:
            await catalogues(conn)

    asyncio.run(write())
    return applied


async def catalogues(conn: Conn) -> None:
    """What lives in code or data files, in the transaction of a connection as administrator. Of several programs that start at the same
    moment (the application and a dialect) one writes after the other."""
    from dancu.access import service as access
    from dancu.territory import service as territory

    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('dancu.catalogues', 0))")
    await conn.execute("SET LOCAL ROLE dancu_owner")
    await territory.load(conn)
    await access.sync_catalogue(conn)


def migrate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cập nhật cấu trúc cơ sở dữ liệu và các danh mục."""
    from dancu.kit import versions
    from dancu.kit.db import data_dir, dsn, use_data

    use_data(data_dir(data))
    # An older program's catalogues would replace those of the newer one.
    if (other := versions.mismatch_at(dsn("admin"))) is not None and other.code != versions.BEHIND:
        raise other
    applied = bring_up_to_date()
    if as_json:
        print(json.dumps({"applied": applied}, ensure_ascii=False))
    elif applied:
        print("\n".join(f"đã áp dụng {name}" for name in applied))
    else:
        print("Cơ sở dữ liệu đã cập nhật.")


def backup(
    target: Annotated[Path, typer.Argument(help="Thư mục mới cho bản sao lưu")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sao lưu cơ sở dữ liệu, khóa và các điểm kiểm; phục hồi thử rồi mới báo xong. Thư mục chứa khóa: cất như khóa."""
    from dancu.cli import backup as work
    from dancu.kernel.errors import Conflict
    from dancu.kit.db import data_dir, dsn, use_data

    use_data(data_dir(data))
    if target.exists():
        raise Conflict("backup.exists", "{target} đã có. Hãy chọn một thư mục mới.", target=str(target))
    manifest = work.make(dsn("admin"), data_dir(data), target)
    if as_json:
        print(json.dumps({"target": str(target), **manifest}, ensure_ascii=False))
        return
    rows, log = manifest["rows"], manifest["log"]
    print(f"Đã sao lưu vào {target} ({manifest['bytes'] / 1e6:.1f} MB) và phục hồi thử thành công:")
    people, entries = (f"{count:,}".replace(",", ".") for count in (rows["population.person"], log["size"]))
    print(f"  {people} người, {entries} mục nhật ký, nguyên vẹn.")


def restore(
    source: Annotated[Path, typer.Argument(help="Thư mục bản sao lưu")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Phục hồi bản sao lưu vào một thư mục dữ liệu mới (hoặc cơ sở dữ liệu trống)."""
    import os

    from dancu.cli import backup as work
    from dancu.kit import postgres
    from dancu.kit.db import data_dir, dsn, use_data

    use_data(data_dir(data))
    work.read_manifest(source)  # before anything is made for it
    started = False
    cluster = None
    if not os.environ.get("DANCU_DATABASE_URL"):
        cluster = postgres.locate(data_dir(data))
        postgres.create(cluster)
        started = postgres.start(cluster)
        postgres.ensure_database(cluster)
    try:
        manifest = work.restore(dsn("admin"), data_dir(data), source)
    finally:
        if started and cluster is not None:
            postgres.stop(cluster)
    if as_json:
        print(json.dumps(manifest, ensure_ascii=False))
    else:
        print(f"Đã phục hồi vào {data_dir(data)}. Chạy: dancu serve --data {data_dir(data)}")
