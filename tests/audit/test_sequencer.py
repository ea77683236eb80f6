"""The sequencer: nothing lost, nothing doubled, whatever happens around it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.audit import merkle, note, remembered, sequencer, service
from dancu.audit.store import publish
from dancu.audit.store import sequence as store
from dancu.kernel.errors import Conflict

from .log_helpers import SIGNER, look, scalar


async def _sound(verifier: Any) -> service.Report:
    report = await service.verify(verifier, SIGNER.verifier)
    assert report.ok, report.findings
    await verifier.rollback()
    return report


async def test_an_empty_log_has_a_signed_head(worker: Any, verifier: Any) -> None:
    assert await service.sequence_once(worker, SIGNER) == 0
    head = await publish.head(worker)
    assert head is not None
    assert (head.size, head.root) == (0, merkle.EMPTY_ROOT)
    await worker.rollback()
    await _sound(verifier)


async def test_batches_smaller_than_the_backlog(conn: Any, worker: Any, verifier: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(sequencer, "_CHUNK", 7)
    ids = await look(conn, *[random.Random(1).randint(1, 40) for _ in range(300)])
    assert await service.sequence_once(worker, SIGNER, batch=50) == 50
    assert await service.drain(worker, SIGNER, batch=64) == 250
    held = await (await worker.execute("SELECT entry_id FROM audit.content ORDER BY idx")).fetchall()
    assert [row[0] for row in held] == ids
    await worker.rollback()
    assert (await _sound(verifier)).size == 300


@pytest.mark.parametrize(
    "note",
    ['{"a": 1e400}', '{"a": 1.10, "b": -0.0, "c": 123456789012345678901234567890}', '{"\\u0001": "\\ud83d\\ude00\\"\\\\"}',
     '{"d": ' + "[" * 300 + "]" * 300 + "}", "{}"],
)  # fmt: skip
async def test_no_entry_stops_the_log(admin: Any, worker: Any, verifier: Any, note: str) -> None:
    await admin.execute(
        "INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, purpose, legal_basis, case_ref, subject,"
        " fields, note, at) VALUES ('read', 'staff', -9223372036854775808, %s, E'\\t\\\\', '', '\U0001f600', 9223372036854775807,"
        " ARRAY['a,b', NULL, '\"'], %s::jsonb, '2000-01-01')",
        ('"\\é', note),
    )
    await admin.commit()
    assert await service.drain(worker, SIGNER) == 1
    await _sound(verifier)


@pytest.mark.parametrize(
    "values",
    ["'x', 'staff', 1, 'o', now(), NULL", "'read', 'x', 1, 'o', now(), NULL", "'read', 'staff', 1, repeat('o', 101), now(), NULL",
     "'read', 'staff', 1, 'o', 'infinity', NULL", "'read', 'staff', 1, 'o', '9999-01-01', NULL",
     "'read', 'staff', 1, 'o', now(), '[]'", "'read', 'staff', 1, 'o', now(), jsonb_build_object('a', repeat('x', 9000))"],
)  # fmt: skip
async def test_what_could_stop_it_is_refused(admin: Any, values: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await admin.execute(
            "INSERT INTO audit.pending (action, actor_kind, actor_id, org_code, at, note, purpose, legal_basis)"
            f" VALUES ({values}, 'p', 'l')"
        )


async def test_people_before_files(conn: Any, importer: Any, worker: Any) -> None:
    first = await service.take_entry_ids(importer, 100)
    async with importer.cursor() as cursor, cursor.copy(
        "COPY audit.pending (entry_id, action, actor_kind, actor_id, org_code, purpose, legal_basis, subject)"
        " FROM STDIN"
    ) as copy:
        for i in range(100):
            await copy.write_row((first + i, "write", "staff", 1, "x", "import", "y", 1000 + i))
    await importer.commit()
    (one,) = await look(conn, 5)
    size = await scalar(worker, "SELECT max(size) FROM audit.checkpoint")
    await worker.rollback()
    assert await service.sequence_once(worker, SIGNER, batch=10) == 10
    assert await scalar(worker, "SELECT entry_id FROM audit.content WHERE idx = %s", size) == one
    # The people's queue is empty, so the log counts as caught up although a file still waits.
    assert await scalar(worker, "SELECT caught_up_at > now() - interval '5 seconds' FROM audit.sequencer")
    await worker.rollback()
    assert await service.drain(worker, SIGNER) == 91


async def test_an_id_that_commits_late_is_taken_later(database: Any, conn: Any, worker: Any) -> None:
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as late:
        async with late.transaction():
            (early_id,) = await service.record(late, *_who(), action="read", subjects=[909], fields=[])
            (later_id,) = await look(conn, 909)
            assert early_id < later_id
            await service.drain(worker, SIGNER)
        assert await service.drain(worker, SIGNER) == 1
    held = await (await worker.execute("SELECT entry_id FROM audit.content WHERE subject = 909 ORDER BY subject_seq")).fetchall()
    assert [row[0] for row in held] == [later_id, early_id]


def _who() -> tuple[Any, Any]:
    from .log_helpers import OFFICER, RESIDENCE

    return OFFICER, RESIDENCE


async def test_many_writers_and_three_sequencers(database: Any, verifier: Any) -> None:
    before = (await _sound(verifier)).size
    stop = asyncio.Event()

    async def write(seed: int) -> list[int]:
        made: list[int] = []
        async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
            rng = random.Random(seed)
            for _ in range(25):
                made += await look(conn, *[rng.randint(1, 20) for _ in range(rng.randint(1, 20))])
        return made

    loops = [asyncio.create_task(service.run_sequencer(database.dsn("worker"), SIGNER, stop)) for _ in range(3)]
    written = [entry for made in await asyncio.gather(*[write(i) for i in range(6)]) for entry in made]
    async with await psycopg.AsyncConnection.connect(database.dsn("worker"), autocommit=True) as worker:
        async with asyncio.timeout(20):
            while await scalar(worker, "SELECT count(*) FROM audit.pending"):  # noqa: ASYNC110 another process's work
                await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*loops)
    assert (await _sound(verifier)).size == before + len(written)


async def test_a_sequencer_killed_in_the_middle(database: Any, conn: Any, admin: Any, verifier: Any, monkeypatch: Any) -> None:
    before = (await _sound(verifier)).size
    await look(conn, *range(1, 101))
    real = sequencer.note.sign_checkpoint

    async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as victim:
        pid = victim.info.backend_pid

        def kill(*args: Any) -> note.Checkpoint:
            with psycopg.connect(database.dsn("admin"), autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
            return real(*args)

        monkeypatch.setattr(sequencer.note, "sign_checkpoint", kill)
        with pytest.raises(psycopg.OperationalError):
            await service.sequence_once(victim, SIGNER)
        monkeypatch.undo()
    assert await scalar(admin, "SELECT count(*) FROM audit.pending") == 100
    async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker:
        assert await service.drain(worker, SIGNER) == 100
    assert (await _sound(verifier)).size == before + 100


async def test_nothing_is_appended_to_an_altered_log(conn: Any, worker: Any, admin: Any) -> None:
    await look(conn, 1)
    await service.drain(worker, SIGNER)
    good = await scalar(admin, "SELECT hashes FROM audit.tile WHERE level = 0 ORDER BY n DESC LIMIT 1")
    await admin.execute("UPDATE audit.tile SET hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0)) WHERE level = 0")
    await admin.commit()
    await look(conn, 1)
    with pytest.raises(Conflict):
        await service.drain(worker, SIGNER)
    assert await scalar(admin, "SELECT count(*) FROM audit.pending") == 1
    await admin.execute("UPDATE audit.tile SET hashes = %s WHERE (level, n) = (SELECT 0, max(n) FROM audit.tile WHERE level = 0)", (good,))
    await admin.commit()


async def test_checkpoints_are_remembered_outside(database: Any, tmp_path: Path) -> None:
    memory = remembered.Memory(tmp_path / "checkpoints")
    made = [note.sign_checkpoint(SIGNER, n, bytes(32)) for n in range(4)]
    for checkpoint in made:
        memory.keep(checkpoint)
    found = remembered.read(tmp_path / "checkpoints")
    assert found[0] == made[-1].note  # latest
    assert found[1] == made[0].note  # one a minute
    assert remembered.read(tmp_path / "checkpoints" / "latest") == [made[-1].note]


async def test_readiness_sees_a_silent_sequencer(conn: Any, worker: Any, admin: Any) -> None:
    await service.sequence_once(worker, SIGNER)
    await worker.commit()
    assert await service.silent_seconds(conn) < 10
    await admin.execute("UPDATE audit.sequencer SET caught_up_at = '-infinity'")
    assert await service.silent_seconds(admin) == float("inf")


async def test_a_database_rolled_back_gets_no_second_history(database: Any, conn: Any, worker: Any, tmp_path: Path) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(
            service.run_sequencer(database.dsn("worker"), SIGNER, stop, checkpoints=tmp_path / "checkpoints")
        )
        await asyncio.sleep(0.5)
        stop.set()
        await task

    await look(conn, 1)
    await run()
    head = await publish.head(worker)
    assert head is not None
    assert remembered.read(tmp_path / "checkpoints" / "latest") == [head.note]
    await run()  # what is remembered is there
    latest = tmp_path / "checkpoints" / "latest"
    for size, root in ((head.size + 1, head.root), (head.size, bytes(32))):
        latest.write_text(note.sign_checkpoint(SIGNER, size, root).note)
        with pytest.raises(Conflict) as refused:
            await run()
        assert refused.value.code == "audit.log_rolled_back"
    latest.write_text("")  # torn by a power cut: the monthly file is next
    await run()


async def test_one_that_ended_in_order_is_not_taken_for_alive(database: Any, conn: Any, worker: Any, verifier: Any) -> None:
    """Whoever comes right after starts a sequencer of their own instead of waiting for one that is gone."""
    stop, told = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(service.run_sequencer(database.dsn("worker"), SIGNER, stop, on_taken=told.set))
    (entry,) = await look(conn, 1)
    async with asyncio.timeout(20):
        while await store.waiting(verifier, entry, entry + 1):  # noqa: ASYNC110 another connection's work
            await asyncio.sleep(0.02)
    await asyncio.wait_for(told.wait(), 20)
    assert await store.sequencer_alive(verifier, sequencer.ALIVE)
    stop.set()
    await task
    assert not await store.sequencer_alive(verifier, sequencer.ALIVE)
    assert sequencer.ALIVE <= await service.silent_seconds(conn) < 25  # silent, but not for so long that data are refused
    await service.drain(worker, SIGNER)
    await worker.commit()
    assert await store.sequencer_alive(verifier, sequencer.ALIVE)
