"""`dancu access`: purposes and roles; organisations and staff; who am I here."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)
staff_app = typer.Typer(no_args_is_help=True)
org_app = typer.Typer(no_args_is_help=True)
app.add_typer(staff_app, name="staff", help="Cán bộ: thêm, danh sách, giao vai trò, đặt lại, ngừng")
app.add_typer(org_app, name="org", help="Cơ quan: thêm, danh sách")

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
Unused = Annotated[Path | None, typer.Option("--data", hidden=True)]
"""Catalogues need no database; taken all the same, so that a script may give every command the same options."""
Rows = list[dict[str, Any]]


@app.command()
def purposes(
    as_of: Annotated[str, typer.Option("--as-of", help="Ngày: yyyy-mm-dd; bỏ trống là hôm nay")] = "",
    as_json: JsonOption = False,
    data: Unused = None,
) -> None:
    """Các mục đích khai thác dữ liệu, căn cứ pháp lý và quyền mà mỗi mục đích phục vụ. Không cần cơ sở dữ
    liệu."""
    from dancu.access.catalogue.choosing import purposes as valid

    rows = [
        {
            "code": purpose.code,
            "name": purpose.name,
            "name_en": purpose.name_en,
            "legal_bases": [{"code": law.code, "name": law.name, "certainty": str(law.certainty)} for law in bases],
            "permissions": list(purpose.permissions),
        }
        for purpose, bases in valid(_day(as_of))
    ]
    _print(
        rows,
        as_json,
        lambda r: f"{r['code']:<22} {r['name']}  [{', '.join(b['code'] for b in r['legal_bases'])}]",
    )


@app.command()
def roles(as_json: JsonOption = False, data: Unused = None) -> None:
    """Các vai trò và quyền của mỗi vai trò. Không cần cơ sở dữ liệu."""
    from dancu.access.catalogue import ROLES

    rows = [
        {"code": r.code, "name": r.name, "name_en": r.name_en, "permissions": sorted(r.permissions)}
        for r in ROLES.values()
    ]
    _print(rows, as_json, lambda r: f"{r['code']:<24} {r['name']}: {', '.join(r['permissions'])}")


@app.command()
def whoami(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cán bộ mà người dùng hệ điều hành này được gắn với, quyền và địa bàn hôm nay."""
    from dancu.access import service

    async def work(conn: Conn, _: Actor) -> Rows:
        actor = await service.actor_for_os_user(conn, _os_user())
        rights = await service.rights_of(conn, actor.actor_id)
        return [
            {
                "staff_id": actor.actor_id,
                "name": actor.name,
                "organisation": actor.org_code,
                "rights": [
                    {
                        "permission": right.permission,
                        "areas": None if right.national else [service.unit_name(u) for u in sorted(right.areas)],
                        "until": None if right.until.year == 9999 else right.until.isoformat(),
                    }
                    for right in rights
                ],
            }
        ]

    row = _with_actor(work, data)[0]
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    print(f"{row['name']} ({row['organisation']}, số {row['staff_id']})")
    for right in row["rights"]:
        where = "cả nước" if right["areas"] is None else "; ".join(right["areas"]) or "chưa có địa bàn"
        print(f"  {right['permission']:<28} {where}")


@org_app.command("list")
def org_list(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Các cơ quan, cấp trên trước."""
    from dancu.access import service

    async def work(conn: Conn, _: Actor) -> Rows:
        return [
            {"code": o.org_code, "name": o.name, "kind": str(o.kind), "parent": o.parent}
            for o in await service.organisations(conn)
        ]

    _print(_with_actor(work, data), as_json, lambda r: f"{r['code']:<20} {r['name']}")


@org_app.command("add")
def org_add(
    code: Annotated[str, typer.Argument(help="Mã cơ quan")],
    name: Annotated[str, typer.Argument(help="Tên")],
    kind: Annotated[
        str,
        typer.Option("--kind", help="government, committee, police, justice, one_stop, inspectorate, ministry, …"),
    ],
    parent: Annotated[str, typer.Option("--parent", help="Mã cơ quan cấp trên; bỏ trống khi lập gốc")] = "",
    name_en: Annotated[str, typer.Option("--name-en", help="Tên tiếng Anh")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thêm một cơ quan."""
    from dancu.access import service

    async def work(conn: Conn, actor: Actor) -> Rows:
        made = await service.add_organisation(conn, actor, code, name, kind, parent=parent or None, name_en=name_en)
        return [{"code": made.org_code, "name": made.name, "kind": str(made.kind), "parent": made.parent}]

    _print(_with_actor(work, data), as_json, lambda r: f"đã thêm {r['code']}", one=True)


@staff_app.command("list")
def staff_list(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cán bộ trong phạm vi quản trị."""
    from dancu.access import service

    async def work(conn: Conn, actor: Actor) -> Rows:
        return [
            {"staff_id": s.staff_id, "login": s.login, "name": s.display_name, "organisation": s.org_code,
             "state": str(s.state), "os_user": s.os_user}
            for s in await service.staff_list(conn, actor, limit=10_000)
        ]  # fmt: skip

    _print(
        _with_actor(work, data),
        as_json,
        lambda r: f"{r['login']:<20} {r['organisation']:<16} {r['state']:<9} {r['name']}",
    )


@staff_app.command("add")
def staff_add(
    login: Annotated[str, typer.Argument(help="Tên đăng nhập")],
    name: Annotated[str, typer.Argument(help="Họ và tên")],
    org: Annotated[str, typer.Option("--org", help="Mã cơ quan")],
    role: Annotated[str, typer.Option("--role", help="Vai trò (xem: dancu access roles)")] = "",
    units: Annotated[str, typer.Option("--units", help="Mã đơn vị hành chính, cách nhau bằng dấu phẩy")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Ngày của các mã đơn vị: yyyy-mm-dd")] = "",
    head: Annotated[bool, typer.Option("--head", help="Là người phụ trách cơ quan")] = False,
    os_user: Annotated[str, typer.Option("--os-user", help="Người dùng hệ điều hành của người này")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thêm một cán bộ; in ra mã kích hoạt dùng một lần."""
    from dancu.access import service

    day = _day(as_of)

    async def work(conn: Conn, actor: Actor) -> Rows:
        made, code = await service.add_staff(conn, actor, login, name, org, os_user=os_user or None)
        if role:
            ids = service.units_by_codes(units, day)
            await service.assign(conn, actor, made.staff_id, role, unit_ids=ids, units_as_of=day, head=head)
        return [{"staff_id": made.staff_id, "login": made.login, "setup_code": code}]

    _print(
        _with_actor(work, data),
        as_json,
        lambda r: f"mã kích hoạt của {r['login']} (72 giờ): {r['setup_code']}",
        one=True,
    )


@staff_app.command("assign")
def staff_assign(
    login: Annotated[str, typer.Argument(help="Tên đăng nhập")],
    role: Annotated[str, typer.Option("--role", help="Vai trò (xem: dancu access roles)")],
    org: Annotated[str, typer.Option("--org", help="Mã cơ quan; bỏ trống là cơ quan của người này")] = "",
    units: Annotated[str, typer.Option("--units", help="Mã đơn vị hành chính, cách nhau bằng dấu phẩy")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="Ngày của các mã đơn vị: yyyy-mm-dd")] = "",
    until: Annotated[str, typer.Option("--until", help="Ngày đầu tiên không còn hiệu lực: yyyy-mm-dd")] = "",
    head: Annotated[bool, typer.Option("--head", help="Là người phụ trách cơ quan")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Giao một vai trò."""
    from dancu.access import service

    day, end = _day(as_of), _day(until)

    async def work(conn: Conn, actor: Actor) -> Rows:
        staff = await service.staff_by_login(conn, login)
        made = await service.assign(
            conn, actor, staff.staff_id, role, org_code=org or None,
            unit_ids=service.units_by_codes(units, day),
            units_as_of=day, valid_to=end, head=head,
        )  # fmt: skip
        return [{"assignment_id": made, "login": staff.login, "role": role}]

    _print(_with_actor(work, data), as_json, lambda r: f"đã giao {r['role']} cho {r['login']}", one=True)


@staff_app.command("deactivate")
def staff_deactivate(
    login: Annotated[str, typer.Argument(help="Tên đăng nhập")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ngừng một cán bộ từ bây giờ: phiên, quyền và phân công đều kết thúc."""
    from dancu.access import service

    async def work(conn: Conn, actor: Actor) -> Rows:
        staff = await service.staff_by_login(conn, login)
        await service.deactivate(conn, actor, staff.staff_id)
        return [{"staff_id": staff.staff_id, "login": staff.login, "state": "inactive"}]

    _print(_with_actor(work, data), as_json, lambda r: f"đã ngừng {r['login']}", one=True)


@staff_app.command("reset")
def staff_reset(
    login: Annotated[str, typer.Argument(help="Tên đăng nhập")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Đặt lại mật khẩu và mã xác thực; in ra mã kích hoạt mới."""
    from dancu.access import service

    async def work(conn: Conn, actor: Actor) -> Rows:
        staff = await service.staff_by_login(conn, login)
        code = await service.reset(conn, actor, staff.staff_id)
        return [{"staff_id": staff.staff_id, "login": staff.login, "setup_code": code}]

    _print(
        _with_actor(work, data),
        as_json,
        lambda r: f"mã kích hoạt của {r['login']} (72 giờ): {r['setup_code']}",
        one=True,
    )


def _with_actor(work: Callable[[Any, Any], Awaitable[Rows]], data: Path | None) -> Rows:
    """Run `work` in one transaction as the administrator the operating-system user is."""
    import asyncio

    from dancu.access import service
    from dancu.kit.db import connection, data_dir, use_data

    use_data(data_dir(data))

    async def go() -> Rows:
        async with connection("app") as conn:
            return await work(conn, await service.actor_for_operator(conn, _os_user()))

    return asyncio.run(go())


def _os_user() -> str:
    from dancu.kit.command import os_user

    return os_user()


def _day(text: str) -> Any:
    from datetime import date

    from dancu.kernel.errors import Invalid

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("date.invalid", "Ngày phải theo dạng yyyy-mm-dd.") from None


def _print(rows: Rows, as_json: bool, line: Callable[[dict[str, Any]], str], *, one: bool = False) -> None:
    """Rows as lines for people, or as JSON: a list, or with `one` the one object the command made."""
    if as_json:
        print(json.dumps(rows[0] if one else rows, ensure_ascii=False))
        return
    for row in rows:
        print(line(row))
