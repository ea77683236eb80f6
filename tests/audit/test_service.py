"""Entries in, accesses out, and what each database role may do."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import psycopg
import pytest

from dancu.audit import entry, service
from dancu.kernel.errors import Invalid, NotAllowed, NotFound, Unavailable

from .log_helpers import OFFICER, RESIDENCE, SIGNER, look, scalar


async def _open(conn: Any, *persons: int) -> None:
    await conn.execute("SELECT set_config('dancu.subjects', %s::bigint[]::text, true)", (list(persons),))


async def test_an_entry_becomes_an_access_with_its_number(conn: Any, worker: Any) -> None:
    ids = await look(conn, 11, 12, 11, None, note={"verb": "x", "a": [1, {"b": None}]})
    assert len(ids) == 4 == len(set(ids))
    assert await service.drain(worker, SIGNER) == 4
    await _open(conn, 11)
    found = await service.accesses_of(conn, 11, limit=10)
    assert [a.seq for a in found] == [2, 1]
    first = found[-1]
    assert (first.entry_id, first.action, first.actor_id, first.org_code) == (ids[0], "read", 7, "49.505.20515")
    assert first.fields == ("name", "birth")
    assert first.purpose == "residence_management"
    assert first.case_ref == "HS-12"
    assert first.note == {"verb": "x", "a": [1, {"b": None}]}
    assert [a.seq for a in await service.accesses_of(conn, 11, limit=10, before_seq=2)] == [1]


async def test_nobody_reads_accesses_of_a_person_not_opened(conn: Any, worker: Any) -> None:
    await look(conn, 21)
    await service.drain(worker, SIGNER)
    with pytest.raises(NotAllowed):
        await service.accesses_of(conn, 21, limit=10)
    await conn.rollback()
    await _open(conn, 22)
    with pytest.raises(NotAllowed):
        await service.accesses_of(conn, 21, limit=10)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM audit.content", "SELECT * FROM audit.pending", "DELETE FROM audit.pending",
        "UPDATE audit.pending SET subject = 1", "INSERT INTO audit.pending (action) VALUES ('read')",
        "DELETE FROM audit.leaf", "UPDATE audit.tile SET n = n", "DELETE FROM audit.checkpoint",
        "UPDATE audit.sequencer SET caught_up_at = now()", "SELECT nextval('audit.entry_id_seq')",
        "SELECT audit.take_entry_ids(5)", "TRUNCATE audit.content",
    ],
)  # fmt: skip
async def test_the_application_can_only_add(conn: Any, query: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await conn.execute(query)
    await conn.rollback()


@pytest.mark.parametrize(
    "query",
    [
        "UPDATE audit.content SET org_code = 'x'", "DELETE FROM audit.content", "UPDATE audit.leaf SET leaf = ''",
        "DELETE FROM audit.leaf", "DELETE FROM audit.tile", "UPDATE audit.checkpoint SET size = 0",
        "UPDATE audit.pending SET org_code = 'x'",
    ],
)  # fmt: skip
async def test_no_role_changes_the_log(worker: Any, importer: Any, verifier: Any, query: str) -> None:
    for conn in (worker, importer, verifier):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute(query)
        await conn.rollback()


async def test_entries_roll_back_with_their_transaction(conn: Any, worker: Any) -> None:
    async with conn.transaction(force_rollback=True):
        await service.record(conn, OFFICER, RESIDENCE, action="read", subjects=[1], fields=[])
    assert await service.drain(worker, SIGNER) == 0


async def test_ids_reserved_for_rows_are_recorded_under(conn: Any, worker: Any) -> None:
    async with conn.transaction():
        ids = await service.reserve(conn, 2)
        digests = [service.facts_digest([b"a"]), None]
        assert ids == await service.record(
            conn, OFFICER, RESIDENCE, action="write", subjects=[31, 32], fields=["name"], facts=digests, entry_ids=ids
        )
    await service.drain(worker, SIGNER)
    assert await scalar(worker, "SELECT facts FROM audit.content WHERE entry_id = %s", ids[0]) == digests[0]
    await worker.rollback()
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        await service.record(
            conn, OFFICER, RESIDENCE, action="write", subjects=[1], fields=[], entry_ids=[ids[1] + 10**6]
        )
    await conn.rollback()


async def test_blocks_of_ids_do_not_overlap(importer: Any, conn: Any) -> None:
    first = await service.take_entry_ids(importer, 1000)
    second = await service.take_entry_ids(importer, 5)
    assert second >= first + 1000
    assert (await look(conn, 1))[0] < first


async def test_data_are_refused_when_nobody_sequences(conn: Any, admin: Any, worker: Any) -> None:
    await look(conn, 41)
    await admin.execute("UPDATE audit.sequencer SET caught_up_at = now() - interval '31 seconds'")
    await admin.execute("UPDATE audit.pending SET at = now() - interval '59 seconds'")
    await admin.commit()
    await look(conn, 42)  # 59 seconds are not too many
    await admin.execute("UPDATE audit.pending SET at = now() - interval '61 seconds'")
    await admin.commit()
    with pytest.raises(Unavailable) as refused:
        await look(conn, 43)
    assert refused.value.code == "audit.not_sequenced"
    await service.drain(worker, SIGNER)
    await look(conn, 43)


async def test_an_erasure_is_an_entry_and_keeps_the_place(conn: Any, worker: Any) -> None:
    (entry_id,) = await look(conn, 51)
    await service.drain(worker, SIGNER)
    with pytest.raises(Invalid):
        await service.erase(worker, OFFICER, type(RESIDENCE)("audit", " "), entry_id)
    async with worker.transaction():
        made = await service.erase(worker, OFFICER, RESIDENCE, entry_id)
    await service.drain(worker, SIGNER)
    await _open(conn, 51)
    newest, oldest = await service.accesses_of(conn, 51, limit=10)
    assert (oldest.erased_by, oldest.actor_id, oldest.purpose, oldest.seq) == (made, None, None, 1)
    assert (newest.action, newest.entry_id, newest.legal_basis) == ("erase", made, RESIDENCE.legal_basis)
    assert newest.note is not None
    assert newest.note["erased_seq"] == 1
    for again in (entry_id, made, 10**9):
        with pytest.raises(NotFound):
            await service.erase(worker, OFFICER, RESIDENCE, again)


async def test_the_auditors_search_needs_the_right(conn: Any) -> None:
    now = datetime.now(UTC)
    query = service.Query(now - timedelta(days=1), now)
    with pytest.raises(NotAllowed):
        await service.search_entries(conn, OFFICER, RESIDENCE, b"\0" * 32, query)
    await conn.rollback()
    with pytest.raises(Invalid):
        await service.search_entries(conn, OFFICER, RESIDENCE, b"", service.Query(now, now))


async def test_the_auditor_finds_and_leaves_a_trace_with_each_citizen(conn: Any, worker: Any, admin: Any) -> None:
    token = b"\1" * 32
    await admin.execute("SET session_replication_role = replica")  # no need of a whole organisation
    await admin.execute("INSERT INTO access.staff_right VALUES (7, 'audit.read', true, '{}', '9999-12-31')")
    await admin.execute(
        "INSERT INTO access.session (token_hash, actor_kind, actor_id, channel, expires_at)"
        " VALUES (%s, 'staff', 7, 'web', now() + interval '1 hour')",
        (token,),
    )
    await admin.commit()
    await look(conn, 61, 62, 61, None)
    await service.drain(worker, SIGNER)
    await worker.commit()
    now = datetime.now(UTC)
    query = service.Query(now - timedelta(minutes=5), now + timedelta(minutes=5), subject=61)
    async with conn.transaction():
        found = await service.search_entries(conn, OFFICER, RESIDENCE, token, query)
    assert [(f.subject, f.access.seq) for f in found] == [(61, 2), (61, 1)]
    wide = service.Query(query.since, query.until, actor_id=7, limit=4)
    async with conn.transaction():
        found = await service.search_entries(conn, OFFICER, RESIDENCE, token, wide)
    assert {f.subject for f in found} == {61, 62, None}
    for other in ({"org_code": "x"}, {"actor_id": 8}, {"action": "erase", "subject": 62}, {"purpose": "x"}):
        async with conn.transaction():
            asked = service.Query(query.since, query.until, **other)  # type: ignore[arg-type]
            assert await service.search_entries(conn, OFFICER, RESIDENCE, token, asked) == []
    await service.drain(worker, SIGNER)
    await _open(conn, 61, 62)
    assert [a.action for a in await service.accesses_of(conn, 61, limit=9)] == ["search", "search", "read", "read"]
    assert [a.action for a in await service.accesses_of(conn, 62, limit=9)] == ["search", "search", "read"]
    with pytest.raises(NotAllowed):
        await service.search_entries(conn, type(OFFICER)(OFFICER.kind, 8, "x"), RESIDENCE, token, query)


def test_a_leaf_of_version_1_never_changes() -> None:
    """Computed once and written down: verification must find the same bytes years later."""
    row = (
        5, datetime(2026, 1, 2, 3, 4, 5, 6), "write", 'UB "x"', 11, 2, "staff", 7, "civil_status", "Luật Hộ tịch", None,  # noqa: DTZ001 as the database gives it
        '["name", "birth"]', "r-1", "web", bytes(range(32)), '{"b": [1, null], "a": "ờ"}', b"\x07" * 32,
    )  # fmt: skip
    content = json.loads(entry.content_value(row))
    assert list(content) == sorted(content)
    assert content == {
        "actor_kind": "staff", "case_ref": None, "channel": "web", "entry_id": 5, "facts": bytes(range(32)).hex(),
        "fields": ["name", "birth"], "legal_basis": "Luật Hộ tịch", "note": {"a": "ờ", "b": [1, None]},
        "purpose": "civil_status", "request_id": "r-1",
    }  # fmt: skip
    leaf = json.loads(entry.make_leaf(row))
    assert orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS) == entry.make_leaf(row)
    for opening in entry.openings(row, ["content", "officer", "seq", "subject"]):
        key = hmac.digest(b"\x07" * 32, opening.label.encode(), "sha256")
        assert opening.key == key
        assert leaf[opening.label] == b64encode(sha256(key + opening.value).digest()).decode()
    assert sha256(entry.make_leaf(row)).hexdigest() == "a977ee4648163fbd217f4573946e727c8cba1023a7db3d57cef660342f6e777b"
