"""The key ring of this installation, for rooms that encrypt single fields."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from dancu.kit.db import data_dir
from dancu.kit.keys import KeyRing

# Of a process that has one data folder for life: asked for many times a request, and the environment is slow to tell.
_kept: list[KeyRing] = []
_stays: list[bool] = []


def ring() -> KeyRing:
    """The ring of the process's data folder (`$DANCU_DATA/keys`), opened once; a new key is seen after a restart."""
    if _kept:
        return _kept[0]
    stated = os.environ.get("DANCU_DATA", "")
    found = _in(stated) if stated.startswith("/") else _opened(data_dir() / "keys")
    if _stays:
        _kept.append(found)
    return found


def folder_stays() -> None:
    """This process is a server: from now on its data folder is the one it has."""
    _stays.append(True)


@lru_cache(maxsize=4)
def _in(folder: str) -> KeyRing:
    # Taking a path apart costs more than the rest of it.
    return _opened(Path(folder) / "keys")


@lru_cache(maxsize=4)
def _opened(folder: Path) -> KeyRing:
    return KeyRing.open(folder)
