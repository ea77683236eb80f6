"""The HTTP side of `dancu serve`: ports, servers, readiness, and minding what the pages depend on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, TextIO

from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit import collector
from dancu.kit.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from dancu.cli.minding import Worker
    from dancu.kit.postgres import Cluster

    Beside = Callable[[FastAPI, int], AbstractAsyncContextManager[None]]

_GRACE_SECONDS = 10.0
_CANCELS, _CANCEL_SECONDS = 5, 2.0
_USABLE_SECONDS = 60.0
_TRIES = 50
# Connections kept at once, idle ones included, and files beside them (database, logs, templates).
_CONNECTIONS, _OTHER_FILES = 8192, 512


def choose_port(port: int, hosts: tuple[str, ...]) -> int:
    """The port, free on every host this machine has; for 0 any such. Raises Unavailable `serve.port`."""
    for _ in range(1 if port else _TRIES):
        chosen = port or free_port(hosts[0])
        states = [_state(host, chosen) for host in hosts]
        if "taken" not in states and "free" in states:
            return chosen
    if port and "free" not in states and "taken" not in states:
        raise Unavailable("serve.host", "Máy này không có địa chỉ {hosts}.", hosts=", ".join(hosts))
    raise Unavailable(
        "serve.port", "Cổng {port} đang được dùng. Hãy chọn cổng khác: --port {other}.",
        port=port, other=free_port(hosts[0]),
    )  # fmt: skip


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _state(host: str, port: int) -> str:
    """"free", "taken", or "absent" where this machine has no such address (IPv6 switched off)."""
    try:
        with socket.socket(_family(host)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise Unavailable("serve.port_rights", "Cổng {port} cần quyền quản trị; hãy chọn cổng từ 1024.", port=port) from None
    except OSError as error:
        return "taken" if error.errno == errno.EADDRINUSE else "absent"
    return "free"


async def run(
    port: int, hosts: tuple[str, ...], worker: Worker | None, cluster: Cluster | None, *, open_browser: bool, beside: Beside | None = None,
    dialect: str = "", answer: TextIO | None = None,
) -> None:  # fmt: skip
    """Serve until SIGINT or SIGTERM. `beside`: what runs beside us once we are usable, until we stop. `answer`: where to
    write {"ready": address} as JSON when usable. Raises Unavailable `serve.worker` where the worker could not be kept
    running."""
    from dancu.app import build, build_dialect
    from dancu.kit.ring import folder_stays
    from dancu.kit.server import server as http_server
    from dancu.settings import Settings

    folder_stays()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    app = build_dialect(Settings(), dialect) if dialect else build(Settings())
    app.state.minded = {"worker": worker.alive} if worker else {}
    async with app.router.lifespan_context(app):
        server = http_server(app.state.entry, connections=_connections(), grace=round(_GRACE_SECONDS))
        running = asyncio.create_task(server.serve(_listening(port, hosts)))
        running.add_done_callback(lambda _: stop.set())  # nobody would be answered any more
        watchers = [asyncio.create_task(_watch_database(cluster))]
        if worker is not None:
            watchers.append(asyncio.create_task(worker.mind(stop)))
        async with contextlib.AsyncExitStack() as beside_us:
            if await _usable(app, worker is not None, stop):
                collector.settle()
                print(f"ready http://localhost:{port}", flush=True)
                if answer is not None:
                    print(json.dumps({"ready": f"http://localhost:{port}", "port": port}), file=answer, flush=True)
                if beside is not None:
                    await beside_us.enter_async_context(beside(app, port))
                if open_browser:
                    await asyncio.to_thread(_browse, f"http://localhost:{port}/")
            await stop.wait()
        for watcher in watchers:
            watcher.cancel()
        server.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), _GRACE_SECONDS + 1)
    if worker is not None and worker.gave_up is not None:
        raise worker.gave_up


async def ending(main: Coroutine[Any, Any, None]) -> None:
    """`main`, and then nothing of its loop is left: a task that was connecting may swallow its being cancelled (`asyncio.wait_for`
    before Python 3.12), and the loop, which cancels once, would wait for it for ever."""
    try:
        await main
    finally:
        for _ in range(_CANCELS):
            if not (rest := asyncio.all_tasks() - {asyncio.current_task()}):
                break
            for task in rest:
                task.cancel()
            await asyncio.wait(rest, timeout=_CANCEL_SECONDS)


def _listening(port: int, hosts: tuple[str, ...]) -> list[socket.socket]:
    """Sockets on those of the addresses that this machine has. Raises Unavailable `serve.port`, `serve.host`."""
    from dancu.kit.server import listening

    made: list[socket.socket] = []
    try:
        made.extend(listening(host, port) for host in hosts if _state(host, port) == "free")
    except OSError:  # somebody was faster
        _closed(made)
    if not made:
        choose_port(port, hosts)
        raise Unavailable("serve.start", "Máy chủ web không khởi động được.")
    return made


def _closed(sockets: list[socket.socket]) -> None:
    while sockets:
        sockets.pop().close()


def _connections() -> int:
    """How many connections may be kept, with as many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _CONNECTIONS if soft == resource.RLIM_INFINITY else max(128, min(_CONNECTIONS, soft - _OTHER_FILES))


async def _usable(app: FastAPI, has_worker: bool, stop: asyncio.Event) -> bool:
    """Wait until data may be shown: after a long stop the worker first sequences what had been waiting."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + (_USABLE_SECONDS if has_worker else 0)
    while not stop.is_set():
        try:
            for check in app.state.ready.values():
                await check()
        except Exception:  # readiness says why in the log; here only whether
            if loop.time() > deadline:
                break
            await asyncio.sleep(0.25)
        else:
            return True
    if not stop.is_set():
        print("dancu: chưa sẵn sàng; xem `dancu doctor`.", file=sys.stderr)
    return False


async def _watch_database(cluster: Cluster | None) -> None:
    """A killed database is started again; PostgreSQL repairs itself from its write-ahead log."""
    from dancu.kit import postgres
    from dancu.kit.log import get_logger

    while cluster is not None:
        await asyncio.sleep(1)
        if cluster.pid() is None:
            get_logger("dancu.serve").warning("database is gone, starting it again")
            with contextlib.suppress(DancuError):
                await asyncio.to_thread(postgres.start, cluster)


def _browse(url: str) -> None:
    import webbrowser

    with contextlib.suppress(Exception):
        webbrowser.open(url)
