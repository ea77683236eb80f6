"""Addresses in messages: where citizens find us."""

from __future__ import annotations

import os
from pathlib import Path

# The public address; the second is what a demonstration says of itself.
PUBLIC_URL, DEMO_URL = "DANCU_PUBLIC_URL", "DANCU_DEMO_URL"
HOTLINE = "DANCU_HOTLINE"
# Where a demonstration notes it for commands, which are processes of their own.
_NOTE = "demo.url"


def link(path: str) -> str:
    """`path` under the public address; the path alone where none is known."""
    base = os.environ.get(PUBLIC_URL) or os.environ.get(DEMO_URL, "")
    return base.rstrip("/") + path


def hotline() -> str:
    """The number of the hotline as citizens are told it; "" where none is set."""
    return os.environ.get(HOTLINE, "").strip()


def note(data: Path, url: str) -> None:
    """The demonstration of this folder runs at `url`."""
    (data / _NOTE).write_text(url + "\n", "utf-8")


def demo_url(data: Path) -> str:
    """Where the demonstration of this folder runs, or ran last; "" where there is none."""
    told = os.environ.get(DEMO_URL, "")
    return told or ((data / _NOTE).read_text("utf-8").strip() if (data / _NOTE).exists() else "")


def find(data: Path) -> None:
    """Let this process, a command, know where the demonstration of this folder runs."""
    if url := demo_url(data):
        os.environ[DEMO_URL] = url
