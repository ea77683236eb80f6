"""`dancu exchange`: the call log of data exchange, by the platform's operator."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dancu.exchange.drop_commands import app as drops
from dancu.exchange.level_commands import app as levels
from dancu.exchange.partner_commands import DataOption, JsonOption, run

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True)
app.add_typer(drops, name="drop")
app.add_typer(levels, name="level")


@app.callback()
def group() -> None:
    """Nhật ký cuộc gọi chia sẻ dữ liệu."""


@app.command("compare-logs")
def compare_logs(
    partner: Annotated[str, typer.Option("--partner", metavar="PARTNER", help="Mã cơ quan, tên hoặc client_id")],
    their_log: Annotated[Path, typer.Option("--their-log", help="Nhật ký phía đối tác (mỗi dòng một JSON)")],
    since: Annotated[str, typer.Option("--since", help="Từ ngày (yyyy-mm-dd); bỏ trống: ngày đầu trong nhật ký của họ")] = "",
    until: Annotated[str, typer.Option("--until", help="Đến hết ngày (yyyy-mm-dd); bỏ trống: ngày cuối trong nhật ký của họ")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> int:
    """So hai nhật ký: chỉ bên ta có, chỉ bên họ có, nội dung khác nhau. Mã thoát 1 khi có khác biệt."""
    days = [_day(text) for text in (since, until)]

    async def work(conn: Conn, actor: Actor, by: str) -> dict[str, Any]:
        from dancu.exchange.service import compare, organisations
        from dancu.exchange.service.receipts import AnswerKeys
        from dancu.kernel.errors import Invalid
        from dancu.kit.db import data_dir

        found, _ = await organisations.find(conn, partner)
        keys = AnswerKeys(data_dir(data) / "keys" / "exchange")
        try:
            with their_log.open("rb") as lines:
                made = await compare.with_file(conn, found.org_code, lines, since=days[0], until=days[1], keys=keys)
        except OSError as error:
            raise Invalid("exchange.compare.file", "Không đọc được tệp {path}.", path=str(their_log)) from error
        return {"partner": found.org_code, **made.as_json()}

    told = run(work, data)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _say(told)
    return 1 if told["differs"] else 0


def _day(text: str) -> date | None:
    from dancu.kernel.errors import Invalid

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("exchange.compare.days", "Ngày ghi theo dạng yyyy-mm-dd.") from error


def _say(told: dict[str, Any]) -> None:
    from dancu.kernel.clock import VIETNAM

    print(f"{told['partner']}: {told['since']} – {told['until']}")
    print(f"  khớp: {told['matched']}; chỉ bên ta có: {told['only_ours']}; chỉ bên họ có: {told['only_theirs']}; khác nhau: {told['different']}")
    if told["never_arrived"]:
        print(f"  không đến nơi hoặc không có trả lời: {told['never_arrived']}")
    if told["unreadable"]:
        print(f"  dòng không đọc được trong nhật ký của họ: {told['unreadable']}")
    words = {"only_ours": "chỉ bên ta", "only_theirs": "chỉ bên họ", "different": "khác nhau"}
    for one in told["found"]:
        proof = " (biên nhận là của ta)" if one.get("receipt_is_ours") else ""
        at = datetime.fromisoformat(one["at"]).astimezone(VIETNAM)
        print(f"  {words[one['what']]:<11} {at:%H:%M:%S %d/%m/%Y}  {one['service']:<10} {one['message_id']}{proof}")
