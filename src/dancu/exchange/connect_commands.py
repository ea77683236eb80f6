"""`dancu connect`: a partner's side of data exchange, by the client package."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
_WORDS = {
    "vi": {
        "config": "Cấu hình", "dns": "Tên miền", "tls": "TLS", "clock": "Đồng hồ", "token": "Mã truy cập", "binding": "Gắn mã truy cập",
        "signature": "Chữ ký", "agreement": "Thỏa thuận", "call": "Gọi thử", "receipt": "Biên nhận", "proof": "Bằng chứng", "webhook": "Nhận tin",
        "ok": "đạt", "warn": "lưu ý", "fail": "HỎNG", "skip": "chưa thử",
    },
    "en": {
        "config": "Configuration", "dns": "Name", "tls": "TLS", "clock": "Clock", "token": "Token", "binding": "Binding", "signature": "Signature",
        "agreement": "Agreement", "call": "Test call", "receipt": "Receipt", "proof": "Proof", "webhook": "Webhook",
        "ok": "ok", "warn": "note", "fail": "FAILED", "skip": "not tried",
    },
}  # fmt: skip


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
    from dancu_client import Config, ConfigError, Context
    from dancu_client.doctor import Doctor
    from dancu_client.words import LANGUAGES, told

    if lang not in LANGUAGES:
        raise Invalid("connect.lang", "Ngôn ngữ là vi hoặc en.")
    os.environ["DANCU_LANG"] = lang  # of what this command itself refuses, too
    try:
        found = Config.load(config)
    except ConfigError as error:
        raise Invalid("connect.config", "Tệp cấu hình chưa dùng được: {why}", why=told(lang, error)) from error
    if service not in ("verify", "lookup"):
        raise Invalid("connect.service", "Gọi thử được verify hoặc lookup.")
    tried = Doctor(found, Context(purpose, legal_basis, "KIEM-TRA-KET-NOI", "dancu connect doctor"), service, lang=lang)
    steps = tried.run()
    if as_json:
        print(json.dumps({"sound": tried.sound, "steps": [asdict(step) for step in steps]}, ensure_ascii=False))
    else:
        for step in steps:
            print(f"{_WORDS[lang][step.state]:<9} {_WORDS[lang][step.name]:<16} {step.said}")
            if step.mend and step.state != "skip":
                print(f"{'':<9} {'':<16} → {step.mend}")
    return 0 if tried.sound else 1
