"""Structured logs without personal data: what happened, to which kind of thing, under which request id. Who
it was about stands in the evidence log, never here."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import walk_tb
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Keys whose values could say who somebody is. Matched as whole words of the key, so that `phone_hash` and
# `full_name` are caught and `hostname`, `filename` are not.
_PERSONAL = re.compile(
    r"(?:^|_)(?:name|names|number|numbers|phone|email|mail|address|born|birth|birthday|dob|person|subject|father|"
    r"mother|spouse|head|card|cmnd|cccd|dddcn|passport|face|photo|query|text|form|body|cookie|token|password|secret|"
    r"params|detail)(?:_|$)"
)
# Values: a run of nine or more digits is a personal number, an old identity card or a telephone.
_DIGITS = re.compile(r"\d(?:[ .-]?\d){8,}")
_SAFE = {"request_id", "thread_name", "timestamp"}
# What a line may show of a failure: so many causes, and so many of the innermost frames of each.
_MOST_CAUSES, _MOST_FRAMES = 8, 12

#: The request being answered, which stands on every line; "" outside of one.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
#: Where requests' lines are written as JSON, when they are.
_requests: _Lines | None = None
_Answered = tuple[str, str, int, float, str, str, str, float]  # as `log_request` takes it, and when (seconds since 1970)


class _Lines(logging.StreamHandler[TextIO]):
    """Every line of the process. Those of answered requests wait a moment and are written together: one by one they would each be a system
    call before the next request is looked at. Any other line, and the end of the process, writes what waits first, so that the order is
    kept; only who is killed loses the last tenth of a second of them. What was done to whom stands in the evidence log, not here."""

    _WAIT, _MOST = 0.1, 1000  # seconds, lines

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._waiting: list[_Answered] = []

    def request(self, line: _Answered) -> None:
        """Write `line` in a moment; at once where no event loop runs."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_later(self._WAIT, self.flush)
            except RuntimeError:
                self.flush()
        elif len(self._waiting) >= self._MOST:
            self.flush()

    def _write_waiting(self) -> None:
        lines = self._waiting[:]
        del self._waiting[: len(lines)]  # the loop may have added to them while another thread is here
        if lines:
            text = b"".join(map(_as_json, lines)).decode()
            with suppress(OSError, ValueError):  # a full disk, a closed stream: no answer fails for its line
                self.stream.write(text)

    def emit(self, record: logging.LogRecord) -> None:
        self._write_waiting()
        super().emit(record)

    def flush(self) -> None:
        self.acquire()
        try:
            self._write_waiting()
            super().flush()
        finally:
            self.release()


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what could be personal: the last line of defence, not a licence to log people."""
    return {
        key: value if key in _SAFE else "[…]" if _PERSONAL.search(key) else _mask(value) for key, value in event.items()
    }


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return _DIGITS.sub("[…]", value)
    if isinstance(value, dict):
        return {k: "[…]" if _PERSONAL.search(str(k)) else _mask(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask(item) for item in value]
    return value


def _of_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = REQUEST_ID.get()
    return {"request_id": given, **event} if given else event


def frames_only(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep where an exception happened and of which type, without its message: a driver quotes the row it
    refused."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    exc = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if exc is not None:
        event["exception"] = chain(exc)
    return event


def chain(exc: BaseException) -> list[dict[str, Any]]:
    """The exception and its causes as type and frames, outermost first; never messages or local variables. Costs
    microseconds and is bounded, however deep the failure: no source file is opened and no variable looked at."""
    found: list[dict[str, Any]] = []
    current: BaseException | None = exc
    while current is not None and len(found) < _MOST_CAUSES:
        frames = deque(walk_tb(current.__traceback__), maxlen=_MOST_FRAMES)
        at = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in frames]
        found.append({"type": f"{type(current).__module__}.{type(current).__qualname__}", "at": at})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    _of_request,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    frames_only,
    redact,
]


def _console(*, colors: bool = True) -> tuple[Processor, Processor]:
    # The renderer's own way with exceptions draws every local variable of every frame: tens of seconds where one of
    # them is an application, and people's data. `frames_only` leaves it none; should one pass, it comes plain.
    return _frames_as_lines, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _frames_as_lines(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For reading: one line a frame. The console's renderer can only put text under a line."""
    found = event.get("exception")
    if isinstance(found, list):
        event["exception"] = "\n".join(line for one in found for line in (one["type"], *(f"    {at}" for at in one["at"])))
    return event


def _until_configured() -> None:
    """What holds in a process that never calls `configure` (a command, a test): the same care, warnings and worse to
    stderr. The library's own default would draw local variables to stdout."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, *_console(colors=False)],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def configure(*, level: str = "INFO", json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send all logs, ours and the libraries', through one pipe to `stream` (default stderr): one JSON object
    a line, or coloured lines when `stream` is a terminal and `json` is not asked for."""
    out = stream or sys.stderr
    as_json = not out.isatty() if json is None else json
    renderers = (structlog.processors.JSONRenderer(ensure_ascii=False),) if as_json else _console()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Lines(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), _drop_foreign_args, *_SHARED],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    global _requests
    _requests = handler if as_json and root.isEnabledFor(logging.INFO) else None


def log_request(method: str, route: str, status: int, seconds: float, actor_kind: str, request_id: str, error_code: str) -> None:
    """The line of an answered request, put into words only when it is written. As JSON it goes there directly: its fields are fixed and
    none is personal, and the pipe above would cost a look-up more than its permission check."""
    line = (method, route, status, seconds, actor_kind, request_id, error_code, time.time())
    if _requests is not None:
        _requests.request(line)
        return
    said = _said(line)
    get_logger("dancu.web").info(said.pop("event"), **{name: value for name, value in said.items() if name not in ("logger", "level", "timestamp")})


def _said(line: _Answered) -> dict[str, Any]:
    method, route, status, seconds, kind, request_id, error, at = line
    return {
        "event": "request", "logger": "dancu.web", "level": "info", "method": method, "route": route, "status": status,
        "ms": round(seconds * 1000, 1), "actor_kind": kind, "request_id": request_id, "error_code": error,
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
    }  # fmt: skip


def _as_json(line: _Answered) -> bytes:
    return orjson.dumps(_said(line), option=orjson.OPT_APPEND_NEWLINE)


def _drop_foreign_args(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("positional_args", None)
    return event


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**values: Any) -> None:
    """Put values (the job) on every later line of this request or job."""
    structlog.contextvars.bind_contextvars(**values)


def unbind_all() -> None:
    structlog.contextvars.clear_contextvars()


_until_configured()
