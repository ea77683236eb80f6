"""`dancu names` and `dancu numbers`: what the registry makes of a written name or number. No database needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
Unused = Annotated[Path | None, typer.Option("--data", hidden=True)]
"""Words need no database; taken all the same, so that a script may give every command the same options."""

names = typer.Typer(no_args_is_help=True)
numbers = typer.Typer(no_args_is_help=True)


@names.callback()
def _names() -> None:
    """Họ tên người Việt."""


@numbers.callback()
def _numbers() -> None:
    """Số định danh cá nhân và số CMND."""


@names.command("explain")
def explain_name(
    text: Annotated[str, typer.Argument(help="Họ tên; '-' đọc mỗi dòng một tên từ đầu vào chuẩn")],
    as_json: JsonOption = False,
    data: Unused = None,
) -> None:
    """Dạng chuẩn, những gì đã sửa, và bốn khóa của một họ tên."""
    from dancu.kernel.names import explain
    from dancu.kit.i18n import gettext

    def answer(name: str) -> dict[str, Any]:
        return explain(name, lambda finding: gettext(finding.message, **dict(finding.params)))

    _each(text, answer, as_json, _show_name)


@numbers.command("explain")
def explain_number(
    number: Annotated[str, typer.Argument(help="Số; '-' đọc mỗi dòng một số từ đầu vào chuẩn")],
    as_json: JsonOption = False,
    data: Unused = None,
) -> None:
    """Số định danh nói gì: nơi đăng ký khai sinh, thế kỷ và giới tính, năm sinh. Số CMND 9 chữ số không nói gì thêm."""
    from dancu.kernel.numbers import explain_number as explain

    _each(number, explain, as_json, _show_pairs)


def _each(
    text: str, explain: Callable[[str], dict[str, Any]], as_json: bool, show: Callable[[dict[str, Any]], None]
) -> None:
    """One answer, or one JSON line per line of standard input; a bad line is answered too, never fatal."""
    from dancu.kernel.errors import DancuError
    from dancu.kit import command

    if text != "-":
        found = explain(text)
        print(json.dumps(found, ensure_ascii=False)) if as_json else show(found)
        return
    for item in command.items():
        try:
            answer = explain(item)
        except DancuError as error:
            answer = command.failure(error)
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def _show_name(found: dict[str, Any]) -> None:
    from dancu.kit.i18n import N_, gettext

    print(found["normal"])
    if found["repairs"]:
        print(gettext(N_("đã sửa")) + ":", ", ".join(found["repairs"]))
    for finding in found.get("findings", ()):
        print(gettext(N_("cần xem lại")) + ":", finding["message"])
    _show_pairs(found["keys"])


def _show_pairs(found: dict[str, Any]) -> None:
    for key, value in found.items():
        if value != "":
            print(f"  {key}: {value}")
