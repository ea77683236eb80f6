"""PDF files are drawn by a child process that ends: the libraries cost tens of megabytes and a second to load. Two at a time.

A child is a module run as `python -m`: JSON on stdin, the file on stdout. Nothing of it is in arguments, environment or logs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from dancu.kernel.errors import Exceeded, Unavailable
from dancu.kit.i18n import N_

SECONDS: Final = 60.0
_MOST_WAITING: Final = 20
_waiting = 0
_turns: dict[int, asyncio.Semaphore] = {}


async def made(module: str, what: Mapping[str, Any]) -> bytes:
    """The file that `module` draws of `what`. Raises Exceeded `pdf.busy` where too many wait, Unavailable where the child does not
    answer in time (`pdf.slow`) or makes no file (`pdf.failed`)."""
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise Exceeded("pdf.busy", N_("Đang có nhiều tệp chờ ký. Xin thử lại sau {seconds} giây."), seconds=10)
    _waiting += 1
    try:
        turn = _turns.setdefault(id(asyncio.get_running_loop()), asyncio.Semaphore(2))
        async with turn:
            return await _by_child(module, json.dumps(what, ensure_ascii=False).encode())
    finally:
        _waiting -= 1


async def _by_child(module: str, message: bytes) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(SECONDS):
            file, _ = await child.communicate(message)
    except TimeoutError as error:
        raise Unavailable("pdf.slow", N_("Chưa tạo được tệp PDF. Xin thử lại sau.")) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0 or not file.startswith(b"%PDF-"):
        raise Unavailable("pdf.failed", N_("Chưa tạo được tệp PDF. Xin thử lại sau."))
    return file
