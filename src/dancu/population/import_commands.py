"""`dancu import`: files into the registry. Runs as the staff identity of the operating-system user, with the right
import.run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dancu.population.importing.review_commands import app as review_app

if TYPE_CHECKING:
    from dancu.population.importing.outcome import Result
    from dancu.population.importing.run import Progress

app = typer.Typer(no_args_is_help=True)
app.add_typer(review_app, name="review")


@app.callback()
def _group() -> None:
    """Nhập sổ bộ và tệp dữ liệu."""


@app.command()
def people(
    file: Annotated[Path, typer.Argument(help="Tệp CSV, XLSX hoặc Parquet")],
    profile: Annotated[str, typer.Option("--profile", "-p", help="Mẫu nhập: birth-book, residence-register")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chạy thử: báo kết quả, không ghi gì")] = False,
    as_of: Annotated[
        str, typer.Option("--as-of", help="Ngày của các đơn vị hành chính ghi trong tệp (mặc định: ngày của từng dòng)")
    ] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Mã mục đích (xem: dancu access purposes)")] = "import",
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý; bỏ trống: căn cứ đầu tiên")] = "",
    case: Annotated[str, typer.Option("--case", help="Mã hồ sơ hoặc kế hoạch nhập liệu")] = "",
    data: Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")] = False,
) -> None:
    """Nhập người từ một tệp. Chạy lại cùng tệp không ghi gì thêm; lần chạy bị ngắt được làm tiếp từ chỗ dừng."""
    import asyncio

    from dancu.kit.db import data_dir, use_data
    from dancu.population.importing.profile import load_profile
    from dancu.population.present import on_day

    use_data(data_dir(data))
    found = load_profile(profile)
    day = on_day(as_of) if as_of else None
    with _bar(file, quiet=as_json) as progress:
        result = asyncio.run(_import(file, found, dry_run, day, (purpose, legal_basis, case), progress))
    if as_json:
        print(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        _say(result)


async def _import(
    file: Path, profile: Any, dry_run: bool, day: Any, why: tuple[str, str, str], progress: Callable[[Progress], None]
) -> Result:
    from dancu.access import service as access
    from dancu.audit.service import sequencer, settle
    from dancu.kit.command import os_user
    from dancu.kit.db import open_connection
    from dancu.population.importing.run import import_file

    conn = await open_connection("app", autocommit=True)
    try:
        async with conn.transaction():
            actor = await access.actor_for_os_user(conn, os_user())
    finally:
        await conn.close()
    access.require(actor, "import.run")
    purpose = access.choose_purpose(*why, serving="import.run")

    async with sequencer() as sequenced:
        return await import_file(
            lambda: open_connection("import", autocommit=True), file, profile, actor=actor, purpose=purpose,
            dry_run=dry_run, as_of=day, settle=settle if sequenced else None, progress=progress, waiting=_waiting,
        )  # fmt: skip


def _waiting(seconds: float) -> None:
    print(f"Mất kết nối với cơ sở dữ liệu. Đang chờ để làm tiếp, lâu nhất {seconds:.0f} giây …", file=sys.stderr)


@contextmanager
def _bar(file: Path, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A progress bar with its rate on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from dancu.kit.command import rows_of

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} dòng/giây"), TimeElapsedColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Nhập {file.name}", total=rows_of(file), rate="–")
        first: list[int] = []

        def show(progress: Progress) -> None:
            first.append(progress.position) if not first else None
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{(progress.position - first[0]) / elapsed:,.0f}".replace(",", ".") if elapsed else "–"
            bar.update(task, completed=progress.position, rate=rate)

        yield show


_WORDS = {
    "inserted": "Thêm mới",
    "updated": "Cập nhật",
    "unchanged": "Không đổi",
    "needs_review": "Cần người xem",
    "rejected": "Bị từ chối",
}


def _say(result: Result) -> None:
    """The result in words."""
    from dancu.population.importing.reasons import sentence

    if result.dry_run:
        print("Chạy thử: không ghi gì vào cơ sở dữ liệu.")
    if result.resumed:
        print("Đã làm tiếp lần nhập bị ngắt trước đó; số liệu dưới đây là của cả lần nhập.")
    for name, word in _WORDS.items():
        print(f"  {word:<14} {_number(result.tally.rows[name]):>12}")
    for title, counted in (("Lý do", result.tally.reasons), ("Phát hiện được ghi lại", result.tally.findings)):
        if counted:
            print(f"{title}:")
            for code, count in counted.most_common():
                print(f"  {_number(count):>12}  {sentence(code)} [{code}]")
    if result.tally.findings["place.of_that_time"]:
        print(
            "Các đơn vị hành chính trước năm 2022 được giữ nguyên như đã ghi; hồ sơ mở được ở những địa bàn mà tên đó có thể chỉ.\n"
            "  Nếu sổ dùng tên đơn vị của một ngày khác, hãy nhập lại với --as-of, ví dụ --as-of 2023-04-01."
        )
    if result.ignored_columns:
        print(f"Cột không dùng đến: {', '.join(result.ignored_columns)}")
    if result.tally.rows["needs_review"] and not result.dry_run:
        print("Các dòng cần người xem: mở trang “Dòng nhập chờ xem”, hoặc `dancu import review list`.")
    if result.rejects_file:
        print(f"Các dòng bị từ chối: {result.rejects_file}\n  Sửa ngay trong tệp này rồi nhập lại với cùng mẫu.")
        from dancu.kit.sheets.rejects import kept_before

        for earlier in kept_before(Path(result.rejects_file)):
            print(f"  Tệp đã được sửa từ lần trước vẫn còn ở: {earlier}")
    rate = result.total / result.seconds if result.seconds else 0.0
    print(f"{_number(result.total)} dòng trong {result.seconds:.1f} giây ({_number(round(rate))} dòng/giây).")
    if not result.sequenced:
        print("Chưa ai đưa bằng chứng vào nhật ký: hãy chạy `dancu worker` trên máy có khóa ký.", file=sys.stderr)


def _number(value: int) -> str:
    return f"{value:,}".replace(",", ".")
