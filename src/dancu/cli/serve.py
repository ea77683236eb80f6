"""`dancu serve`: the application, and beside it what a laptop needs: the embedded database and the worker.

Start order: database, migrations checked, worker (a child process), pages. Stop order: pages finish what they
answer, the worker finishes its batch, the database last; and only what this process started is stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
_GRACE_SECONDS = 10.0
_USABLE_TRIES = 240


def serve(
    port: Annotated[int, typer.Option(help="Cổng HTTP; 0 = cổng trống bất kỳ")] = 8700,
    data: DataOption = None,
    host: Annotated[list[str] | None, typer.Option(help="Địa chỉ lắng nghe (mặc định 127.0.0.1 và ::1)")] = None,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Chạy kèm tiến trình nền")] = True,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser")] = False,
    stop_database: Annotated[bool, typer.Option("--stop-database", hidden=True)] = False,
) -> None:
    """Chạy ứng dụng cho tới khi nhận Ctrl-C hoặc SIGTERM; in `ready http://…` khi dùng được."""
    import uvloop

    from dancu.kit import postgres
    from dancu.kit.db import data_dir

    folder = data_dir(data)
    os.environ["DANCU_DATA"] = str(folder)
    started_database = False
    cluster = None
    if not os.environ.get("DANCU_DATABASE_URL"):
        cluster = postgres.locate(folder)
        postgres.create(cluster)
        started_database = postgres.start(cluster) or stop_database
        postgres.ensure_database(cluster)
    try:
        _refuse_unmigrated()
        child = _start_worker(folder) if with_worker else None
        try:
            uvloop.run(_serve(port, tuple(host or ("127.0.0.1", "::1")), child, open_browser))
        finally:
            if child is not None:
                _stop(child)
    finally:
        if cluster is not None and started_database:
            postgres.stop(cluster)


def worker(data: DataOption = None) -> None:
    """Chạy tiến trình nền cho tới khi nhận Ctrl-C hoặc SIGTERM."""
    from dancu.kit.db import data_dir

    os.environ["DANCU_DATA"] = str(data_dir(data))
    from dancu.settings import Settings
    from dancu.worker import run

    asyncio.run(run(Settings()))


def _refuse_unmigrated() -> None:
    """A page over a missing table helps nobody: say what to run. An empty database is migrated at once."""
    from dancu.cli.operate import bring_up_to_date
    from dancu.kernel.errors import Unavailable
    from dancu.kit import migrate
    from dancu.kit.db import dsn

    missing = migrate.pending(dsn("admin"))
    if not missing:
        return
    if len(missing) == len(migrate.available()) or not os.environ.get("DANCU_DATABASE_URL"):
        bring_up_to_date()
        return
    raise Unavailable(
        "serve.migrate_first", "Cơ sở dữ liệu thiếu {count} bước cập nhật. Hãy chạy `dancu migrate`.", count=len(missing)
    )


def _start_worker(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "dancu", "worker", "--data", str(folder)], stdin=subprocess.DEVNULL,
                            start_new_session=True)  # fmt: skip


def _stop(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serve(port: int, hosts: tuple[str, ...], child: subprocess.Popen[bytes] | None, open_browser: bool) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from dancu.app import build
    from dancu.settings import Settings

    settings = Settings()
    app = build(settings)
    port = port or _free_port()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with app.router.lifespan_context(app):
        servers = [
            Server(app, address=host, port=port, interface=Interfaces.ASGINL, websockets=False, log_level=LogLevels.warning)
            for host in hosts
            if _can_bind(host, port)
        ]
        if not servers:
            _port_taken(port)
        running = [asyncio.create_task(server.serve()) for server in servers]
        if not await _answers(port, running):
            _port_taken(port)
        await _usable(app, child is not None)
        print(f"ready http://localhost:{port}", flush=True)
        if open_browser:
            _browse(f"http://localhost:{port}/")
        watcher = asyncio.create_task(_watch(child, stop))
        await stop.wait()
        watcher.cancel()
        for server in servers:
            server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), _GRACE_SECONDS)


async def _usable(app: Any, has_worker: bool) -> None:
    """Wait until data may be shown: after a long stop the worker first sequences what had been waiting."""
    for _ in range(_USABLE_TRIES if has_worker else 1):
        try:
            for check in app.state.ready.values():
                await check()
        except Exception:  # readiness says why in the log; here only whether
            await asyncio.sleep(0.25)
        else:
            return
    print("dancu: chưa sẵn sàng; xem `dancu doctor`.", file=sys.stderr)


async def _watch(child: subprocess.Popen[bytes] | None, stop: asyncio.Event) -> None:
    """Without its worker nothing is sequenced and the log soon refuses data: stop loudly instead."""
    while child is not None:
        await asyncio.sleep(1)
        if child.poll() is not None:
            print(f"dancu: tiến trình nền đã dừng (mã {child.returncode}); dừng ứng dụng.", file=sys.stderr)
            stop.set()
            return


def _can_bind(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError:
        return False
    return True


def _port_taken(port: int) -> None:
    from dancu.kernel.errors import Unavailable

    raise Unavailable("serve.port", "Cổng {port} đang được dùng. Hãy chọn cổng khác: --port {other}.", port=port, other=port + 1)


async def _answers(port: int, running: list[asyncio.Task[Any]]) -> bool:
    for _ in range(200):
        if any(task.done() for task in running):
            return False
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("localhost", port)
            writer.close()
            return True
        await asyncio.sleep(0.05)
    return False


def _browse(url: str) -> None:
    import webbrowser

    with contextlib.suppress(Exception):
        webbrowser.open(url)
