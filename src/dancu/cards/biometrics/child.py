"""The child process: answers one request after another on its standard streams and ends when they close.

It has no database, no keys and no settings, may open few files and write none, and lives on a bounded amount of memory:
what a picture made for the purpose can reach here is little.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

from dancu.cards.biometrics import faces, fingers, wire
from dancu.cards.biometrics.images import Refused

_MEMORY: Final = 3 * 1024**3


def answer(head: dict[str, Any], parts: Sequence[bytes]) -> bytes:
    """What is said to one request: {"ok": true, …} and parts, or {"refused": code} or {"failed": class name}."""
    try:
        match head.get("do"), parts:
            case "face", [picture]:
                told, answers = faces.measure(picture)
            case "finger", [picture]:
                told, answers = fingers.template(picture)
            case "fingers", [one, other]:
                told, answers = fingers.compare(one, other)
            case "warm", []:
                faces.warm()
                told, answers = {"fingers": fingers.available()}, []
            case _:
                return wire.pack({"failed": "request"})
    except Refused as refused:
        return wire.pack({"refused": refused.args[0]})
    except ModuleNotFoundError as error:
        return wire.pack({"missing": error.name or ""})
    except Exception as error:
        return wire.pack({"failed": type(error).__name__})
    return wire.pack({"ok": True, **told}, answers)


def _confine() -> None:
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def serve(source: BinaryIO, target: BinaryIO) -> None:
    while len(prefix := source.read(wire.HEAD)) == wire.HEAD:
        body = source.read(wire.length(prefix))
        target.write(answer(*wire.unpack(body)))
        target.flush()


def main() -> None:
    # Libraries print warnings where they like; the pipe is ours alone.
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _confine()
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
