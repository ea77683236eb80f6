"""What a browser or a device sends back from its key store: text that anybody could have written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dancu.kernel.errors import Invalid


def object_of(answer: str, refused: Callable[[], Invalid], *, longest: int) -> dict[str, Any]:
    """The JSON object that the answer is. Raises `refused()` for anything else, and for more than `longest` characters."""
    try:
        value = json.loads(answer) if len(answer) <= longest else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise refused()
    return value
