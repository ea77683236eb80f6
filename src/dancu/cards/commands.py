"""`dancu cards`: what stands on a card, and a capture device to try the interface with."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Thẻ căn cước: đọc mã QR và dòng chữ máy đọc, giả lập thiết bị thu nhận")


@app.command()
def read(
    text: Annotated[str, typer.Argument(help="Nội dung quét; bỏ trống thì đọc từ đầu vào chuẩn")] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="In JSON")] = False,
) -> None:
    """Nội dung thẻ nói gì. Không đối chiếu với dữ liệu dân cư, không ghi gì."""
    import json

    from dancu.cards import present
    from dancu.cards.parsing import read_text

    said = present.reading_json(read_text(sys.stdin.read() if text == "-" else text))
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
        return
    for name, value in said.items():
        if value and name != "findings":
            print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    for finding in said["findings"]:
        print(f"! {finding['message']}")


@app.command("device-simulator")
def device_simulator(
    folder: Annotated[Path, typer.Argument(help="Thư mục có face.jpg, finger-2.png, card.txt", exists=True, file_okay=False)],
    secret: Annotated[str, typer.Option(envvar="DANCU_DEVICE_SECRET", help="Mã nối, đặt giống nhau ở hai phía")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng trên 127.0.0.1")] = 8790,
) -> None:
    """Giả lập một thiết bị thu nhận theo docs/devices.md."""
    from dancu.cards.ports.simulator import make_server

    server = make_server(folder, secret, port)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()
