"""`python -m dancu.demo.relying_parties portal --folder F --parent PID`: one service, until it is told to end or its parent is
gone."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from dancu.demo.relying_parties import config


def main() -> None:
    parser = argparse.ArgumentParser(prog="dancu.demo.relying_parties", description=__doc__)
    parser.add_argument("service", choices=config.SERVICES)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0)
    asked = parser.parse_args()
    known = config.read(asked.folder)
    if known is None:
        parser.error("the service is not registered yet")
    if asked.parent:
        threading.Thread(target=_end_with, args=(asked.parent,), daemon=True).start()
    asyncio.run(_serve(_app(known, asked.folder), known.port))


def _app(known: config.Config, folder: Path) -> Any:
    if known.service == config.PORTAL:
        from dancu.demo.relying_parties import portal

        return portal.make(known)
    from dancu.demo.relying_parties import electricity

    return electricity.make(known, folder)


async def _serve(app: Any, port: int) -> None:
    from dancu.kit.server import listening, server

    serving = server(app, lifespan=True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.stop)
    await serving.serve([listening("127.0.0.1", port)])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
