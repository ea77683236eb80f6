"""`dancu exchange drop`: files of agencies that cannot open an API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dancu.exchange.partner_commands import DataOption, JsonOption

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Tệp gửi định kỳ của cơ quan chưa mở được API."""


@app.command("trust")
def trust(
    connector: Annotated[str, typer.Option("--connector", help="Mã kết nối, ví dụ merit")],
    key: Annotated[Path, typer.Option("--key", help="Khóa công khai Ed25519 của cơ quan gửi (PEM)")],
    data: DataOption = None,
) -> None:
    """Ghi khóa công khai của cơ quan gửi: tệp của họ phải có chữ ký bằng khóa này."""
    from dancu.exchange.service import drop_keys
    from dancu.kit.db import data_dir

    drop_keys.trust(data_dir(data) / "keys", connector, key)
    print(f"Đã ghi khóa của {connector}.")


@app.command("take")
def take(
    folder: Annotated[Path, typer.Argument(help="Thư mục nhận tệp: mỗi kết nối một thư mục con", exists=True, file_okay=False)],
    most: Annotated[int, typer.Option("--most", min=1, help="Nhận nhiều nhất bấy nhiêu tệp trong lần này")] = 1_000_000,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> int:
    """Nhận các tệp đang chờ, lâu nhất trước; biên nhận (hoặc lý do không nhận) đặt cạnh bản kê. Mã thoát 1 khi có tệp không được nhận."""
    import asyncio

    from dancu.exchange.service import drops
    from dancu.kernel.errors import DancuError
    from dancu.kit.db import connection, data_dir, use_data

    use_data(data_dir(data))
    outcomes = asyncio.run(drops.take_all(connection, folder, data_dir(data) / "keys", most=most))
    rows = [
        {"manifest": next(iter(getattr(one, "__notes__", ())), ""), "code": one.code, "message": one.text()}
        if isinstance(one, DancuError)
        else {"drop_id": one.drop_id, "lines": one.lines, "taken": one.taken, "unknown": one.unknown, "refused": one.refused, "again": one.again}
        for one in outcomes
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{row['manifest']} {row['message']} [{row['code']}]".strip() if "code" in row else "{drop_id}: {lines} dòng, nhận {taken}, chưa biết {unknown}, hỏng {refused}".format(**row))
    return int(any("code" in row for row in rows))
