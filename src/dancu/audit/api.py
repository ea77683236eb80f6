"""The public log over HTTP, as C2SP tlog-tiles asks for, under the prefix /log. Nothing here says whom an entry
concerns: leaves hold commitments only."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import FileResponse, PlainTextResponse

from dancu.audit import keys, publish
from dancu.kit.db import data_dir
from dancu.kit.files import package_dir
from dancu.kit.web import APIRouter, DbConn, Response, public

router = APIRouter(prefix="/log", tags=["log"], dependencies=[public(machine=True)])

_IMMUTABLE = "public, max-age=31536000, immutable"
_FRESH = "public, max-age=1"


@router.get("/checkpoint", response_class=PlainTextResponse, summary="Newest signed tree head")
async def checkpoint(conn: DbConn) -> Response:
    """C2SP tlog-checkpoint, signed by the log's key."""
    head = await publish.checkpoint(conn)
    return PlainTextResponse(head.note, headers={"Cache-Control": _FRESH})


@router.get("/tile/{path:path}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}, summary="A tile of hashes or a bundle of entries")
async def tile(conn: DbConn, path: Annotated[str, Path(examples=["0/000.p/1"])]) -> Response:
    """`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`."""
    body = await publish.resource(conn, path)
    return Response(body, media_type="application/octet-stream", headers={"Cache-Control": _IMMUTABLE})


@router.get("/vkey", response_class=PlainTextResponse, summary="The log's public key")
async def vkey() -> Response:
    """In the encoding of C2SP signed-note verifiers: name+id+key."""
    verifier = keys.load_verifier(data_dir() / "keys")
    return PlainTextResponse(verifier.vkey + "\n", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/verify_proof.py", response_class=FileResponse, responses={200: {"content": {"text/x-python": {}}}}, summary="Stand-alone script that checks a citizen's proof")
async def script() -> Response:
    """Python's standard library and `cryptography`; nothing of Dancu."""
    return FileResponse(
        package_dir() / "audit" / "verify_proof.py", media_type="text/x-python", filename="verify_proof.py"
    )
