"""An import in a process of its own, to be killed. Arguments: connection string, file, profile, result file."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import psycopg

from dancu.kernel.actor import SYSTEM
from dancu.population.importing.profile import load_profile
from dancu.population.importing.run import import_file
from tests.importing.conftest import AS_OF, PURPOSE


async def main(dsn: str, file: str, profile: str, out: str) -> None:
    result = await import_file(
        lambda: psycopg.AsyncConnection.connect(dsn, autocommit=True), Path(file), load_profile(profile),
        actor=SYSTEM, purpose=PURPOSE, as_of=AS_OF, chunk=60,
    )  # fmt: skip
    Path(out).write_text(json.dumps(result.as_json()))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
