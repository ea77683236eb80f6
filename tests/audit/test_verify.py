"""Every kind of tampering a superuser can do to the log is found, and named for what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.audit import entry, merkle, note, service, tiles
from dancu.audit.store import publish

from .log_helpers import OFFICER, RESIDENCE, SIGNER, look, scalar

SIZE = 600


@pytest_asyncio.fixture(scope="module")
async def log(make_database: Callable[[], Any]) -> Any:
    """A database with a log of SIZE entries in several batches; tests change it in a transaction they roll back."""
    database = make_database()
    async with (
        await psycopg.AsyncConnection.connect(database.dsn("app")) as app,
        await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker,
    ):
        for batch in range(6):
            await look(app, *[1 + (batch * 7 + i) % 23 for i in range(SIZE // 6)])
            await service.drain(worker, SIGNER)
            database_note = (await publish.head(worker)).note  # type: ignore[union-attr]
            await worker.rollback()
            NOTES.append(database_note)
    return database


NOTES: list[str] = []


@pytest_asyncio.fixture
async def root(log: Any) -> AsyncIterator[Any]:
    """A superuser whose changes verification sees and who is rolled back after."""
    conn = await psycopg.AsyncConnection.connect(log.dsn("admin"))
    try:
        yield conn
    finally:
        await conn.rollback()
        await conn.close()


async def check(conn: Any, **more: Any) -> dict[str, int]:
    """Verify within the superuser's open transaction: the same reads, at the state it has made."""
    from dancu.audit.store import scan

    async def begin(_conn: Any) -> None:
        return None

    before, scan.begin = scan.begin, begin
    try:
        report = await service.verify(conn, SIGNER.verifier, **more)
    finally:
        scan.begin = before
    return report.counts


async def test_a_log_left_alone_is_sound(log: Any, root: Any) -> None:
    async with await psycopg.AsyncConnection.connect(log.dsn("verify")) as conn:
        report = await service.verify(conn, SIGNER.verifier, remembered=NOTES)
    assert report.ok, report.findings
    assert (report.size, report.entries, report.erased, report.pending) == (SIZE, SIZE, 0, 0)
    assert report.checkpoints >= len(NOTES) + 1
    assert await check(root, remembered=NOTES) == {}


@pytest.mark.parametrize(
    "column",
    ["org_code = 'x'", "at = at + interval '1 microsecond'", "action = 'search'", "subject = 999, subject_seq = 1",
     "actor_id = 8", "actor_kind = 'system'", "purpose = 'audit'", "legal_basis = ''", "case_ref = NULL",
     "fields = '{name}'", "fields = NULL", "request_id = 'r-2'", "channel = 'api'", "facts = sha256('')",
     "note = '{\"a\": 1}'", "salt = sha256('')", "entry_id = entry_id + 100000"],
)  # fmt: skip
async def test_no_column_of_the_content_can_be_altered(root: Any, column: str) -> None:
    await root.execute(f"UPDATE audit.content SET {column} WHERE idx = 300")
    found = await check(root)
    assert found["content.altered"] == 1


async def test_an_altered_leaf(root: Any) -> None:
    await root.execute("UPDATE audit.leaf SET leaf = leaf || ' ' WHERE idx = 300")
    assert await check(root) == {"leaf.altered": 1, "content.altered": 1}


@pytest.mark.parametrize("idx", [0, 255, 256, 300, SIZE - 1])
async def test_a_deleted_row(root: Any, idx: int) -> None:
    await root.execute("DELETE FROM audit.leaf WHERE idx = %s", (idx,))
    assert await check(root) == {"leaf.missing": 1}
    await root.execute("DELETE FROM audit.content WHERE idx = %s", (idx,))
    found = await check(root)
    # The last entry of a citizen leaves no gap in the numbers, and is found all the same.
    assert found.pop("seq.gap", 1) == 1
    assert found == {"leaf.missing": 1, "content.missing": 1}


async def test_only_the_content_deleted(root: Any) -> None:
    await root.execute("DELETE FROM audit.content WHERE idx = 40")
    assert await check(root) == {"content.missing": 1, "seq.gap": 1}


async def test_a_row_inserted_behind_the_end(root: Any) -> None:
    await root.execute(f"INSERT INTO audit.leaf SELECT {SIZE}, leaf FROM audit.leaf WHERE idx = 5")
    await root.execute(
        "INSERT INTO audit.content (idx, entry_id, at, action, org_code, salt)"
        " VALUES (%s, 10000000, now(), 'read', 'x', sha256(''))",
        (SIZE,),
    )
    assert await check(root) == {"leaf.extra": 1, "content.extra": 1}


async def test_a_row_inserted_between(root: Any) -> None:
    for table in ("leaf", "content"):
        await root.execute(f"UPDATE audit.{table} SET idx = idx + 10000 WHERE idx >= 100")
        await root.execute(f"UPDATE audit.{table} SET idx = idx - 9999 WHERE idx >= 10000")
    await root.execute("INSERT INTO audit.leaf SELECT 100, leaf FROM audit.leaf WHERE idx = 5")
    found = await check(root)
    assert found["leaf.extra"] == 1
    assert found["leaf.altered"] == SIZE - 100


async def test_two_rows_exchanged(root: Any) -> None:
    for table in ("leaf", "content"):
        await root.execute(f"UPDATE audit.{table} SET idx = -1 WHERE idx = 10")
        await root.execute(f"UPDATE audit.{table} SET idx = 10 WHERE idx = 11")
        await root.execute(f"UPDATE audit.{table} SET idx = 11 WHERE idx = -1")
    assert await check(root) == {"leaf.altered": 2}


async def test_tiles_exchanged_altered_removed_added(root: Any) -> None:
    await root.execute("SAVEPOINT whole")
    await root.execute("UPDATE audit.tile SET n = 9 WHERE (level, n) = (0, 0)")
    await root.execute("UPDATE audit.tile SET n = 0 WHERE (level, n) = (0, 1)")
    await root.execute("UPDATE audit.tile SET n = 1 WHERE (level, n) = (0, 9)")
    found = await check(root)
    assert found["leaf.altered"] == 512
    assert found["checkpoint.root"] >= 1
    await root.execute("ROLLBACK TO whole")
    await root.execute("UPDATE audit.tile SET hashes = overlay(hashes PLACING sha256('') FROM 33) WHERE level = 1")
    assert await check(root) == {"tile.altered": 1}
    await root.execute("ROLLBACK TO whole")
    await root.execute("DELETE FROM audit.tile WHERE (level, n) = (0, 1)")
    assert await check(root) == {"tile.missing": 256}
    await root.execute("ROLLBACK TO whole")
    await root.execute("INSERT INTO audit.tile SELECT 0, 3, hashes FROM audit.tile WHERE (level, n) = (0, 2)")
    assert await check(root) == {"tile.extra": 1}
    await root.execute("ROLLBACK TO whole")
    await root.execute("UPDATE audit.tile SET hashes = hashes || sha256('') WHERE (level, n) = (0, 2)")
    assert await check(root) == {"tile.extra": 1}


async def _rewrite(conn: Any, idx: int, signer: note.Signer | None, stop: int = SIZE) -> None:
    """Alter an entry and make leaf, tiles and, given a key, checkpoint agree with it: all a superuser can do."""
    await conn.execute("UPDATE audit.content SET actor_id = 99 WHERE idx = %s", (idx,))
    cursor = conn.cursor(binary=True)
    await cursor.execute(f"SELECT {', '.join(entry.COLUMNS)} FROM audit.content WHERE idx = %s", (idx,))
    leaf = entry.make_leaf(await cursor.fetchone())
    await conn.execute("UPDATE audit.leaf SET leaf = %s WHERE idx = %s", (leaf, idx))
    await conn.execute("DELETE FROM audit.content WHERE idx >= %s", (stop,))
    await conn.execute("DELETE FROM audit.leaf WHERE idx >= %s", (stop,))
    await conn.execute("DELETE FROM audit.tile")
    writer = tiles.TileWriter(0, {})
    writer.extend([merkle.leaf_hash(row) for row in await publish.leaves(conn, 0, stop)])
    for (level, n), hashes in writer.touched.items():
        await conn.execute("INSERT INTO audit.tile VALUES (%s, %s, %s)", (level, n, hashes))
    if signer:
        made = note.sign_checkpoint(signer, stop, writer.root())
        await conn.execute("DELETE FROM audit.checkpoint")
        await conn.execute("INSERT INTO audit.checkpoint VALUES (%s, %s, %s)", (stop, made.root, made.note))


async def test_a_consistent_rewrite_without_the_key(root: Any) -> None:
    await _rewrite(root, 300, None)
    found = await check(root)
    assert set(found) == {"checkpoint.root"}


async def test_a_rewrite_signed_by_another_key_of_the_same_name(root: Any) -> None:
    await _rewrite(root, 300, note.new_signer(SIGNER.name))
    found = await check(root)
    assert found == {"checkpoint.signature": 1}


async def test_a_rewrite_with_the_stolen_key_against_what_is_remembered(root: Any) -> None:
    await _rewrite(root, 300, SIGNER)
    assert await check(root) == {}  # the stated limit: who holds the key and the database can rewrite both
    found = await check(root, remembered=NOTES)
    assert found == {"log.rewritten": 3}  # the heads at 400, 500 and 600; those before entry 300 still hold


async def test_the_database_rolled_back_to_an_older_state(root: Any) -> None:
    await root.execute("DELETE FROM audit.checkpoint WHERE size > 0")
    await root.execute("DELETE FROM audit.content WHERE idx >= 200")
    await root.execute("DELETE FROM audit.leaf WHERE idx >= 200")
    await root.execute("DELETE FROM audit.tile")
    writer = tiles.TileWriter(0, {})
    writer.extend([merkle.leaf_hash(row) for row in await publish.leaves(root, 0, 200)])
    for (level, n), hashes in writer.touched.items():
        await root.execute("INSERT INTO audit.tile VALUES (%s, %s, %s)", (level, n, hashes))
    await root.execute(
        "INSERT INTO audit.checkpoint VALUES (200, %s, %s)", (writer.root(), NOTES[1])
    )  # what was really signed then
    assert await check(root) == {}
    assert await check(root, remembered=NOTES) == {"log.rolled_back": 4}


async def test_checkpoints_removed_or_edited(root: Any) -> None:
    await root.execute("SAVEPOINT whole")
    await root.execute("DELETE FROM audit.checkpoint")
    found = await check(root, remembered=NOTES)
    assert found["log.rolled_back"] == 6
    assert found["leaf.extra"] == SIZE
    await root.execute("ROLLBACK TO whole")
    await root.execute("UPDATE audit.checkpoint SET root = sha256('') WHERE size > 0")
    assert (await check(root))["checkpoint.altered"] >= 1
    await root.execute("ROLLBACK TO whole")
    await root.execute("UPDATE audit.checkpoint SET note = replace(note, E'\\n600\\n', E'\\n601\\n')")
    assert (await check(root))["checkpoint.signature"] == 1


async def test_a_remembered_checkpoint_of_another_log(root: Any) -> None:
    stranger = note.sign_checkpoint(note.new_signer("other"), 10, bytes(32)).note
    assert await check(root, remembered=[stranger]) == {"checkpoint.not_ours": 1}


async def test_erased_with_and_without_a_reason(root: Any) -> None:
    await root.execute("SAVEPOINT whole")
    erased = "actor_kind=NULL, actor_id=NULL, purpose=NULL, legal_basis=NULL, case_ref=NULL, fields=NULL, salt=NULL"
    await root.execute(f"UPDATE audit.content SET {erased}, erased_by = 12345 WHERE idx = 30")
    assert await check(root) == {"content.erased_unlawfully": 1}
    await root.execute("ROLLBACK TO whole")
    entry_id = await scalar(root, "SELECT entry_id FROM audit.content WHERE idx = 30")
    made = await service.erase(root, OFFICER, RESIDENCE, entry_id)
    assert await check(root) == {}
    # The reason of one erasure does not cover another one, nor a changed time or organisation.
    await root.execute(f"UPDATE audit.content SET {erased}, erased_by = {made} WHERE idx = 31")
    assert (await check(root))["content.erased_unlawfully"] == 1
    await root.execute("ROLLBACK TO whole")
    await service.erase(root, OFFICER, RESIDENCE, entry_id)
    await root.execute("UPDATE audit.content SET org_code = 'x' WHERE idx = 30")
    assert await check(root) == {"content.altered": 1}
    await root.execute("ROLLBACK TO whole")
    await service.erase(root, OFFICER, RESIDENCE, entry_id)
    await root.execute("DELETE FROM audit.pending")  # the reason removed while it waits
    assert await check(root) == {"content.erased_unlawfully": 1}


async def test_waiting_entries(root: Any) -> None:
    await root.execute("SAVEPOINT whole")
    await service.record(root, OFFICER, RESIDENCE, action="read", subjects=[1], fields=[])
    assert await check(root) == {}
    await root.execute("UPDATE audit.pending SET at = now() - interval '61 seconds'")
    assert await check(root) == {"pending.stale": 1}
    # The stated gap: an entry removed before it is sequenced leaves no trace in the log.
    await root.execute("DELETE FROM audit.pending")
    assert await check(root) == {}
    await root.execute("ROLLBACK TO whole")
    await root.execute(
        "INSERT INTO audit.pending (entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis)"
        " SELECT entry_id, 'read', 'staff', 1, 'x', 'x', 'x' FROM audit.content WHERE idx = 3"
    )
    assert await check(root) == {"pending.replayed": 1}
