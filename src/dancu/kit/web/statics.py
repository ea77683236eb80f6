"""Style sheets, scripts and pictures: every room's `static/` folder, read once, served with its content's
hash in the URL, so that browsers keep a file for ever and fetch it anew when it changes."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from dancu.kernel.errors import NotFound
from dancu.kit.web.access import public

_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml")
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    zipped: bytes | None
    media_type: str
    digest: str


class Assets:
    """All static files of the rooms under `root`, keyed "room/path/in/static"."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._assets: dict[str, Asset] = {}
        for room, folder in folders.items():
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    self._assets[f"{room}/{path.relative_to(folder).as_posix()}"] = _read(path)

    def url(self, name: str) -> str:
        """`/static/<hash>/<room>/<file>`; KeyError when there is no such file: a template's mistake."""
        return f"/static/{self._assets[name].digest}/{name}"

    def answer(self, request: Request, digest: str, name: str) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("page.not_found", "Địa chỉ này không có trên hệ thống.")
        current = digest == asset.digest
        headers = {
            "ETag": f'"{asset.digest}"',
            "Cache-Control": _FOREVER if current else "public, max-age=60",
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = asset.body
        if asset.zipped and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = asset.zipped, "gzip"
        return Response(body, headers=headers, media_type=asset.media_type)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind == "text/javascript":
        kind = "application/javascript"
    zipped = gzip.compress(body, 9, mtime=0) if kind.startswith(_COMPRESSIBLE) else None
    return Asset(body, zipped, kind, hashlib.sha256(body).hexdigest()[:12])


def static_folders(package: Path, own: Path) -> dict[str, Path]:
    """The static folder of every room under `package`, and the kit's own."""
    rooms = {folder.parent.name: folder for folder in sorted(package.glob("*/static")) if folder.is_dir()}
    return {**rooms, "kit": own}


def static_router(assets: Assets) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{digest}/{name:path}", dependencies=[public(machine=True)])
    async def static_file(request: Request, digest: str, name: str) -> Response:
        return assets.answer(request, digest, name)

    return router
