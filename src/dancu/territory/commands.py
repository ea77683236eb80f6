"""`dancu territory`: what an address or a code meant on a day. Needs no database but for `load`."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dancu.territory.models import Resolution

app = typer.Typer(no_args_is_help=True)

AsOf = Annotated[str, typer.Option("--as-of", help="Ngày cần tra: dd/mm/yyyy hoặc yyyy-mm-dd; bỏ trống: hôm nay")]
Unused = Annotated[Path | None, typer.Option("--data", hidden=True)]
"""Units need no database; taken all the same, so that a script may give every command the same options."""
Json = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON, mỗi mục một dòng")]


@app.command()
def resolve(
    text: Annotated[str, typer.Argument(help="Địa chỉ, hoặc mã đơn vị; '-' đọc mỗi dòng một mục")],
    as_of: AsOf = "",
    as_json: Json = False,
    data: Unused = None,
) -> None:
    """Nhận ra đơn vị hành chính trong một địa chỉ viết tự do, theo ngày."""
    from dancu.territory.gazetteer import gazetteer
    from dancu.territory.matching import resolve as read_address
    from dancu.territory.present import resolution_json

    day = _day(as_of)
    many = text == "-"
    for item in _items(text):
        answer = read_address(item, day)
        if as_json or many:
            print(json.dumps(resolution_json(answer, gazetteer(), day), ensure_ascii=False), flush=many)
        else:
            _table(answer, day)


@app.command()
def unit(
    code: Annotated[str, typer.Argument(help="Mã đơn vị (2, 3 hoặc 5 chữ số); '-' đọc mỗi dòng một mã")],
    as_of: AsOf = "",
    as_json: Json = False,
    data: Unused = None,
) -> None:
    """Đơn vị mang mã này vào ngày đó: từ đâu mà có, về sau thành gì."""
    from dancu.kernel.errors import DancuError, NotFound
    from dancu.territory.gazetteer import gazetteer
    from dancu.territory.present import history_json

    g, day, many = gazetteer(), _day(as_of), code == "-"
    for item in _items(code):
        found = g.by_code(item.strip(), day)
        if found is None:
            sentence = "Không có đơn vị nào mang mã này vào ngày đó."
            error: DancuError = NotFound("territory.code.unknown", sentence)
            if not many:
                raise error
            print(json.dumps({"error": error.code, "message": error.text()}, ensure_ascii=False))
        elif as_json or many:
            print(json.dumps(history_json(found, g, day), ensure_ascii=False), flush=many)
        else:
            print(f"{found.code}  {g.full_name(found.unit_id, day)}  {_validity(found.valid_from, found.valid_to)}")
            for before in g.before(found.unit_id):
                print(f"  từ: {g.unit(before).code}  {g.full_name(before)}")
            for s in g.successions(found.unit_id):
                heir = g.full_name(s.successor_id) if s.successor_id else "không rõ"
                print(f"  {s.effective:%d/%m/%Y} thành: {heir} ({s.kind.value})")


@app.command()
def load(
    data: Annotated[
        Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")
    ] = None,
    as_json: Json = False,
) -> None:
    """Đưa danh mục đơn vị vào cơ sở dữ liệu; làm lại bao nhiêu lần cũng được."""
    import asyncio

    from dancu.kit.db import connection, data_dir, use_data
    from dancu.territory import service

    async def run() -> bool:
        async with connection("admin") as conn:
            await service.become_owner(conn)
            return await service.load(conn)

    use_data(data_dir(data))
    changed = asyncio.run(run())
    units = len(service.gazetteer())
    if as_json:
        print(json.dumps({"units": units, "changed": changed}))
    else:
        print(f"{units:,} đơn vị: ".replace(",", ".") + ("đã cập nhật." if changed else "đã đúng từ trước."))


def _day(text: str) -> date:
    from dancu.kernel.clock import SystemClock
    from dancu.territory.present import day_of

    return day_of(text) if text else SystemClock().today()


def _items(text: str) -> Iterator[str]:
    """The item itself, or the lines of standard input; an empty line is an item too, so that answers keep step."""
    if text != "-":
        yield text
        return
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _validity(start: date | None, end: date | None) -> str:
    return (f"{start:%d/%m/%Y}" if start else "…") + " – " + (f"{end:%d/%m/%Y}" if end else "nay")


_HOW = {
    "direct": "đúng tên",
    "approximate": "gần đúng tên",
    "successor": "tên cũ, nay thuộc đơn vị này",
    "split": "một trong các đơn vị sau khi chia tách",
    "predecessor": "tên mới, khi đó là đơn vị này",
    "district_dissolved": "thuộc huyện đã giải thể",
    "later_unit": "đơn vị cùng tên về sau",
    "code": "theo mã",
    "moved": "mã nay thuộc đơn vị khác",
    "hamlet": "theo tên thôn, tổ dân phố",
    "maybe_street": "xã, phường cùng tên đứng sau số nhà, cũng có thể là tên đường",
}


def _how(via: str) -> str:
    """How a unit was reached, in words; a way not known here is shown as it is."""
    from dancu.kit.i18n import gettext

    return ", ".join(gettext(_HOW.get(part, part)) for part in via.split("+"))


def _table(answer: "Resolution", day: date) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from dancu.kit.i18n import N_, gettext, language
    from dancu.territory.gazetteer import gazetteer

    words = {"exact": N_("Rõ ràng"), "ambiguous": N_("Chưa rõ ràng"), "unknown": N_("Không nhận ra")}
    print(f"{gettext(words[answer.status.value])} ({day:%d/%m/%Y})" + (f". {gettext(answer.note)}" if answer.note else ""))
    if answer.rest:
        print(gettext(N_("Phần còn lại")) + f": {answer.rest}")
    if not answer.candidates:
        return
    unit, mark = gettext(N_("Đơn vị")), "." if language() == "en" else ","
    heads = gettext(N_("Độ tin cậy")), gettext(N_("Cách nhận ra"))
    table = Table(gettext(N_("Mã")), Column(unit, no_wrap=True), *heads, box=None)
    for c in answer.candidates[:15]:
        name = gazetteer().full_name(c.unit.unit_id, day)
        table.add_row(c.unit.code, name, f"{c.confidence:.2f}".replace(".", mark), _how(c.via))
    Console(soft_wrap=True).print(table)
