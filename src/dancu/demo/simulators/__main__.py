"""`python -m dancu.demo.simulators --folder F --parent PID`: the ministries, until told to end or the parent is gone. With
`--stock` it writes their files and ends."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="dancu.demo.simulators", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=0)
    parser.add_argument("--stock", action="store_true")
    asked = parser.parse_args()
    given = json.loads((asked.folder / "config.json").read_text("utf-8"))
    if asked.parent:
        threading.Thread(target=_end_with, args=(asked.parent,), daemon=True).start()
    if asked.stock:
        from dancu.demo.simulators import stock

        stock.main(asked.folder, given["people"])
        return
    command = [sys.executable, "-m", "dancu.demo.simulators", "--stock", "--folder", str(asked.folder), "--parent", str(os.getpid())]
    stocking = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        asyncio.run(_serve(asked.folder, given))
    finally:
        stocking.terminate()
        stocking.wait(5)


async def _serve(folder: Path, given: dict[str, object]) -> None:
    from dancu.demo.simulators.server import make
    from dancu.kit.server import listening, server

    app = make(folder, given["keys"])  # type: ignore[arg-type]
    serving = server(app, lifespan=True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.stop)
    await serving.serve([listening("127.0.0.1", int(str(given["port"])))])


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
