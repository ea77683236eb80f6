"""A device to try the interface with: answers on the loopback address with files of a folder (`face.jpg`, `finger-2.png`,
`card.txt`). It labels itself a simulator and measures nothing."""

from __future__ import annotations

import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

_MEDIA: Final = {".jpg": "image/jpeg", ".png": "image/png", ".txt": "text/plain; charset=utf-8"}
_MOST_BODY: Final = 4096


def make_server(folder: Path, secret: str, port: int = 0) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that is not running yet (`serve_forever()`, `shutdown()`)."""

    class Handler(BaseHTTPRequestHandler):
        server_version = "dancu-device-simulator"

        def do_GET(self) -> None:
            if not self._may():
                return
            if self.path != "/v1/device":
                return self._say(404, {"reason": "không có địa chỉ này"})
            kinds = sorted({path.stem.split("-")[0] for path in folder.iterdir() if path.suffix in _MEDIA})
            self._say(200, {"kinds": kinds, "model": "simulator", "serial": "0", "ready": bool(kinds), "reason": "" if kinds else "thư mục trống"})

        def do_POST(self) -> None:
            if not self._may():
                return
            try:
                asked = json.loads(self.rfile.read(min(int(self.headers.get("content-length", 0)), _MOST_BODY)))
                kind, position = str(asked["kind"]), int(asked.get("position", 0))
            except (ValueError, KeyError, TypeError):
                return self._say(400, {"reason": "yêu cầu không đúng"})
            found = _file(folder, kind, position)
            if self.path != "/v1/capture" or found is None:
                return self._say(408, {"reason": "không có mẫu"})
            self._send(200, found.read_bytes(), _MEDIA[found.suffix], {"X-Device": "simulator 0", "X-Device-Liveness": "unknown"})

        def _may(self) -> bool:
            given = self.headers.get("authorization", "").encode()
            if hmac.compare_digest(given, f"Bearer {secret}".encode()):
                return True
            self._say(401, {"reason": "mã nối chưa đúng"})
            return False

        def _say(self, status: int, what: dict[str, Any]) -> None:
            self._send(status, json.dumps(what, ensure_ascii=False).encode(), "application/json", {})

        def _send(self, status: int, data: bytes, media: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": media, "Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what is captured is nobody's to read in a log."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _file(folder: Path, kind: str, position: int) -> Path | None:
    if kind not in ("face", "finger", "card"):
        return None
    names = [f"{kind}-{position}"] if position else []
    return next(
        (path for name in (*names, kind) for suffix in _MEDIA if (path := folder / f"{name}{suffix}").is_file()), None
    )
