"""The parent's side: one warm child, one request at a time, a short queue, a limit of time.

The child starts with the first request, costs about 200 MB while it lives, and is let go after a time of rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import weakref
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any, Final

from dancu.cards.biometrics import wire
from dancu.cards.rules import MOST_BYTES
from dancu.kernel.errors import Exceeded, Invalid, Unavailable
from dancu.kit.i18n import N_

#: Requests that may wait; a picture takes some 100 ms, so nobody waits much longer than a second.
MOST_WAITING: Final = 12
SECONDS: Final = 15.0
REST_SECONDS: Final = 90.0

_REFUSALS: Final = {
    "type": N_("Chỉ nhận ảnh JPEG, PNG hoặc WebP."),
    "heic": N_("Máy chủ không đọc được ảnh HEIC của iPhone. Hãy chụp màn hình ảnh ấy rồi chọn ảnh vừa chụp, hoặc dùng máy ảnh ngay trên trang này."),
    "pixels": N_("Ảnh có kích thước quá lớn. Hãy chụp lại ở độ phân giải thường."),
    "broken": N_("Tệp ảnh bị hỏng, không mở được. Hãy chụp lại hoặc chọn ảnh khác."),
    "finger": N_("Không nhận ra vân tay trong ảnh. Hãy lau đầu đọc và lấy lại."),
}


class Engine:
    """Requests to the child process. Belongs to one event loop (`engine()`)."""

    def __init__(self, *, seconds: float = SECONDS, rest: float = REST_SECONDS, most_waiting: int = MOST_WAITING) -> None:
        self._seconds, self._rest, self._most_waiting = seconds, rest, most_waiting
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._resting: asyncio.TimerHandle | None = None

    async def ask(self, do: str, *parts: bytes) -> tuple[dict[str, Any], list[bytes]]:
        """The child's answer. Raises Invalid ("image.…") where the picture cannot be used, Exceeded where too many
        wait, Unavailable where the child fell over or does not answer."""
        if self._waiting >= self._most_waiting:
            raise Exceeded("biometrics.busy", N_("Đang có nhiều ảnh chờ kiểm tra. Xin thử lại sau {seconds} giây."), seconds=5)
        self._waiting += 1
        try:
            async with self._turn:
                return _read(await self._answer(wire.pack({"do": do}, parts)))
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Let the child go; the next request starts another."""
        process, self._process = self._process, None
        if self._resting:
            self._resting.cancel()
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def _answer(self, message: bytes) -> bytes:
        if self._resting:
            self._resting.cancel()
        try:
            async with asyncio.timeout(self._seconds):
                process = await self._child()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(message)
                await process.stdin.drain()
                size = wire.length(await process.stdout.readexactly(wire.HEAD))
                return await process.stdout.readexactly(size)
        except (TimeoutError, asyncio.IncompleteReadError, OSError, ValueError) as error:
            await self.close()
            raise Unavailable(
                "biometrics.failed", "Bộ phận kiểm tra ảnh vừa gặp sự cố. Xin thử lại; nếu vẫn lỗi, hãy dùng ảnh khác."
            ) from error
        except asyncio.CancelledError:
            # Whoever asked went away: the answer to come would be taken for the next one's.
            await self.close()
            raise
        finally:
            self._resting = asyncio.get_running_loop().call_later(self._rest, self._let_go)

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin and not self._turn.locked():
            self._process.stdin.close()
            self._process = None

    async def _child(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            keep = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dancu.cards.biometrics.child", stdin=PIPE, stdout=PIPE, cwd="/",
                env={**keep, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "HOME": "/nonexistent"}, start_new_session=True,
            )  # fmt: skip
        return self._process


_engines: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = weakref.WeakKeyDictionary()


def engine() -> Engine:
    """The engine of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _engines.get(loop)
    if found is None:
        found = _engines[loop] = Engine()
    return found


def check_bytes(picture: bytes) -> None:
    """Raise Invalid for what is no picture at all or too big, before anything is decoded."""
    if not picture:
        raise Invalid("image.empty", "Chưa có ảnh. Hãy chụp hoặc chọn ảnh.")
    if len(picture) > MOST_BYTES:
        raise Invalid("image.large", "Ảnh lớn quá {most} MB. Hãy chụp lại hoặc giảm kích thước.", most=MOST_BYTES // 1024**2)
    known = picture[:3] == b"\xff\xd8\xff" or picture[:8] == b"\x89PNG\r\n\x1a\n" or (picture[:4], picture[8:12]) == (b"RIFF", b"WEBP")
    if picture[4:8] == b"ftyp":  # as an iPhone keeps its photographs
        raise Invalid("image.heic", _REFUSALS["heic"])
    if not known:
        raise Invalid("image.type", _REFUSALS["type"])


def _read(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    head, parts = wire.unpack(body)
    if head.get("ok"):
        return head, parts
    if refused := head.get("refused"):
        raise Invalid(f"image.{refused}", _REFUSALS.get(refused, _REFUSALS["broken"]))
    if "missing" in head:
        raise Unavailable(
            "biometrics.missing", "Máy chủ này không có bộ so khớp cần thiết. Hãy dùng cách kiểm tra khác."
        )
    raise Unavailable("biometrics.failed", "Bộ phận kiểm tra ảnh vừa gặp sự cố. Xin thử lại; nếu vẫn lỗi, hãy dùng ảnh khác.")


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of two unit vectors, -1 to 1."""
    return sum(a * b for a, b in zip(one, other, strict=True))
