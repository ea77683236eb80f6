"""The demonstration's ministries, beside `dancu demo`: where they will answer is known before anything starts that calls them; they
are started once the pages answer, and stopped with them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

_PORT = "DANCU_SIMULATORS_PORT"
#: Ministry -> the organisation of the demonstration whose desk mends its data.
_DESKS = {
    "social_insurance": "DEMO.BHXH", "health_insurance": "DEMO.BHXH", "driving_licence": "DEMO.CSGT", "vehicles": "DEMO.CSGT",
    "medical_examination": "DEMO.BV", "civil_status": "DEMO.TX.HT",
}  # fmt: skip


def announce(folder: Path, port: int) -> None:
    """Choose their port (ours + 3, another where that is taken) and tell this process and the worker: the connectors' addresses in
    a file, and a list of outside addresses that holds exactly them. What is set outside stays."""
    from dancu.cli.services import free
    from dancu.demo.simulators import launch
    from dancu.demo.simulators.prefixes import PREFIXES

    chosen = free(port + 3)
    os.environ[_PORT] = str(chosen)
    home = launch.folder_of(folder)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        f"{code}: {{address: 'http://127.0.0.1:{chosen}/{prefix}', desk: '{_DESKS.get(code, '')}'}}\n" for code, prefix in PREFIXES.items()
    ]
    (home / "connectors.yaml").write_text("".join(lines), "utf-8")
    os.environ.setdefault("DANCU_CONNECTORS", str(home / "connectors.yaml"))
    os.environ.setdefault("DANCU_OUTBOUND", f"inside:127.0.0.1:{chosen}")


@asynccontextmanager
async def simulators(app: FastAPI) -> AsyncIterator[None]:
    """The ministries running for the time of the block."""
    from dancu.demo import fill
    from dancu.demo.simulators import launch
    from dancu.demo.simulators.prefixes import PREFIXES
    from dancu.exchange.connectors.addresses import key

    data: Path = app.state.data
    port, people = int(os.environ[_PORT]), int(str(fill.state_of(data).get("people") or 300))
    child = launch.start(data, port, people, {code: key(app.state.keys, code) for code in PREFIXES})
    print(f"      http://localhost:{port}  mô phỏng cơ sở dữ liệu các bộ, ngành", flush=True)
    try:
        yield
    finally:
        await asyncio.to_thread(launch.stop, child)
