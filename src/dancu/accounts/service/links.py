"""Addresses in messages: where citizens find us."""

from __future__ import annotations

import os

# The public address; the second is what a demonstration says of itself.
PUBLIC_URL, DEMO_URL = "DANCU_PUBLIC_URL", "DANCU_DEMO_URL"


def link(path: str) -> str:
    """`path` under the public address; the path alone where none is known."""
    base = os.environ.get(PUBLIC_URL) or os.environ.get(DEMO_URL, "")
    return base.rstrip("/") + path
