"""Checkpoints remembered outside the database, so that a database that was rolled back or rewritten is found out.

`latest` is the newest one, replaced whole; `YYYY-MM.notes` gathers one a minute, signed notes one after the other.
Copies of this folder belong on other machines: what only this machine remembers, its superuser can forget.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dancu.audit.note import Checkpoint, split_notes

LATEST = "latest"


class Memory:
    """Appends checkpoints to a folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._minute = ""

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint that is committed."""
        now = datetime.now(UTC)
        temporary = self._directory / f".{LATEST}.{os.getpid()}"
        temporary.write_text(checkpoint.note)
        temporary.replace(self._directory / LATEST)
        if (minute := f"{now:%Y-%m-%dT%H:%M}") != self._minute:
            self._minute = minute
            with (self._directory / f"{now:%Y-%m}.notes").open("a") as file:
                file.write(checkpoint.note + "\n")
                file.flush()
                os.fsync(file.fileno())


def read(path: Path) -> list[str]:
    """Notes of one file, or of every file of a folder of remembered checkpoints."""
    if path.is_dir():
        files = [path / LATEST, *sorted(path.glob("*.notes"))]
        return [note for file in files if file.exists() for note in split_notes(file.read_text("utf-8"))]
    return split_notes(path.read_text("utf-8")) if path.exists() else []
