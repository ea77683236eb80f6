"""`dancu oidc`: registered applications, by the operator of the platform."""

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
client_app = typer.Typer(no_args_is_help=True)
app.add_typer(client_app, name="client", help="Ứng dụng đăng nhập một lần: thêm, danh sách, đổi khóa, tạm dừng")

JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
ClientId = Annotated[str, typer.Argument(help="client_id của ứng dụng")]
Row = dict[str, Any]


@client_app.command("add")
def add(
    name: Annotated[str, typer.Option("--name", help="Tên ứng dụng, người dân sẽ thấy")],
    redirect_uri: Annotated[list[str] | None, typer.Option("--redirect-uri", help="Địa chỉ quay lại; lặp lại được, tối đa 20")] = None,
    profile: Annotated[str, typer.Option("--profile", help="fapi2, basic hoặc public; mặc định: fapi2 khi có khóa, không thì basic")] = "",
    jwks: Annotated[Path | None, typer.Option("--jwks", help="Tệp JWKS: các khóa công khai")] = None,
    jwks_uri: Annotated[str, typer.Option("--jwks-uri", help="Địa chỉ https nơi ứng dụng công bố khóa, thay cho --jwks")] = "",
    ciba_notification_uri: Annotated[str, typer.Option("--ciba-notification-uri", help="Địa chỉ nhận tin người dân đã trả lời (CIBA ping)")] = "",
    subject_type: Annotated[str, typer.Option("--subject-type", help="pairwise hoặc public")] = "pairwise",
    auth_method: Annotated[str, typer.Option("--auth-method", help="private_key_jwt, client_secret_basic, client_secret_post, tls_client_auth, self_signed_tls_client_auth, none")] = "",
    bound: Annotated[str, typer.Option("--bound", help="Mã truy cập gắn với: dpop hoặc mtls; bỏ trống: theo hồ sơ")] = "",
    tls_subject: Annotated[str, typer.Option("--tls-subject", help="Tên chủ thể chứng thư (RFC 4514)")] = "",
    grant_type: Annotated[list[str] | None, typer.Option("--grant-type", help="Loại cấp quyền; lặp lại được")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Phạm vi của chính ứng dụng (client_credentials)")] = None,
    sector: Annotated[str, typer.Option("--sector", help="Nhóm ứng dụng thấy cùng một mã người dùng")] = "",
    sector_identifier_uri: Annotated[str, typer.Option("--sector-identifier-uri", help="Địa chỉ https liệt kê mọi địa chỉ quay lại của nhóm, thay cho --sector")] = "",
    post_logout_redirect_uri: Annotated[list[str] | None, typer.Option("--post-logout-redirect-uri", help="Địa chỉ sau khi đăng xuất; lặp lại được, tối đa 20")] = None,
    backchannel_logout_uri: Annotated[str, typer.Option("--backchannel-logout-uri", help="Địa chỉ nhận tin đăng xuất")] = "",
    org: Annotated[str, typer.Option("--org", help="Mã cơ quan của ứng dụng")] = "",
    name_en: Annotated[str, typer.Option("--name-en", help="Tên tiếng Anh")] = "",
    detail_type: Annotated[list[str] | None, typer.Option("--detail-type", help="Loại yêu cầu chi tiết (authorization_details) được dùng; lặp lại được")] = None,
    id_token_alg: Annotated[str, typer.Option("--id-token-alg", help="Chữ ký của ID token: ES256; RS256 cho thư viện cũ (loại cơ bản)")] = "ES256",  # noqa: S107
    userinfo_signed: Annotated[bool, typer.Option("--userinfo-signed", help="UserInfo trả về dạng JWT có ký")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Thêm một ứng dụng; chạy thử được ngay. Mật khẩu (nếu có) chỉ in ra lần này."""
    from dancu.oidc.models import AuthMethod, Profile
    from dancu.oidc.service import registration

    keys = _jwks(jwks)
    chosen = profile or ("fapi2" if keys is not None or jwks_uri or tls_subject else "basic")

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        org_code, org_name = await _organisation(conn, actor, org)
        wish = registration.Wish(
            name=name, redirect_uris=tuple(redirect_uri or ()), org_code=org_code, org_name=org_name,
            profile=_one_of(Profile, "--profile", chosen), name_en=name_en,
            auth_method=_one_of(AuthMethod, "--auth-method", auth_method) if auth_method else None,
            bound=bound or None, jwks=keys, tls_subject=tls_subject, subject_type=subject_type, sector=sector,
            grant_types=_grants(redirect_uri, grant_type), scopes=tuple(scope or ()), userinfo_signed=userinfo_signed,
            post_logout_redirect_uris=tuple(post_logout_redirect_uri or ()), backchannel_logout_uri=backchannel_logout_uri,
            jwks_uri=jwks_uri, ciba_notification_uri=ciba_notification_uri, detail_types=tuple(dict.fromkeys(detail_type or ())),
            id_token_alg=id_token_alg, sector_identifier_uri=sector_identifier_uri,
        )  # fmt: skip
        client, secret = await registration.register(conn, actor, wish, by=by)
        return registration.metadata(client, secret)

    _print(_run(work, data), as_json)


@client_app.command("list")
def listing(
    org: Annotated[str, typer.Option("--org", help="Chỉ của cơ quan này")] = "", data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Các ứng dụng đã đăng ký."""
    from dancu.oidc.service import registration

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        return {"clients": [registration.metadata(client) for client in await registration.registered(conn, actor, org or None)]}

    rows = _run(work, data)["clients"]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['client_id']}  {row['state']:<9} {row['profile']:<6} {row['organisation']:<14} {row['client_name']}")


@client_app.command("rotate")
def rotate(
    client_id: ClientId,
    jwks: Annotated[Path | None, typer.Option("--jwks", help="Tệp JWKS mới; bỏ trống: mật khẩu mới")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mật khẩu mới (cái cũ còn dùng được 7 ngày) hoặc bộ khóa mới."""
    from dancu.oidc.service import registration

    keys = _jwks(jwks)

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        if keys is not None:
            return registration.metadata(await registration.replace_keys(conn, actor, client_id, keys, by=by))
        return registration.metadata(*await registration.rotate_secret(conn, actor, client_id, by=by))

    _print(_run(work, data), as_json)


@client_app.command("name")
def name(
    client_id: ClientId,
    name_en: Annotated[str, typer.Option("--name-en", help="Tên tiếng Anh; bỏ trống: không có")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tên tiếng Anh của một ứng dụng đã đăng ký."""
    from dancu.oidc.service import registration

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        return registration.metadata(await registration.name_in_english(conn, actor, client_id, name_en, by=by))

    _print(_run(work, data), as_json)


@client_app.command("suspend")
def suspend(client_id: ClientId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Tạm dừng: sau vài giây ứng dụng không dùng được gì nữa."""
    from dancu.oidc.service import registration

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        return registration.metadata(await registration.suspend(conn, actor, client_id, by=by))

    _print(_run(work, data), as_json)


@client_app.command("resume")
def resume(client_id: ClientId, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Cho chạy thử lại một ứng dụng đã tạm dừng."""
    from dancu.oidc.service import registration

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        return registration.metadata(await registration.resume(conn, actor, client_id, by=by))

    _print(_run(work, data), as_json)


def _run(work: Callable[[Any, Any, str], Awaitable[Row]], data: Path | None) -> Row:
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


async def _organisation(conn: Any, actor: Any, code: str) -> tuple[str, str]:
    """(code, name); the operator's own where none is named. Raises NotFound."""
    from dancu.access import service as access
    from dancu.kernel.errors import NotFound

    if not code:
        return actor.org_code, ""
    names = {org.org_code: org.name for org in await access.organisations(conn)}
    if code not in names:
        raise NotFound("organisation.none", "Không có cơ quan mang mã {org}.", org=code)
    return code, names[code]


def _grants(redirect_uris: list[str] | None, named: list[str] | None) -> frozenset[str]:
    if named:
        return frozenset(named)
    return frozenset() if redirect_uris else frozenset({"client_credentials"})


def _one_of(kind: Any, option: str, text: str) -> Any:
    from dancu.kernel.errors import Invalid

    try:
        return kind(text)
    except ValueError:
        choices = ", ".join(kind)
        raise Invalid("option.invalid", "{option} phải là một trong: {choices}.", option=option, choices=choices) from None


def _jwks(path: Path | None) -> dict[str, Any] | None:
    """The key set of a file; a single key is taken for a set of one. Raises Invalid."""
    from dancu.kernel.errors import Invalid

    if path is None:
        return None
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid("oidc.jwks.file", "Không đọc được bộ khóa trong {path}.", path=str(path)) from error
    return {"keys": [value]} if isinstance(value, dict) and "kty" in value else value


def _print(row: Row, as_json: bool) -> None:
    if as_json:
        print(json.dumps(row, ensure_ascii=False))
        return
    for name, value in row.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else value
        print(f"{name:<44} {text}")
