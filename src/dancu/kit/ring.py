"""The key ring of this installation, for rooms that encrypt single fields."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from dancu.kit.db import data_dir
from dancu.kit.keys import KeyRing


def ring() -> KeyRing:
    """The ring of the process's data folder (`$DANCU_DATA/keys`), opened once; a new key is seen after a restart."""
    stated = os.environ.get("DANCU_DATA", "")
    return _in(stated) if stated.startswith("/") else _opened(data_dir() / "keys")


@lru_cache(maxsize=4)
def _in(folder: str) -> KeyRing:
    # Asked for many times a request; taking a path apart costs more than the rest of it.
    return _opened(Path(folder) / "keys")


@lru_cache(maxsize=4)
def _opened(folder: Path) -> KeyRing:
    return KeyRing.open(folder)
