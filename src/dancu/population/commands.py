"""`dancu person`: look at a person from the command line. Logged as the staff identity of the operating-system user."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor, Purpose
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="Mã mục đích (xem: dancu access purposes)")]
BasisOption = Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý; bỏ trống: căn cứ đầu tiên của mục đích")]
CaseOption = Annotated[str, typer.Option("--case", help="Mã hồ sơ mà việc xem này phục vụ")]


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="Số định danh hoặc CMND; '-' đọc mỗi dòng một số")],
    as_of: Annotated[str, typer.Option("--as-of", help="Ngày mà dữ kiện có hiệu lực: dd/mm/yyyy hoặc yyyy-mm-dd")] = "",
    known_at: Annotated[str, typer.Option("--known-at", help="Thời điểm mà cơ sở dữ liệu đã biết: yyyy-mm-dd[Thh:mm:ss]")] = "",
    purpose: PurposeOption = "identity_check",
    legal_basis: BasisOption = "",
    case: CaseOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hồ sơ của một người, theo ngày hiệu lực và thời điểm đã biết."""
    from dancu.population.present import as_json as to_json
    from dancu.population.present import as_lines, moment, on_day

    day, at = on_day(as_of), moment(known_at)

    async def one(conn: Conn, actor: Actor, why: Purpose, text: str) -> dict[str, Any]:
        view = await _view(conn, actor, why, text, day, at)
        return to_json(view) if as_json or number == "-" else {"lines": as_lines(view)}

    _run(number, one, lambda found: print("\n".join(found["lines"])), data, purpose, legal_basis, case, as_json)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Số hoặc họ tên; '-' đọc mỗi dòng một mục")],
    born: Annotated[str, typer.Option("--born", help="Năm sinh hoặc ngày sinh")] = "",
    place: Annotated[str, typer.Option("--place", help="Xã, phường (và tỉnh) thường trú")] = "",
    purpose: PurposeOption = "identity_check",
    legal_basis: BasisOption = "",
    case: CaseOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tìm theo số bất kỳ, hoặc theo họ tên cùng năm sinh và/hoặc nơi thường trú; nhiều nhất 20 người."""
    from dancu.population import service
    from dancu.population.present import hit_json
    from dancu.population.service.look import check_number, is_number, nobody

    async def one(conn: Conn, actor: Actor, why: Purpose, wanted: str) -> dict[str, Any]:
        if is_number(wanted):
            check_number(wanted)
            keys = await service.keys_by_number(conn, wanted)
            if not keys:
                raise nobody(actor, why)
            hits = await service.hits_of(conn, actor, why, keys)
        else:
            hits = await service.search(conn, actor, why, wanted, born=born, place=place)
        return {"results": [hit_json(hit) for hit in hits]}

    def table(found: dict[str, Any]) -> None:
        from dancu.kernel.dates import PartialDate
        from dancu.kit.i18n import N_, gettext

        if not found["results"]:
            print(gettext(N_("Không tìm thấy người nào.")))
        for hit in found["results"]:
            born = PartialDate.from_iso(hit["birth"]).vi() if hit["birth"] else ""
            print(f"{hit['personal_id'] or '-':>14}  {hit['name']}  {born}  {hit['residence']}")

    _run(text, one, table, data, purpose, legal_basis, case, as_json)


async def _view(conn: Conn, actor: Actor, why: Purpose, text: str, day: date | None, at: datetime | None) -> Any:
    from dancu.population import service
    from dancu.population.service.look import check_number, nobody

    check_number(text)
    keys = await service.keys_by_number(conn, text)
    if not keys:
        raise nobody(actor, why)
    return await service.person(conn, actor, why, keys[0], as_of=day, known_at=at)


def _run(
    text: str, one: Any, show_it: Any, data: Path | None, purpose: str, legal_basis: str, case: str, as_json: bool
) -> None:
    """Answer one item, or one JSON line per line of standard input. Each item is a transaction: evidence first."""
    import asyncio

    from dancu.access import service as access
    from dancu.kernel.errors import DancuError
    from dancu.kit import command
    from dancu.kit.db import data_dir, keep_evidence, open_connection, use_data

    use_data(data_dir(data))

    async def answer(conn: Conn, actor: Actor, why: Purpose, item: str) -> dict[str, Any]:
        try:
            async with conn.transaction():
                found: dict[str, Any] = await one(conn, actor, why, item)
                return found
        except DancuError as error:
            await keep_evidence(conn, error)
            raise

    async def go() -> None:
        conn = await open_connection("app", autocommit=True)
        try:
            async with conn.transaction():
                actor = await access.actor_for_os_user(conn, command.os_user())
            why = access.choose_purpose(purpose, legal_basis, case)
            if text != "-":
                found = await answer(conn, actor, why, text)
                print(json.dumps(found, ensure_ascii=False)) if as_json else show_it(found)
                return
            for item in command.items():
                try:
                    found = await answer(conn, actor, why, item.strip())
                except DancuError as error:
                    found = command.failure(error)
                print(json.dumps(found, ensure_ascii=False), flush=True)
        finally:
            await conn.close()

    asyncio.run(go())

