"""`dancu export`: people of an area into a file, for those with the right person.export. Every person handed out has an
evidence entry of their own, durable before the first byte about them is written; citizens see it."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from dancu.population.models import PersonView

app = typer.Typer(no_args_is_help=True)

COLUMNS = (
    "personal_id", "name", "born", "sex", "alive", "ethnicity", "nationality", "residence", "residence_unit",
    "residence_since", "household_relation", "marital_status",
)  # fmt: skip


@app.callback()
def _group() -> None:
    """Xuất dữ liệu dân cư có ghi vết."""


@app.command()
def people(
    file: Annotated[Path, typer.Argument(help="Tệp mới: .csv (mỗi người một dòng tóm tắt) hoặc .jsonl (đủ hồ sơ)")],
    reason: Annotated[str, typer.Option("--reason", help="Lý do, công dân và người giám sát đọc được")],
    purpose: Annotated[str, typer.Option("--purpose", help="Mã mục đích (xem: dancu access purposes)")],
    unit: Annotated[str, typer.Option("--unit", help="Mã xã, phường hoặc tỉnh hiện nay; bỏ trống: cả địa bàn")] = "",
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý; bỏ trống: căn cứ đầu tiên")] = "",
    case: Annotated[str, typer.Option("--case", help="Mã hồ sơ mà việc xuất này phục vụ")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")] = False,
) -> None:
    """Xuất người thuộc địa bàn được giao ra một tệp chỉ người chạy lệnh đọc được."""
    import asyncio

    from dancu.access import service as access
    from dancu.kernel.errors import Conflict, Invalid
    from dancu.kit.db import data_dir, use_data
    from dancu.population.service.export import check_reason

    use_data(data_dir(data))
    if file.suffix not in (".csv", ".jsonl"):
        raise Invalid("export.kind", "Tên tệp phải kết thúc bằng .csv hoặc .jsonl.")
    if file.exists():
        raise Conflict("export.exists", "{path} đã có. Hãy chọn một tên khác.", path=str(file))
    why, told = access.choose_purpose(purpose, legal_basis, case), check_reason(reason)
    units = access.units_by_codes(unit, None) if unit else None
    with _private(file) as out:
        count = asyncio.run(_export(_writer(file.suffix, out), why, told, units))
    if as_json:
        print(json.dumps({"file": str(file), "persons": count}, ensure_ascii=False))
    else:
        print(f"Đã xuất {count:,} người vào {file}; mỗi người có một mục trong nhật ký.".replace(",", "."))


async def _export(write: Callable[[PersonView], None], why: Any, reason: str, units: list[int] | None) -> int:
    from dancu.access import service as access
    from dancu.kernel.errors import DancuError
    from dancu.kit.command import os_user
    from dancu.kit.db import keep_evidence, open_connection
    from dancu.population.service.export import export_page

    count, after = 0, 0
    conn = await open_connection("app", autocommit=True)
    try:
        async with conn.transaction():
            actor = await access.actor_for_os_user(conn, os_user())
        while True:
            try:
                async with conn.transaction():
                    views, after = await export_page(conn, actor, why, reason, units=units, after=after)
            except DancuError as error:
                await keep_evidence(conn, error)
                raise
            # The page's entries are durable now, not earlier: only from here on may it leave.
            for view in views:
                write(view)
            count += len(views)
            if not after:
                return count
    finally:
        await conn.close()


@contextmanager
def _private(file: Path) -> Iterator[TextIO]:
    """The file, readable by its owner only, under its name when it is complete."""
    part = file.with_name(file.name + ".part")
    with suppress(FileNotFoundError):
        part.unlink()
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _writer(suffix: str, out: TextIO) -> Callable[[PersonView], None]:
    from dancu.population.present import as_json

    if suffix == ".jsonl":

        def line(view: PersonView) -> None:
            out.write(json.dumps(as_json(view), ensure_ascii=False) + "\n")

        return line
    rows = csv.DictWriter(out, COLUMNS)
    out.write("\ufeff")  # or spreadsheets read Vietnamese as Latin-1
    rows.writeheader()

    def row(view: PersonView) -> None:
        rows.writerow(_row(as_json(view)))

    return row


def _row(person: dict[str, Any]) -> dict[str, str]:
    """One line of the summary. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    home: dict[str, Any] = next((r for r in person["residences"] if r["kind"] == "permanent"), {})
    traits: dict[str, Any] = next(iter(person["traits"]), {})
    marital: dict[str, Any] = next(iter(person["marital"]), {})
    row = {
        "personal_id": person["personal_id"], "name": person["name"], "born": person["born"], "sex": person["sex"],
        "alive": "yes" if person["alive"] else "no", "ethnicity": traits.get("ethnicity"),
        "nationality": traits.get("nationality"), "residence": home.get("address"), "residence_unit": home.get("unit_name"),
        "residence_since": home.get("valid_from"), "household_relation": (person["membership"] or {}).get("relation"),
        "marital_status": marital.get("status"),
    }  # fmt: skip
    return {key: _safe(str(value)) if value is not None else "" for key, value in row.items()}


def _safe(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
