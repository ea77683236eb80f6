"""`dancu demo`: from nothing to a usable page with one command; again, at once on the same data."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from dancu.accounts import commands as account_commands

# The birth book's rows: one for fifty people, fewest and most. Two hundred show nearly every kind of flaw.
_FEWEST_ROWS, _MOST_ROWS = 200, 2000


app = typer.Typer(invoke_without_command=True)
app.command("account")(account_commands.account)


@app.callback()
def demo(
    context: typer.Context,
    people: Annotated[int, typer.Option(min=200, max=20_000_000, help="Số người của tỉnh mẫu")] = 100_000,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng HTTP; 0 = cổng trống bất kỳ")] = 8700,
    data: Annotated[
        Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Mở trình duyệt khi sẵn sàng")
    ] = True,
    services: Annotated[
        bool, typer.Option("--services/--no-services", help="Chạy kèm hai dịch vụ mẫu dùng chung lần đăng nhập (cổng kế tiếp)")
    ] = True,
    simulators: Annotated[
        bool, typer.Option("--simulators/--no-simulators", help="Chạy kèm mô phỏng cơ sở dữ liệu các bộ, ngành (cổng kế tiếp)")
    ] = True,
    forget: Annotated[bool, typer.Option("--forget", help="Xóa dữ liệu của bản trình diễn rồi thôi")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Khi dùng được, in một dòng JSON; mọi lời khác ra luồng lỗi")] = False,
) -> None:
    """Tỉnh mẫu chạy được ngay: cơ sở dữ liệu, nhập sổ, dân cư, trang web. In `ready http://…` khi dùng được."""
    if context.invoked_subcommand is not None:
        return
    from dancu.kernel.errors import Conflict
    from dancu.kit import command, postgres
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
        _forget(folder, cluster, as_json)
        return
    _refuse_taken(port)
    # The child processes' logs have a file; the terminal is for what the reader of the terminal can use.
    os.environ.setdefault("DANCU_LOG_FILE", str(folder / "logs" / "dancu.log"))
    # A polite end (SIGTERM) takes the same way as Ctrl-C: worker and database are stopped, nothing is orphaned.
    # Set outright: started in the background of a script, both would be inherited as ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    started = time.monotonic()
    postgres.create(cluster)
    ours = postgres.claim(cluster, postgres.start(cluster))
    try:
        postgres.ensure_database(cluster)
        with command.answers_alone(as_json):
            with _alone(folder):
                _prepare(folder, people)
            print(f"Chuẩn bị xong sau {time.monotonic() - started:.0f} giây.", flush=True)
        # The same process becomes the server: whatever filling took is given back, and the database it claimed stays
        # its own. Signals wait until the server can answer them.
        os.environ["DANCU_DEMO"] = "true"
        os.environ["DANCU_SERVICES"] = str(services).lower()
        os.environ["DANCU_SIMULATORS"] = str(simulators).lower()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        if port:
            from dancu.demo.partners import point

            point(folder, f"http://localhost:{port}")
        flag = "--browser" if browser else "--no-browser"
        serve = ["serve", "--port", str(port), "--data", str(folder), flag, *(["--json"] if as_json else [])]
        os.execv(sys.executable, [sys.executable, "-m", "dancu", *serve])  # noqa: S606
    except BaseException:
        if ours:
            postgres.stop(cluster)
        raise


def _forget(folder: Path, cluster: Any, as_json: bool) -> None:
    """Only a demonstration is forgotten: a folder of real records is not one option away from being lost."""
    from dancu.demo import fill
    from dancu.kernel.errors import Conflict
    from dancu.kit import postgres

    if not fill.state_of(folder) and (folder / "keys").exists():
        raise Conflict("demo.not_one", "{folder} không phải dữ liệu của bản trình diễn; không xóa.", folder=str(folder))
    if (server := postgres.looked_after(cluster)) is not None:
        raise Conflict(
            "demo.running",
            "Bản trình diễn ở {folder} đang chạy (tiến trình {pid}); chưa xóa gì. Hãy dừng nó trước: Ctrl-C ở cửa sổ của nó, hoặc `kill {pid}`.",
            folder=str(folder), pid=server,
        )  # fmt: skip
    with _alone(folder):
        postgres.remove(cluster)
    print(json.dumps({"forgotten": str(folder)}) if as_json else f"Đã xóa dữ liệu trình diễn ở {folder}")


def _refuse_taken(port: int) -> None:
    """Before a minute of filling, not after it."""
    from dancu.kernel.errors import Unavailable

    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            if probe.connect_ex((host, port)) == 0:
                raise Unavailable(
                    "demo.port", "Cổng {port} đang được dùng. Hãy chọn cổng khác, ví dụ: make demo PORT={other}",
                    port=port, other=port + 1,
                )  # fmt: skip


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One preparation of a data folder at a time; a second one is told so instead of undoing the first."""
    from dancu.kernel.errors import Conflict

    if not folder.is_dir():
        yield
        return
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("demo.busy", "Một lệnh khác đang chuẩn bị dữ liệu ở {folder}.", folder=str(folder)) from None
        yield


def _prepare(folder: Path, people: int) -> None:
    """Migrate always; fill what an earlier run has not filled. An interrupted fill is started anew."""
    import asyncio

    from dancu.demo import eid_funnel, eid_waiting, fill, offices, partners, samples
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
        _dancu("migrate", stdout=subprocess.DEVNULL)
    if state.get("done"):
        return
    if asyncio.run(fill.already()):
        fill.remember(folder, people=people, done=True)
        return
    asyncio.run(fill.mark())
    fill.remember(folder, people=people, done=False)
    with _worker(folder):
        with _bar(f"Tỉnh mẫu: {people:,} người".replace(",", "."), people) as advance:
            asyncio.run(fill.people(people, advance))
        asyncio.run(fill.staff())
        asyncio.run(offices.seed())
        with _step("Cơ quan kết nối (tình trạng giả định)"):
            asyncio.run(partners.seed(folder))
        with _step("Ảnh và vân tay mẫu (tạo bằng máy) của những người có thẻ"):
            asyncio.run(samples.references())
        with _step("Hồ sơ định danh mẫu: nộp, duyệt, báo, kích hoạt"):
            asyncio.run(eid_funnel.seed(people))
            asyncio.run(eid_waiting.seed())
        _import_messy(folder, people)
        with _step("Thống kê cho bộ lập kế hoạch truy vấn"):
            asyncio.run(fill.settle())
    fill.remember(folder, people=people, done=True)


def _dancu(*args: str, stdout: int | None = None) -> None:
    """Another command of ours. It has said itself what went wrong."""
    done = subprocess.run([sys.executable, "-m", "dancu", *args], check=False, stdout=stdout)
    if done.returncode:
        raise SystemExit(done.returncode)


def _import_messy(folder: Path, people: int) -> None:
    """The main job on real-shaped input: a digitised birth book, dirty as they come, through the same command an
    operator types."""
    from dancu.demo import messy

    book = folder / "import" / "so-khai-sinh-2009.csv"
    book.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    book.parent.chmod(0o700)  # rows of people, and beside them those that were refused
    rows = min(max(people // 50, _FEWEST_ROWS), _MOST_ROWS)
    messy.write_birth_book(book, rows=rows, seed=2009, format="csv")
    print(f"Nhập sổ khai sinh số hóa {book.name}:", flush=True)
    # The book names places as they were called when it was typed in; without that day the units of 2009 stay unknown.
    _dancu(
        "import", "people", str(book), "--profile", "birth-book", "--as-of", "15/04/2023", "--data", str(folder)
    )


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    """The worker sequences evidence and numbers events while the province is being written."""
    command = [sys.executable, "-m", "dancu", "worker", "--data", str(folder), "--parent", str(os.getpid())]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
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
