"""`dancu connect`: a partner's side of data exchange, by the client package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Phía đối tác: kiểm tra kết nối."""


@app.command("doctor")
def doctor(
    config: Annotated[Path, typer.Option("--config", help="Tệp cấu hình của dancu-client (TOML)")],
    service: Annotated[str, typer.Option("--service", help="Dịch vụ gọi thử: verify hoặc lookup")] = "verify",
    purpose: Annotated[str, typer.Option("--purpose", help="Mục đích của lần gọi thử, như trong thỏa thuận")] = "identity_check",
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý của lần gọi thử")] = "26/2023/QH15",
    lang: Annotated[str, typer.Option("--lang", envvar="DANCU_LANG", help="vi hoặc en")] = "vi",
    as_json: Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")] = False,
) -> int:
    """Thử cả đường kết nối từng bước: tên miền, TLS, giờ, mã truy cập, chữ ký, thỏa thuận, gọi thử, biên nhận, bằng chứng, nơi nhận
    tin. Bước nào hỏng thì nói cách sửa. Mã thoát 1 khi còn hỏng."""
    from dancu.kernel.errors import Invalid
    from dancu_client import Config, ConfigError
    from dancu_client.__main__ import SERVICES, examine
    from dancu_client.words import LANGUAGES, told

    if lang not in LANGUAGES:
        raise Invalid("connect.lang", "Ngôn ngữ là vi hoặc en.")
    os.environ["DANCU_LANG"] = lang  # of what this command itself refuses, too
    try:
        found = Config.load(config)
    except ConfigError as error:
        raise Invalid("connect.config", "Tệp cấu hình chưa dùng được: {why}", why=told(lang, error)) from error
    if service not in SERVICES:
        raise Invalid("connect.service", "Gọi thử được verify hoặc lookup.")
    return examine(found, service, purpose, legal_basis, lang, as_json=as_json)
