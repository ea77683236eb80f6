"""Addresses in messages: where citizens find us."""

from __future__ import annotations

import os

PUBLIC_URL = "DANCU_PUBLIC_URL"


def link(path: str) -> str:
    """`path` under the public address (DANCU_PUBLIC_URL); the path alone where none is set."""
    return os.environ.get(PUBLIC_URL, "").rstrip("/") + path
