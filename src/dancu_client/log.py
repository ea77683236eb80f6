"""This side's log of calls: a line when a call leaves and one when its answer came. Holds no personal data but the officer's
name. Hand it in, or compare: `dancu exchange compare-logs --partner … --their-log FILE`."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from dancu_client.errors import ConfigError


class CallLog:
    """Lines of JSON appended to `path`; None keeps nothing. A line that cannot be written raises ConfigError: no call leaves without
    one."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()

    def asked(self, message_id: str, service: str, digest: bytes, officer: str, purpose: str) -> None:
        self._write(
            {"message_id": message_id, "at": _now(), "service": service, "digest": digest.hex(), "officer": officer, "purpose": purpose}
        )

    def answered(self, message_id: str, receipt: str) -> None:
        self._write({"message_id": message_id, "answered_at": _now(), "receipt": receipt})

    def refused(self, message_id: str, code: str) -> None:
        self._write({"message_id": message_id, "answered_at": _now(), "refused": code})

    def _write(self, line: dict[str, str]) -> None:
        if self._path is None:
            return
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError("log {log}: {error}", log=self._path, error=error) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
