"""PDF files are drawn by a child process that ends: the libraries cost tens of megabytes and a second to load. Two at a time.

A child is a module run as `python -m`: JSON on stdin, the file on stdout. Nothing of it is in arguments, environment or logs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from dancu.kernel.errors import Exceeded, Unavailable
from dancu.kit.i18n import N_

SECONDS: Final = 60.0
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 20
#: Of the places of all who wait, so many are one asker's at most.
_MOST_OF_ONE: Final = 4
_BUSY: Final = N_("Đang có nhiều tệp chờ ký. Xin thử lại sau {seconds} giây.")


class Turns:
    """Who draws next: the askers in turn, each one file, so that somebody with many files keeps nobody else waiting for more than the one that
    is being drawn."""

    def __init__(self) -> None:
        self._drawing, self._lines = 0, OrderedDict[Hashable, deque[asyncio.Future[None]]]()
        self._of: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def turn(self, of: Hashable) -> AsyncIterator[None]:
        """Raises Exceeded `pdf.busy` where `of` has its share of places already, or too many others wait."""
        if self._of[of] >= _MOST_OF_ONE or self._of.total() >= _MOST_WAITING:
            raise Exceeded("pdf.busy", _BUSY, seconds=10)
        self._of[of] += 1
        try:
            if self._drawing < _AT_ONCE:
                self._drawing += 1
            else:
                await self._wait(of)
            try:
                yield
            finally:
                self._next()
        finally:
            self._of[of] -= 1
            if not self._of[of]:
                del self._of[of]

    async def _wait(self, of: Hashable) -> None:
        place = asyncio.get_running_loop().create_future()
        self._lines.setdefault(of, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # its turn came while it was leaving
                self._next()
            raise

    def _next(self) -> None:
        """The turn goes to whoever waits longest among those who had none since."""
        while self._lines:
            of, line = self._lines.popitem(last=False)
            place = line.popleft()
            if line:
                self._lines[of] = line
            if not place.done():
                place.set_result(None)
                return
        self._drawing -= 1


_turns: dict[int, Turns] = {}


async def made(module: str, what: Mapping[str, Any], *, of: Hashable) -> bytes:
    """The file that `module` draws of `what`, for `of` (person, officer, program). Raises Exceeded `pdf.busy` where too many wait, Unavailable where the
    child does not answer in time (`pdf.slow`) or makes no file (`pdf.failed`)."""
    async with _turns.setdefault(id(asyncio.get_running_loop()), Turns()).turn(of):
        return await _by_child(module, json.dumps(what, ensure_ascii=False).encode())


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
