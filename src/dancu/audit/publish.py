"""The public face of the log: C2SP tlog-tiles, from the database or as a folder."""

from __future__ import annotations

from pathlib import Path

from dancu.audit import tiles
from dancu.audit.note import Checkpoint
from dancu.audit.store import publish as store
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
    `conn` must be in a REPEATABLE READ transaction, so that all parts are of one moment."""
    if directory.exists() and any(directory.iterdir()):
        raise Invalid("audit.export.not_empty", "Thư mục {folder} không trống.", folder=str(directory))
    head = await checkpoint(conn)
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
