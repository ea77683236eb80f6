"""`dancu demo`: from nothing to a usable page with one command; again, at once on the same data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

_MESSY_ROWS = 2000


def demo(
    people: Annotated[int, typer.Option(help="Số người của tỉnh mẫu")] = 100_000,
    port: Annotated[int, typer.Option(help="Cổng HTTP")] = 8700,
    data: Annotated[
        Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Mở trình duyệt khi sẵn sàng")
    ] = True,
    forget: Annotated[bool, typer.Option("--forget", help="Xóa dữ liệu của bản trình diễn rồi thôi")] = False,
) -> None:
    """Tỉnh mẫu chạy được ngay: cơ sở dữ liệu, nhập sổ, dân cư, trang web. In `ready http://…` khi dùng được."""
    from dancu.kernel.errors import Conflict
    from dancu.kit import postgres
    from dancu.kit.db import data_dir, use_data

    folder = data_dir(data)
    use_data(folder)
    if os.environ.get("DANCU_DATABASE_URL"):
        raise Conflict(
            "demo.own_database",
            "Bản trình diễn chỉ chạy với cơ sở dữ liệu kèm theo. Hãy bỏ biến DANCU_DATABASE_URL.",
        )
    cluster = postgres.locate(folder)
    if forget:
        postgres.remove(cluster)
        print(f"Đã xóa {folder}")
        return
    started = time.monotonic()
    postgres.create(cluster)
    fresh = postgres.start(cluster)
    try:
        postgres.ensure_database(cluster)
        _prepare(folder, people)
    except BaseException:
        if fresh:
            postgres.stop(cluster)
        raise
    print(f"Chuẩn bị xong sau {time.monotonic() - started:.0f} giây.", flush=True)
    # The same process becomes the server: whatever filling took is given back. It also stops the database it inherits.
    os.environ["DANCU_DEMO"] = "true"
    flags = ["--browser" if browser else "--no-browser", *(["--stop-database"] if fresh else [])]
    os.execv(
        sys.executable,
        [sys.executable, "-m", "dancu", "serve", "--port", str(port), "--data", str(folder), *flags],
    )


def _prepare(folder: Path, people: int) -> None:
    """Migrate always; fill what an earlier run has not filled. An interrupted fill is started anew."""
    import asyncio

    from dancu.demo import fill
    from dancu.kit import postgres

    state = fill.state_of(folder)
    if state and not state.get("done"):
        print("Lần trước dừng giữa chừng; làm lại từ đầu.")
        cluster = postgres.locate(folder)
        postgres.drop_database(cluster)
        postgres.ensure_database(cluster)
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        state = {}
    with _step("Cấu trúc cơ sở dữ liệu, đơn vị hành chính, danh mục"):
        # A process of its own: the command line stands above this room.
        subprocess.run([sys.executable, "-m", "dancu", "migrate", "--json"], check=True, stdout=subprocess.DEVNULL)
    if state.get("done"):
        return
    fill.remember(folder, people=people, done=False)
    asyncio.run(fill.mark())
    with _worker(folder):
        with _bar(f"Tỉnh mẫu: {people:,} người".replace(",", "."), people) as advance:
            asyncio.run(fill.people(people, advance))
        asyncio.run(fill.staff())
        _import_messy(folder)
        with _step("Thống kê cho bộ lập kế hoạch truy vấn"):
            asyncio.run(fill.settle())
    fill.remember(folder, people=people, done=True)


def _import_messy(folder: Path) -> None:
    """The main job on real-shaped input: a digitised birth book, dirty as they come, through the same command an
    operator types."""
    from dancu.demo import messy

    book = folder / "import" / "so-khai-sinh-2009.csv"
    book.parent.mkdir(parents=True, exist_ok=True)
    messy.write_birth_book(book, rows=_MESSY_ROWS, seed=2009, format="csv")
    print(f"Nhập sổ khai sinh số hóa {book.name}:", flush=True)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "dancu",
            "import",
            "people",
            str(book),
            "--profile",
            "birth-book",
            "--data",
            str(folder),
        ],
        check=True,
    )


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    """The worker sequences evidence and numbers events while the province is being written."""
    child = subprocess.Popen(
        [sys.executable, "-m", "dancu", "worker", "--data", str(folder)], stdin=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait(30)


@contextmanager
def _step(title: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{title} …", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - began:.1f} giây", flush=True)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Any]:
    """A progress bar with its rate on a terminal, one line otherwise."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console, began, done = Console(), time.monotonic(), [0]
    if not console.is_terminal:
        yield lambda count: done.__setitem__(0, count)
        seconds = time.monotonic() - began
        print(f"{title}: {seconds:.1f} giây, {done[0] / seconds:,.0f} người/giây", flush=True)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]} người/giây"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, rate="0")

        def advance(count: int) -> None:
            rate = count / max(time.monotonic() - began, 0.1)
            progress.update(task, completed=count, rate=f"{rate:,.0f}".replace(",", "."))

        yield advance
