"""The public face of the log: C2SP tlog-tiles, from the database or as a folder."""

from __future__ import annotations

from pathlib import Path

from dancu.audit import tiles
from dancu.audit.keys import parse_vkey
from dancu.audit.note import Checkpoint
from dancu.audit.ownership import signed_by
from dancu.audit.store import publish as store
from dancu.audit.store import scan
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.db import Conn


async def checkpoint(conn: Conn) -> Checkpoint:
    """The newest checkpoint. NotFound before the first."""
    found = await store.head(conn)
    if found is None:
        raise NotFound("audit.checkpoint.none", "Nhật ký chưa có mốc ký nào.")
    return found


async def resource(conn: Conn, path: str) -> bytes:
    """What stands at `tile/<path>`. NotFound where the path is not canonical or the log is not that long. A partial
    tile is a prefix of the wider one that is stored."""
    address = tiles.parse_path(path)
    head = await store.head(conn)
    if address is None or head is None:
        raise NotFound("audit.tile.unknown", "Không có phần này trong nhật ký.")
    count = head.size >> (tiles.HEIGHT * (address.level or 0))
    if count < address.n * tiles.WIDTH + address.width:
        raise NotFound("audit.tile.unknown", "Không có phần này trong nhật ký.")
    if address.level is None:
        leaves = await store.leaves(conn, address.n * tiles.WIDTH, address.width)
        if len(leaves) != address.width:
            raise Conflict("audit.leaf.missing", "Thiếu mục trong nhật ký; hãy chạy `dancu audit verify`.")
        return tiles.pack_bundle(leaves)
    key = (address.level, address.n)
    hashes = (await store.tiles(conn, [key])).get(key, b"")[: address.width * tiles.HASH_SIZE]
    if len(hashes) != address.width * tiles.HASH_SIZE:
        raise Conflict("audit.tile.missing", "Thiếu dữ liệu băm của nhật ký; hãy chạy `dancu audit verify`.")
    return hashes


async def export(conn: Conn, directory: Path, vkey: str) -> Checkpoint:
    """Write the whole public log into an empty folder: checkpoint, tile/…, vkey. Memory does not grow with the log.
    All parts are of one moment: `conn` is in no transaction yet, or in a REPEATABLE READ one. Conflict where `vkey`
    could not verify the copy."""
    if directory.exists() and any(directory.iterdir()):
        raise Invalid("audit.export.not_empty", "Thư mục {folder} không trống.", folder=str(directory))
    if conn.info.transaction_status.name == "IDLE":
        await scan.begin(conn)
    head = await checkpoint(conn)
    if not signed_by(head.note, parse_vkey(vkey)):
        raise Conflict(
            "audit.export.foreign_checkpoint",
            "Mốc mới nhất của nhật ký không do khóa công khai này ký; bản xuất sẽ không ai kiểm chứng được."
            " Hãy chạy `dancu audit verify` để biết vì sao.",
        )
    directory.mkdir(parents=True, exist_ok=True)
    bundle: list[bytes] = []
    n = 0
    async for leaf in store.all_leaves(conn, head.size):
        bundle.append(leaf)
        if len(bundle) == tiles.WIDTH:
            _write(directory, tiles.tile_path(None, n), tiles.pack_bundle(bundle))
            bundle, n = [], n + 1
    if bundle:
        _write(directory, tiles.tile_path(None, n, len(bundle)), tiles.pack_bundle(bundle))
    async for (level, number), hashes in store.all_tiles(conn):
        _write(directory, tiles.tile_path(level, number, len(hashes) // tiles.HASH_SIZE), hashes)
    _write(directory, "vkey", (vkey + "\n").encode())
    _write(directory, "checkpoint", head.note.encode())
    return head


def _write(directory: Path, path: str, data: bytes) -> None:
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
