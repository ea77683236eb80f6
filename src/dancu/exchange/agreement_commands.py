"""`dancu agreement`: what a partner may ask of a data service, by the platform's operator."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from dancu.exchange.partner_commands import DataOption, JsonOption, ReasonOption, Row, run, show

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)

PartnerOption = Annotated[str, typer.Option("--partner", help="Mã cơ quan, tên hoặc client_id")]
ServiceOption = Annotated[str, typer.Option("--service", help="Dịch vụ dữ liệu: verify, lookup, residence, …")]


@app.command("grant")
def grant(
    partner: PartnerOption,
    service: ServiceOption,
    fields: Annotated[str, typer.Option("--fields", help="Trường thông tin, cách nhau bằng dấu phẩy; all: mọi trường")],
    purpose: Annotated[list[str], typer.Option("--purpose", help="Mã mục đích; lặp lại được")],
    legal_basis: Annotated[list[str], typer.Option("--legal-basis", help="Căn cứ pháp lý của mục đích ở cùng vị trí")],
    until: Annotated[str, typer.Option("--until", help="Ngày hết hạn (YYYY-MM-DD hoặc DD/MM/YYYY), ngày cuối còn hiệu lực")],
    quota: Annotated[int | None, typer.Option("--quota", help="Số lượt mỗi ngày; bỏ trống: như bản đang có, hoặc 100000")] = None,
    hours: Annotated[str, typer.Option("--hours", help="Giờ được gọi, ví dụ 7-18; bỏ trống: như bản đang có, hoặc 0-24")] = "",
    consent: Annotated[bool, typer.Option("--consent", help="Mỗi lần gọi cần công dân đồng ý")] = False,
    since: Annotated[str, typer.Option("--from", help="Ngày bắt đầu; bỏ trống: hôm nay")] = "",
    only: Annotated[bool, typer.Option("--only", help="Bỏ các mục đích khác của bản đang có")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lập thỏa thuận có hiệu lực ngay; bản đang có được thay bằng bản này. Mỗi mục đích chỉ đọc được các trường của mình: gọi lại với mục
    đích khác thì thêm một dòng, các mục đích đã có giữ nguyên trường (trừ khi dùng --only)."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import organisations, overview, portal
        from dancu.sharing.models import ALL_DAY, DataTerms
        from dancu.sharing.service import data_agreements

        found, _ = await organisations.find(conn, partner)
        await portal.may_propose(conn, found.org_code)
        known = None if only else await data_agreements.in_force(conn, found.org_code, service)
        terms = DataTerms(
            org_code=found.org_code, service=service, fields=_fields(fields), purposes=_purposes(purpose, legal_basis),
            valid=_valid(since, until), consent_needed=consent,
            quota_day=quota if quota is not None else known.quota_day if known else 100_000,
            hours=_hours(hours) if hours else known.hours if known else ALL_DAY,
        )  # fmt: skip
        made = await data_agreements.grant(conn, actor, terms.beside(known.terms) if known else terms, by=by)
        return overview.agreement(made)

    show(run(work, data), as_json)


@app.command("list")
def listing(
    partner: Annotated[str, typer.Option("--partner", help="Chỉ của cơ quan này")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Cả những bản đã thay, đã kết thúc, bị từ chối")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Các thỏa thuận."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import organisations, overview, partners
        from dancu.sharing.service import data_agreements

        orgs = [(await organisations.find(conn, partner))[0]] if partner else await partners.every(conn)
        found = [one for org in orgs for one in await data_agreements.of(conn, org.org_code)]
        return {"agreements": [overview.agreement(one) for one in found if everything or one.state in ("in_force", "proposed")]}

    rows = run(work, data)["agreements"]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        head = f"{row['org_code']:<20} {row['service']:<10} v{row['version']} {row['state']:<9} {row['until']}"
        for purpose, line in row["purpose_fields"].items():
            print(f"{head}  {purpose}: {','.join(line)}{' (cần đồng ý)' if row['consent_needed'] else ''}")


@app.command("end")
def end(
    partner: PartnerOption, service: ServiceOption, reason: ReasonOption = "Người vận hành kết thúc", data: DataOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Kết thúc thỏa thuận đang có hiệu lực."""

    async def work(conn: Conn, actor: Actor, by: str) -> Row:
        from dancu.exchange.service import organisations, overview
        from dancu.sharing.service import data_agreements

        found, _ = await organisations.find(conn, partner)
        return overview.agreement(await data_agreements.end(conn, actor, found.org_code, service, reason, by=by))

    show(run(work, data), as_json)


def _fields(text: str) -> frozenset[str]:
    from dancu.sharing.models import FIELDS

    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    return frozenset(FIELDS) if named == {"all"} else named


def _purposes(codes: list[str], bases: list[str]) -> dict[str, str]:
    from dancu.kernel.errors import Invalid

    if len(codes) != len(bases):
        raise Invalid("option.pairs", "Mỗi --purpose cần một --legal-basis ở cùng vị trí.")
    return dict(zip(codes, (" ".join(basis.split()) for basis in bases), strict=True))


def _valid(since: str, until: str) -> tuple[date, date]:
    """[first day, day after the last)."""
    from datetime import timedelta

    from dancu.kernel.clock import SYSTEM_CLOCK

    return (_day("--from", since) if since else SYSTEM_CLOCK.today()), _day("--until", until) + timedelta(days=1)


def _day(option: str, text: str) -> date:
    from dancu.kernel.errors import Invalid

    parts = text.strip().split("/")
    with contextlib.suppress(ValueError):
        found = date.fromisoformat("-".join(reversed(parts)) if len(parts) == 3 else text.strip())
        if 1900 < found.year < 9000:
            return found
    raise Invalid("option.date", "{option} ghi như 2027-12-31 hoặc 31/12/2027.", option=option)


def _hours(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if first.strip().isdecimal() and last.strip().isdecimal() and len(text) < 10:
        return int(first), int(last)
    return (0, 0)  # the rules of terms say how hours are written
