"""`dancu exchange level`: what is promised of data services, by the platform's operator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dancu.exchange.partner_commands import DataOption, JsonOption, Row, run, show

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)
ServiceOption = Annotated[str, typer.Option("--service", help="Dịch vụ dữ liệu: verify, lookup, …; bỏ trống: mọi dịch vụ")]
PartnerOption = Annotated[str, typer.Option("--partner", help="Mã cơ quan, tên hoặc client_id; bỏ trống: mọi cơ quan")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Lý do, ghi vào nhật ký")]


@app.callback()
def group() -> None:
    """Mức dịch vụ đã hứa của các dịch vụ dữ liệu."""


@app.command("list")
def listing(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Các mức đang áp dụng."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import level_targets

        found = await level_targets.targets(conn)
        return {"levels": [
            {"service": service, "partner": org_code, "availability": one.availability, "p95_ms": one.p95_ms}
            for (service, org_code), one in found.standing.items()
        ]}  # fmt: skip

    rows = run(work, data)["levels"]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['service'] or '*':<12} {row['partner'] or '*':<20} {row['availability']:>6} % {row['p95_ms']:>7} ms")


@app.command("set")
def put(
    availability: Annotated[str, typer.Option("--availability", help="Tỷ lệ trả lời được, phần trăm, ví dụ 99.9")],
    p95: Annotated[str, typer.Option("--p95", help="95 % câu trả lời nhanh hơn số mili giây này")],
    reason: ReasonOption,
    service: ServiceOption = "",
    partner: PartnerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Đặt một mức; mức riêng của một cơ quan được tính trước mức chung."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import level_targets, organisations

        org_code = (await organisations.find(conn, partner))[0].org_code if partner else ""
        made = await level_targets.put(conn, actor, service, org_code, availability, p95, reason, by=by)
        return {"service": service, "partner": org_code, "availability": made.availability, "p95_ms": made.p95_ms}

    show(run(work, data), as_json)


@app.command("end")
def end(reason: ReasonOption, service: ServiceOption = "", partner: PartnerOption = "", data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bỏ một mức riêng; mức chung hơn lại được tính."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import level_targets, organisations

        org_code = (await organisations.find(conn, partner))[0].org_code if partner else ""
        await level_targets.end(conn, actor, service, org_code, reason, by=by)
        return {"service": service, "partner": org_code, "ended": True}

    show(run(work, data), as_json)
