"""What parent and child say to each other: a JSON head and any number of byte strings, each with its length before it."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

_LENGTH: Final = struct.Struct(">I")
#: Longest message taken, in bytes: two pictures and their head.
LONGEST: Final = 16 * 1024 * 1024
HEAD: Final = _LENGTH.size


def pack(head: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """One message. `head["parts"]` is set to the lengths of `parts`."""
    told = json.dumps({**head, "parts": [len(part) for part in parts]}).encode()
    body = _LENGTH.pack(len(told)) + told + b"".join(parts)
    return _LENGTH.pack(len(body)) + body


def length(prefix: bytes) -> int:
    """Bytes of the message that follows its prefix. Raises ValueError above `LONGEST`."""
    (size,) = _LENGTH.unpack(prefix)
    if not HEAD <= size <= LONGEST:
        raise ValueError(size)
    return int(size)


def unpack(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Head and parts of a message without its prefix. Raises ValueError."""
    (size,) = _LENGTH.unpack_from(body)
    head = json.loads(body[HEAD : HEAD + size])
    parts, at = [], HEAD + size
    for part in head.get("parts", ()):
        parts.append(body[at : at + part])
        at += part
    return head, parts
