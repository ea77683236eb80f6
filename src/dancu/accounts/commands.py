"""Commands about accounts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]


def account(
    personal_id: Annotated[str, typer.Option("--personal-id", help="Số định danh cá nhân, 12 chữ số")],
    passcode: Annotated[str, typer.Option("--passcode", help="Mật mã của tài khoản")],
    level: Annotated[int, typer.Option("--level", min=1, max=2, help="Mức định danh")] = 1,
    phone: Annotated[str, typer.Option("--phone", help="Số điện thoại; bỏ trống: số trong hồ sơ dân cư")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Một tài khoản định danh đã kích hoạt, để thử. Chỉ trong bản trình diễn."""
    import asyncio

    from dancu.accounts.service import demo, links
    from dancu.kit.db import connection, data_dir, use_data

    use_data(data_dir(data))
    links.find(data_dir(data))

    async def make() -> demo.DemoAccount:
        async with connection("app", data) as conn:
            return await demo.account(conn, personal_id, level=level, passcode=passcode, phone=phone)

    made = asyncio.run(make())
    if as_json:
        print(json.dumps({**asdict(made), "sign_in": links.link("/eid/sign-in"), "activate": links.link("/eid/activate")}, ensure_ascii=False))
    else:
        print(f"Tài khoản mức {made.level} của số {made.personal_id}, điện thoại {made.phone}: đang dùng.")
        print(f"Đăng nhập tại {links.link('/eid/sign-in')}")
        print(f"Tài khoản khác chờ kích hoạt thì vào {links.link('/eid/activate')}; mã nằm ở {links.link('/demo/outbox')}")
