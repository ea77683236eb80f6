"""`dancu reconcile FILE --partner P`: a partner's file compared with the registry, by the platform's operator on the partner's
behalf. The evidence names the partner's organisation; the operator stands in it as the officer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dancu.exchange.models.reconcile import Run


def reconcile(
    file: Annotated[Path, typer.Argument(help="Tệp CSV, XLSX hoặc Parquet của cơ quan đối tác")],
    partner: Annotated[str, typer.Option("--partner", help="Mã cơ quan, tên hoặc client_id")],
    purpose: Annotated[str, typer.Option("--purpose", help="Mã mục đích; bỏ trống: mục đích đầu tiên của thỏa thuận")] = "",
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý; bỏ trống: căn cứ trong thỏa thuận")] = "",
    profile: Annotated[str, typer.Option("--profile", "-p", help="Mẫu cột: social-insurance")] = "social-insurance",
    out: Annotated[Path | None, typer.Option("--out", help="Tệp kết quả: .csv, còn lại là JSON từng dòng; bỏ trống: ra màn hình")] = None,
    case: Annotated[str, typer.Option("--case", help="Mã hồ sơ hoặc kế hoạch đối soát")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Báo cáo bằng JSON; kết quả ghi vào --out, hoặc FILE.results.jsonl")] = False,
) -> None:
    """Đối soát tệp của một cơ quan với dữ liệu dân cư. Chạy lại cùng tệp thì làm tiếp hoặc trả lại đúng kết quả đã có."""
    import asyncio

    from dancu.kit.db import data_dir, use_data

    use_data(data_dir(data))
    if as_json and out is None:
        out = file.with_name(f"{file.stem}.results.jsonl")
    with _bar(file, quiet=as_json or (out is None and sys.stdout.isatty())) as progress:
        report = asyncio.run(_reconcile(file, partner, (purpose, legal_basis, case), profile, out, progress))
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _say(report)


async def _reconcile(
    file: Path, partner: str, why: tuple[str, str, str], profile: str, out: Path | None, progress: Callable[[Run], None]
) -> dict[str, Any]:
    import asyncio

    from dancu.audit import service as audit
    from dancu.exchange.service import organisations
    from dancu.exchange.service.reconcile import rejecting, results, runs, work
    from dancu.kernel.actor import Channel, Purpose
    from dancu.kit.command import os_user
    from dancu.kit.db import data_dir, open_connection
    from dancu.kit.keys import KeyRing
    from dancu.sharing.service import data_agreements

    keys = KeyRing.open(data_dir() / "keys")
    runs.kind_of(file.name)
    digest = await asyncio.to_thread(runs.digest_of, file)
    conn = await open_connection("app", autocommit=True)
    try:
        async with conn.transaction():
            found, _ = await organisations.find(conn, partner)
            agreement = await data_agreements.in_force(conn, found.org_code, runs.SERVICE)
            code = why[0] or next(iter(agreement.purposes if agreement else {}), "")
            basis = why[1] or (agreement.purposes.get(code, "") if agreement else "")
            run = await runs.submit(
                conn, agreement, Purpose(code, basis, why[2]), digest=digest, file_name=file.name, profile_name=profile,
                client_no=await runs.client_of(conn, found.org_code), officer=os_user(),
            )  # fmt: skip
        with results.Writer(out) as writer:
            async with audit.sequencer() as sequenced:
                done = await work.work(
                    lambda: open_connection("app", autocommit=True), keys, run.run_no, file, channel=Channel.CLI,
                    deliver=writer.deliver, progress=progress,
                )  # fmt: skip
                settled = sequenced and await runs.settled(done.run)
        refused = await rejecting.write(conn, keys, done.run, file)
    finally:
        await conn.close()
    return runs.report(done.run) | {
        "out": str(out) if out else None, "rejects_file": refused, "ignored_columns": list(done.ignored), "sequenced": settled,
    }  # fmt: skip


@contextmanager
def _bar(file: Path, *, quiet: bool) -> Iterator[Callable[[Run], None]]:
    """A progress bar with its rate on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda run: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from dancu.kit.command import rows_of

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Đối soát {file.name}", total=rows_of(file))
        yield lambda run: bar.update(task, completed=run.position)


_WORDS = {
    "matched": "Khớp",
    "matched_with_differences": "Khớp, có điểm khác",
    "ambiguous": "Chưa chắc là ai",
    "not_found": "Không tìm thấy",
    "dead": "Đã mất",
    "duplicate": "Trùng dòng trước",
    "rejected": "Không đọc được",
}


def _say(report: dict[str, Any]) -> None:
    """The report for people, beside the results on standard output."""
    print(f"Lượt đối soát {report['run']}: {report['rows']} dòng, {report['seconds']:.0f} giây", file=sys.stderr)
    for outcome, word in _WORDS.items():
        if report["counts"].get(outcome):
            print(f"  {word:<22} {report['counts'][outcome]:>10}", file=sys.stderr)
    if report["rejects_file"]:
        print(f"Dòng không đọc được, kèm lý do: {report['rejects_file']}", file=sys.stderr)
    if report["ignored_columns"]:
        print(f"Cột không dùng đến: {', '.join(report['ignored_columns'])}", file=sys.stderr)


__all__ = ["reconcile"]
