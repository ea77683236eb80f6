"""A log has one key. It is made once, before anything is signed; after that a missing or another key stops whoever would
sign, and says which file to restore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.audit import keys, note, remembered, sequencer, service
from dancu.audit.store import publish
from dancu.kernel.errors import Conflict, Unavailable

from .log_helpers import look


@pytest.fixture
def database(make_database: Any) -> Any:
    """Its own for each test: a log begins once."""
    return make_database()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path


async def signer_of(conn: Any, place: Path) -> note.Signer:
    return await service.signer_of_log(conn, place / "keys", place / "checkpoints")


async def begun(conn: Any, worker: Any, place: Path) -> note.Signer:
    """A log of a few entries under a key of its own."""
    signer = await signer_of(worker, place)
    await worker.rollback()
    await look(conn, 1, 2, 3)
    await service.drain(worker, signer, on_checkpoint=remembered.Memory(place / "checkpoints").keep)
    await worker.commit()
    return signer


async def refused(conn: Any, place: Path) -> str:
    before = sorted(path.name for path in (place / "keys").iterdir())
    with pytest.raises(Unavailable) as error:
        await signer_of(conn, place)
    assert sorted(path.name for path in (place / "keys").iterdir()) == before, "nothing may be made"
    assert str(place / "keys" / "audit.key") in error.value.text()
    assert "sao lưu" in error.value.text()
    return error.value.code


async def test_made_at_first_and_found_again(conn: Any, worker: Any, place: Path) -> None:
    signer = await begun(conn, worker, place)
    assert (await signer_of(worker, place)).skey == signer.skey
    await service.check_key(worker, place / "keys", place / "checkpoints")


async def test_a_public_key_derived_again_only_for_the_right_key(conn: Any, worker: Any, place: Path) -> None:
    signer = await begun(conn, worker, place)
    (place / "keys" / "audit.vkey").unlink()
    assert (await signer_of(worker, place)).skey == signer.skey
    assert keys.load_verifier(place / "keys") == signer.verifier


@pytest.mark.parametrize("left", ["audit.vkey", "checkpoints", "database"])
async def test_no_key_is_made_where_anything_of_the_log_is_left(conn: Any, worker: Any, admin: Any, place: Path, left: str) -> None:
    await begun(conn, worker, place)
    (place / "keys" / "audit.key").unlink()
    if left != "audit.vkey":
        (place / "keys" / "audit.vkey").unlink()
    if left != "checkpoints":
        for file in (place / "checkpoints").iterdir():
            file.unlink()
    if left != "database":
        await admin.execute("TRUNCATE audit.checkpoint, audit.leaf, audit.content, audit.tile")
        await admin.commit()
    assert await refused(worker, place) == "audit.key.missing"


async def test_entries_alone_are_a_log(conn: Any, worker: Any, admin: Any, place: Path) -> None:
    await begun(conn, worker, place)
    await admin.execute("TRUNCATE audit.checkpoint")
    await admin.commit()
    for file in [*(place / "keys").iterdir(), *(place / "checkpoints").iterdir()]:
        file.unlink()
    assert await refused(worker, place) == "audit.key.missing"


async def test_waiting_entries_are_no_log_yet(conn: Any, worker: Any, place: Path) -> None:
    await look(conn, 1)
    assert (await signer_of(worker, place)).name


async def test_another_key(conn: Any, worker: Any, place: Path, tmp_path: Path) -> None:
    await begun(conn, worker, place)
    stranger = keys.make_signer(tmp_path / "other")
    (place / "keys" / "audit.key").write_text(stranger.skey + "\n")
    assert await refused(worker, place) == "audit.key.mismatch"
    with pytest.raises(Unavailable):
        keys.matching_verifier(place / "keys")
    (place / "keys" / "audit.vkey").write_text(stranger.verifier.vkey + "\n")
    assert await refused(worker, place) == "audit.key.foreign"
    (place / "keys" / "audit.vkey").unlink()
    assert await refused(worker, place) == "audit.key.foreign"


async def test_readiness(conn: Any, worker: Any, place: Path, tmp_path: Path) -> None:
    await begun(conn, worker, place)

    async def ready(keys_: Path, checkpoints: Path) -> str:
        try:
            await service.check_key(conn, keys_, checkpoints)
        except Unavailable as error:
            return error.code
        return "ok"

    (place / "keys" / "audit.key").rename(tmp_path / "kept")
    assert await ready(place / "keys", place / "checkpoints") == "audit.key.missing"
    # A machine that never signed holds the public key, or none.
    assert await ready(place / "keys", tmp_path / "none") == "ok"
    assert await ready(tmp_path / "none", tmp_path / "none") == "ok"
    other = keys.make_signer(tmp_path / "other")
    assert await ready(tmp_path / "other", tmp_path / "none") == "audit.key.foreign"
    (place / "keys" / "audit.vkey").write_text(other.verifier.vkey)
    assert await ready(place / "keys", tmp_path / "none") == "audit.key.foreign"


async def replaced(conn: Any, worker: Any, admin: Any, place: Path) -> note.Signer:
    """What an older release did: another key signed on over the log."""
    signer = await begun(conn, worker, place)
    await minutes_pass(admin)
    stranger = note.new_signer("dancu.local/log/stranger")
    memory = remembered.Memory(place / "checkpoints")
    for _ in range(2):
        await look(conn, 4)
        await service.drain(worker, stranger, on_checkpoint=memory.keep)
        await worker.commit()
        await minutes_pass(admin)
    return signer


async def minutes_pass(admin: Any) -> None:
    """Of checkpoints of one minute only the last is kept."""
    await admin.execute("UPDATE audit.checkpoint SET at = at - interval '2 minutes'")
    await admin.commit()


async def test_a_log_another_key_signed_on(
    database: Any, conn: Any, worker: Any, admin: Any, place: Path, tmp_path: Path
) -> None:
    signer = await replaced(conn, worker, admin, place)
    notes = remembered.read(place / "checkpoints")

    async def verified() -> service.Report:
        async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as verifier:
            return await service.verify(verifier, signer.verifier, remembered=notes)

    report = await verified()
    assert report.counts == {"checkpoint.foreign_key": 1, "checkpoint.not_ours": 1}
    said = {f.code: f for f in report.findings}
    assert said["checkpoint.foreign_key"].where["name"] == "dancu.local/log/stranger"
    assert said["checkpoint.foreign_key"].where["sound"] == 3
    assert "keys/audit.key" in said["checkpoint.foreign_key"].text()
    async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as verifier:
        with pytest.raises(Conflict) as export:
            await service.export(verifier, tmp_path / "copy", signer.verifier.vkey)
    assert export.value.code == "audit.export.foreign_checkpoint"
    # The right key put back signs on, and vouches for what the stranger signed.
    right = await signer_of(worker, place)
    await sequencer._stands_by(worker, right, place / "checkpoints")
    await worker.rollback()
    await look(conn, 5)
    await service.drain(worker, right)
    await worker.commit()
    report = await verified()
    assert set(report.counts) == {"checkpoint.foreign_key", "checkpoint.not_ours"}
    (finding,) = (f for f in report.findings if f.code == "checkpoint.foreign_key")
    assert finding.where["covered"] == 6
    assert "không mục nào bị sửa" in finding.text()


async def test_no_forger_under_our_name_passes_for_a_lost_file(conn: Any, worker: Any, admin: Any, database: Any, place: Path) -> None:
    signer = await begun(conn, worker, place)
    head = await publish.head(admin)
    assert head is not None
    forged = note.sign_checkpoint(note.new_signer(signer.name), head.size, head.root)
    await admin.execute("UPDATE audit.checkpoint SET note = %s WHERE size = %s", (forged.note, head.size))
    await admin.commit()
    async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as verifier:
        report = await service.verify(verifier, signer.verifier)
    assert report.counts == {"checkpoint.signature": 1}
