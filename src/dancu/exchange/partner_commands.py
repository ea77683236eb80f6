"""`dancu partner`: organisations connected to the platform, by its operator. PARTNER is an organisation code, a name or a
client id."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
PartnerArgument = Annotated[str, typer.Argument(metavar="PARTNER", help="Mã cơ quan, tên hoặc client_id")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Lý do, cơ quan đối tác đọc được")]
Row = dict[str, Any]


@app.command("add")
def add(
    name: Annotated[str, typer.Option("--name", help="Tên cơ quan; đã có thì thêm chương trình hoặc chứng thư")],
    csr: Annotated[Path, typer.Option("--csr", help="Tệp yêu cầu cấp chứng thư (PEM)")],
    kind: Annotated[str, typer.Option("--kind", help="ministry, province, government hoặc enterprise")] = "ministry",
    org_code: Annotated[str, typer.Option("--org-code", help="Mã cơ quan; bỏ trống: lấy từ tên")] = "",
    system: Annotated[str, typer.Option("--system", help="Tên chương trình gọi; bỏ trống: tên cơ quan")] = "",
    bound: Annotated[str, typer.Option("--bound", help="Mã truy cập gắn với dpop hoặc mtls")] = "dpop",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Chỉ chạy thử: trả lời về người giả định")] = False,
    url: Annotated[str, typer.Option("--url", help="Địa chỉ của nền tảng; bỏ trống: DANCU_PUBLIC_URL, hoặc nơi bản trình diễn đang chạy")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kết nối một cơ quan: chương trình, chứng thư, địa chỉ gọi."""
    request = read(csr, "exchange.csr.file")

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.accounts.service import links
        from dancu.exchange.service import partners
        from dancu.kit.db import data_dir

        links.find(data_dir(data))
        made = await partners.add(
            conn, actor, name, request, org_code=org_code or None, kind=kind, live=not sandbox, system=system, bound=bound,
            base=url or links.link("") or "http://localhost:8700", front="" if url else os.environ.get("DANCU_MTLS_URL", ""), by=by,
        )  # fmt: skip
        return {
            "org_code": made.org_code, "name": made.org_name, "client_id": made.client_id, "environment": str(made.environment),
            "certificate": made.certificate_pem, "thumbprint": made.thumbprint, "ca": made.ca_pem, "endpoints": made.endpoints,
            "scope": "exchange", "bound": bound, "existed": made.existed,
        }  # fmt: skip

    show(run(work, data), as_json)


@app.command("list")
def listing(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Các cơ quan kết nối và tình trạng."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import organisations, partners

        names = await organisations.names(conn)
        return {"partners": [
            {"org_code": one.org_code, "name": names.get(one.org_code, ""), "state": str(one.state), "due": one.due and one.due.isoformat()}
            for one in await partners.every(conn)
        ]}  # fmt: skip

    rows = run(work, data)["partners"]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['org_code']:<24} {row['state']:<15} {row['name']}")


@app.command("show")
def one(partner: PartnerArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Một cơ quan: chương trình, chứng thư, thỏa thuận."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import organisations

        return await _told(conn, (await organisations.find(conn, partner))[0].org_code)

    show(run(work, data), as_json)


@app.command("suspend")
def suspend(partner: PartnerArgument, reason: ReasonOption = "Người vận hành tạm dừng", data: DataOption = None, as_json: JsonOption = False) -> None:
    """Tạm dừng: sau vài giây không gọi được gì nữa."""
    _change("suspend", partner, data, as_json, reason)


@app.command("resume")
def resume(partner: PartnerArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cho chạy lại như trước khi tạm dừng."""
    _change("resume", partner, data, as_json)


@app.command("revoke")
def revoke(partner: PartnerArgument, reason: ReasonOption = "Người vận hành chấm dứt", data: DataOption = None, as_json: JsonOption = False) -> None:
    """Chấm dứt kết nối: thu hồi mọi chứng thư, kết thúc mọi thỏa thuận."""
    _change("revoke", partner, data, as_json, reason)


@app.command("revoke-certificate")
def revoke_certificate(
    serial: Annotated[str, typer.Argument(help="Số sê-ri chứng thư (hex)")],
    reason: ReasonOption = "Người vận hành thu hồi",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thu hồi một chứng thư."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import systems

        gone = await systems.revoke_certificate(conn, actor, serial.lower(), reason, by=by)
        return {"serial": gone.serial, "revoked_at": gone.revoked_at and gone.revoked_at.isoformat(), "reason": gone.reason}

    show(run(work, data), as_json)


def _change(verb: str, partner: str, data: Path | None, as_json: bool, *reason: str) -> None:
    """A script that says the same again hears how things stand: what is suspended or ended already stays so."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.models.partner import PartnerState
        from dancu.exchange.service import organisations, partners

        found, _ = await organisations.find(conn, partner)
        reached = {"suspend": PartnerState.SUSPENDED, "revoke": PartnerState.REVOKED}.get(verb)
        if (await partners.partner(conn, found.org_code)).state is not reached:
            await getattr(partners, verb)(conn, actor, found.org_code, *reason, by=by)
        return await _told(conn, found.org_code)

    show(run(work, data), as_json)


async def _told(conn: Any, org_code: str) -> Row:
    from dancu.exchange.service import overview

    return await overview.partner(conn, org_code)


def read(path: Path, code: str) -> bytes:
    """A file that was named on the command line. Raises Invalid with `code`."""
    from dancu.kernel.errors import Invalid

    try:
        return path.read_bytes()[:65536]
    except OSError as error:
        raise Invalid(code, "Không đọc được tệp {path}.", path=str(path)) from error


def run(work: Callable[[Any, Any, str], Awaitable[Row]], data: Path | None) -> Row:
    """In one transaction as the platform's operator; the evidence says who typed."""
    import asyncio

    from dancu.access.service.os_user import operator
    from dancu.kit.command import os_user
    from dancu.kit.db import connection, data_dir, use_data

    use_data(data_dir(data))

    async def go() -> Row:
        async with connection("app") as conn:
            return await work(conn, operator(), os_user())

    return asyncio.run(go())


def show(row: Row, as_json: bool) -> None:
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            print(f"{name:<16} {len(value)}")
            for one in value:
                print("  " + "  ".join(f"{key}={_plain(part)}" for key, part in one.items() if _short(part)))
        else:
            print(f"{name:<16} {_plain(value)}")


def _short(value: object) -> bool:
    """Worth a place in a line for people; signed texts and nested members are for `--json`."""
    return value not in ("", None) and not isinstance(value, dict) and len(str(value)) <= 120


def _plain(value: object) -> object:
    if isinstance(value, list) and all(isinstance(one, (str, int)) for one in value):
        return ",".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else value
