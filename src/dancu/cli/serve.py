"""`dancu serve` and `dancu worker`: the two processes of a running installation; `serve` also minds the embedded
database and the worker.

Start order: database, migrations checked, worker (a child process), pages. Stop order: pages finish what they
answer, the worker finishes its batch, the database last; and only what this process started, or took over from one
that was killed, is stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from dancu.cli.http import Beside
    from dancu.kit.postgres import Cluster

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
HOSTS = ("127.0.0.1", "::1")
_WORKER_GRACE_SECONDS = 12.0


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng HTTP; 0 = cổng trống bất kỳ")] = 8700,
    data: DataOption = None,
    host: Annotated[list[str] | None, typer.Option(help="Địa chỉ lắng nghe (mặc định 127.0.0.1 và ::1)")] = None,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Chạy kèm tiến trình nền")] = True,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser")] = False,
    dialect: Annotated[str, typer.Option(help="Chỉ trả lời theo một chuẩn ngoài, trên cổng riêng: govstack, spdci, findusage")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Khi dùng được, in một dòng JSON; mọi lời khác ra luồng lỗi")] = False,
) -> None:
    """Chạy ứng dụng cho tới khi nhận Ctrl-C hoặc SIGTERM; in `ready http://…` khi dùng được."""
    import uvloop

    from dancu.cli import http
    from dancu.cli.minding import Worker
    from dancu.kit import command
    from dancu.kit.db import data_dir, use_data

    interruptible()
    folder = data_dir(data)
    use_data(folder)
    hosts = tuple(host or HOSTS)
    if dialect:
        # Beside a running installation, whose worker it shares.
        with_worker = open_browser = False
        _refuse_unknown(dialect)
    with command.answers_alone(as_json) as out, contextlib.ExitStack() as running:
        # The demonstration hands over a database that runs: it must not outlive us either when we refuse to start.
        cluster = running.enter_context(database(folder)) if _handed_over(folder) else None
        chosen = http.choose_port(port, hosts)
        _say_where(chosen, folder)
        _refuse_open_keys()
        cluster = cluster or running.enter_context(database(folder))
        _refuse_unmigrated()
        _refuse_wrong_key(with_worker)
        minded = Worker(lambda: start_worker(folder)) if with_worker else None
        try:
            uvloop.run(http.ending(http.run(
                chosen, hosts, minded, cluster, open_browser=open_browser, beside=None if dialect else _beside(), dialect=dialect,
                answer=out if as_json else None,
            )))  # fmt: skip
        finally:
            # What follows is bounded in time; a second Ctrl-C would only leave a database behind.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            if minded is not None:
                stop_worker(minded.child)


def _refuse_unknown(dialect: str) -> None:
    from dancu.exchange.endpoints.dialects import DIALECTS
    from dancu.kernel.errors import Invalid

    if dialect not in DIALECTS:
        raise Invalid("serve.dialect", "Không có chuẩn {dialect}. Các chuẩn: {known}.", dialect=dialect, known=", ".join(DIALECTS))


def worker(
    data: DataOption = None,
    parent: Annotated[int, typer.Option(hidden=True, help="Dừng khi tiến trình cha này không còn")] = 0,
) -> None:
    """Chạy tiến trình nền cho tới khi nhận Ctrl-C hoặc SIGTERM."""
    import uvloop

    from dancu.kit.db import data_dir, use_data

    use_data(data_dir(data))
    if parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _refuse_older()
    from dancu.settings import Settings
    from dancu.worker import run

    uvloop.run(run(Settings()))


def _say_where(port: int, folder: Path) -> None:
    """A demonstration is its own outside world: links in its messages lead here, and the operators' check of telephone
    owners is a simulator of its own; so are the ministries, and nobody but they may be called. What is set outside stays."""
    if _on("DANCU_DEMO"):
        if _on("DANCU_SIMULATORS"):
            from dancu.cli.simulators import announce

            announce(folder, port)
        from dancu.accounts.service import links

        os.environ.setdefault(links.DEMO_URL, f"http://localhost:{port}")
        links.note(folder, os.environ[links.DEMO_URL])
        os.environ.setdefault(links.HOTLINE, "1900 0000")  # nobody's
        os.environ.setdefault("DANCU_SUBSCRIBER_URL", f"http://127.0.0.1:{port}/simulators/subscriber")


def _on(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")


def _beside() -> Beside | None:
    """What a demonstration has beside it: services of other organisations, ministries."""
    from dancu.settings import Settings

    settings = Settings()
    if not (settings.demo and (settings.services or settings.simulators)):
        return None

    @contextlib.asynccontextmanager
    async def beside(app: FastAPI, port: int) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as running:
            if settings.services:
                from dancu.cli.services import services

                await running.enter_async_context(services(app, port))
            if settings.simulators:
                from dancu.cli.simulators import simulators

                await running.enter_async_context(simulators(app))
            yield

    return beside


def interruptible() -> None:
    """SIGTERM ends us as Ctrl-C does, from the first line on, so that what was started is stopped again. The
    demonstration holds both signals back while it turns into this program; now they may come."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Cluster | None]:
    """The embedded database running for the time of the block; None where an own one is configured."""
    from dancu.kit import postgres

    if os.environ.get("DANCU_DATABASE_URL"):
        yield None
        return
    cluster = postgres.locate(folder)
    postgres.create(cluster)
    ours = postgres.claim(cluster, postgres.start(cluster))
    try:
        postgres.ensure_database(cluster)
        yield cluster
    finally:
        if ours:
            postgres.stop(cluster)


def _handed_over(folder: Path) -> bool:
    """Did this very process claim the embedded database before it turned into this program?"""
    from dancu.kit import postgres

    return not os.environ.get("DANCU_DATABASE_URL") and postgres.owner(postgres.locate(folder)) == os.getpid()


def _refuse_open_keys() -> None:
    """Nothing starts on a key that others can read, or on one whose public key is another's. Makes the key of the
    pages of a new installation; that of the log is made once the database says that there is no log."""
    from dancu.audit import service as audit
    from dancu.settings import Settings

    settings = Settings()
    if (settings.keys / "audit.key").exists():
        audit.load_signer(settings.keys)
    settings.web()


def _refuse_wrong_key(signs: bool) -> None:
    """No start without the key of the log that stands in the database: a new one would be a second log."""
    import asyncio

    from dancu.audit import service as audit
    from dancu.kit.db import connection
    from dancu.settings import Settings

    settings = Settings()

    async def check() -> None:
        async with connection("verify") as conn:
            if signs:
                await audit.signer_of_log(conn, settings.keys, settings.checkpoints)
            else:
                await audit.check_key(conn, settings.keys, settings.checkpoints)

    asyncio.run(check())


def _refuse_unmigrated() -> None:
    """A page over a missing table helps nobody: say what to run. An empty database is migrated at once."""
    from dancu.cli.operate import bring_up_to_date
    from dancu.kernel.errors import Unavailable
    from dancu.kit import migrate, versions
    from dancu.kit.command import sentence
    from dancu.kit.db import dsn

    missing = migrate.pending(dsn("admin"))
    if not missing:
        # Code that is older may go on for a while beside a newer one (expand, then contract): said, not refused.
        if newer := versions.mismatch_at(dsn("admin")):
            print(f"dancu: {sentence(newer)} [{newer.code}]", file=sys.stderr)
        return
    if len(missing) == len(migrate.available()) or not os.environ.get("DANCU_DATABASE_URL"):
        bring_up_to_date()
        return
    raise Unavailable(
        "serve.migrate_first", "Cơ sở dữ liệu thiếu {count} bước cập nhật. Hãy chạy `dancu migrate`.", count=len(missing)
    )


def _refuse_older() -> None:
    """A worker over a database that lacks what it needs fails in every loop. One that does not answer yet is waited for later."""
    import psycopg

    from dancu.kit import versions
    from dancu.kit.db import dsn

    with contextlib.suppress(psycopg.OperationalError):
        if (other := versions.mismatch_at(dsn("worker"))) is not None and other.code == versions.BEHIND:
            raise other


def start_worker(folder: Path) -> subprocess.Popen[bytes]:
    """The worker as a child that ends with us, even if we are killed. In a session of its own, so that Ctrl-C in the
    terminal reaches only us and the order of stopping stays ours."""
    command = [sys.executable, "-m", "dancu", "worker", "--data", str(folder), "--parent", str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


def stop_worker(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(_WORKER_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    signal.raise_signal(signal.SIGTERM)
