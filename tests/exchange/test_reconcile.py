"""Reconciling a labelled file with a registry that has twins, namesakes and fathers' namesakes in it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dancu.demo.messy.insured import UNNUMBERED, Rates
from dancu.exchange.models.call import Refused
from dancu.exchange.service.reconcile import runs, work
from dancu.kernel.errors import Conflict, Exceeded
from dancu.kit.keys import KeyRing
from tests.exchange.reconciling import ALL_FIELDS, ORG, Registry, build, measured

PEOPLE = 5_000
HELD_OUT = 90_001  # never looked at while weights were set


@pytest.fixture(scope="module")
def registry(make_database: Callable[[], Any]) -> Registry:
    return build(make_database(), PEOPLE)


@pytest.fixture(autouse=True)
def agreed(registry: Registry) -> None:
    registry.agree()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.open(tmp_path_factory.mktemp("keys"))


def numbers(path: Path) -> dict[int, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {n: row["Số định danh/CCCD/CMND"] for n, row in enumerate(csv.DictReader(file), 2)}


@pytest.mark.parametrize(("rates", "rows"), [(Rates(), 2_500), (UNNUMBERED, 1_200)], ids=["mixed", "without numbers"])
async def test_precision_and_recall_hold(registry: Registry, keys: KeyRing, tmp_path: Path, rates: Rates, rows: int) -> None:
    path = tmp_path / "bhxh.csv"
    truth = registry.file(path, rows, HELD_OUT, rates)
    done, told = await registry.reconcile(path, keys)
    assert done.finished and set(told) == set(truth)
    precision, recall = measured(truth, told, numbers(path))
    assert precision >= 0.99
    assert recall >= 0.97
    assert sum(done.run.counts[o] for o in done.run.counts if o not in ("first_entry", "last_entry", "compared")) == len(truth)


async def test_outcomes_say_dead_and_duplicate_and_name_only_agreed_fields(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "ít trường.csv"
    truth = registry.file(path, 1_500, 5)
    registry.agree(("birth",))
    _, told = await registry.reconcile(path, keys, chunk=200)  # a person's second row stands in another chunk than the first
    assert not any("personal_id" in result for result in told.values())
    assert {field for result in told.values() for field in result.get("differs", {})} <= {"birth"}
    outcomes = Counter(result["outcome"] for result in told.values())
    assert min(outcomes[o] for o in ("matched", "matched_with_differences", "not_found", "dead", "duplicate", "ambiguous")) > 0
    for line, true in truth.items():
        result = told[line]
        if result["outcome"] == "dead":
            assert true["dead"]
        if result["outcome"] == "duplicate":
            assert result["first_line"] < line and truth[result["first_line"]]["person"] == true["person"]
        assert set(result) <= {"line", "ref", "outcome", "score", "differs", "first_line", "code"}


async def test_everybody_compared_has_one_entry_a_chunk_and_nobody_else(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "evidence.csv"
    registry.file(path, 400, 6)
    before = registry.one("SELECT coalesce(max(entry_id), 0) FROM audit.pending WHERE entry_id >= 1::bigint << 40")
    done, told = await registry.reconcile(path, keys, chunk=1_000)
    entries = registry.rows(
        "SELECT subject, count(*) FROM audit.pending WHERE entry_id > %s AND action = 'read' AND org_code = %s AND actor_kind = 'client'"
        " AND purpose = 'social_insurance' AND legal_basis = '41/2024/QH15' AND case_ref = 'DS-01' AND note->>'verb' = 'reconcile'"
        " GROUP BY subject", before, ORG,
    )  # fmt: skip
    assert max(count for _, count in entries) == 1
    assert len(entries) == done.run.counts["compared"]
    matched = {r["personal_id"] for r in told.values() if r.get("personal_id")}
    found = registry.rows("SELECT DISTINCT person_key FROM population.directory WHERE number = ANY (%s)", list(matched))
    assert {key for (key,) in found} <= {subject for subject, _ in entries}


async def test_whoever_cannot_be_meant_is_not_compared(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    """One who shares the commune and the name, but neither birth nor household, has no entry."""
    rows = registry.rows(
        "SELECT n.full_name, s.birth_year, s.birth_month, s.birth_day, o.person_key, u.code FROM population.person_search s"
        " JOIN territory.unit u ON u.unit_id = ANY (s.areas) AND u.level = 3"
        " JOIN population.person_search o ON o.name_ascii = s.name_ascii AND o.areas && s.areas AND o.birth_year <> s.birth_year"
        "  AND (o.birth_month, o.birth_day) <> (s.birth_month, s.birth_day) AND o.person_key <> s.person_key"
        " JOIN population.person_name n ON n.person_key = s.person_key AND upper_inf(n.recorded) AND n.kind = 'birth'"
        " WHERE NOT EXISTS (SELECT FROM population.household_member a JOIN population.household_member b USING (household_key)"
        "  WHERE a.person_key = s.person_key AND b.person_key = o.person_key) ORDER BY s.person_key, o.person_key LIMIT 20"
    )
    path = tmp_path / "namesakes.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Mã số BHXH", "Họ và tên", "Ngày sinh", "Mã xã"))
        writer.writerows((n, name, f"{d:02}/{m:02}/{y}", unit) for n, (name, y, m, d, _, unit) in enumerate(rows))
    before = registry.one("SELECT coalesce(max(entry_id), 0) FROM audit.pending WHERE entry_id >= 1::bigint << 40")
    await registry.reconcile(path, keys)
    compared = {key for (key,) in registry.rows("SELECT subject FROM audit.pending WHERE entry_id > %s", before)}
    born = registry.rows(
        "SELECT person_key FROM population.person_search JOIN unnest(%s::int[], %s::int[], %s::int[]) AS b(y, m, d)"
        " ON (birth_year, birth_month, birth_day) = (b.y, b.m, b.d)", *([row[at] for row in rows] for at in (1, 2, 3)),
    )  # fmt: skip
    others = {row[4] for row in rows} - {key for (key,) in born}
    assert len(compared) >= len({row[:4] for row in rows}) and len(others) >= 5
    assert not others & compared


async def test_the_same_file_again_is_the_same_run_and_asks_nobody_anew(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "again.csv"
    registry.file(path, 300, 7)
    first, told = await registry.reconcile(path, keys, chunk=100)
    entries = registry.one("SELECT count(*) FROM audit.pending")
    again, same = await registry.reconcile(path, keys)
    assert again.run.run_no == first.run.run_no and same == told
    assert registry.one("SELECT count(*) FROM audit.pending") == entries
    # On other terms it is another run.
    registry.agree(("name",))
    other = await registry.submit(path)
    assert other.run_no != first.run.run_no


async def test_work_in_slices_gives_what_work_at_once_gives(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "slices.csv"
    registry.file(path, 500, 8)
    run = await registry.submit(path)
    steps = 0
    while not (await work.work(registry.connect, keys, run.run_no, path, seconds=0.0, chunk=100)).finished:
        steps += 1
    assert steps >= 4
    _, told = await registry.reconcile(path, keys)
    assert sorted(told) == list(range(2, 2 + len(told)))
    assert registry.one("SELECT count(*) FROM exchange.reconcile_met WHERE run_no = %s", run.run_no) == 0


async def test_two_processes_never_work_on_one_run(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    registry.file(path, 100, 9)
    run = await registry.submit(path)
    async with await registry.connect() as other:
        await other.execute("SELECT pg_try_advisory_lock(1380273219, %s)", (run.run_no,))
        with pytest.raises(Conflict) as refused:
            await work.work(registry.connect, keys, run.run_no, path)
    assert refused.value.code == "reconcile.running"


async def test_quota_agreement_suspension_and_an_alert_stop_a_run_that_goes_on_later(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "quota.csv"
    registry.file(path, 200, 10)
    run = await registry.submit(path)
    used = registry.one("SELECT coalesce(max(leased), 0) FROM exchange.quota WHERE org_code = %s AND service = 'reconcile'", ORG)
    registry.agree(quota=used + 150)
    with pytest.raises(Exceeded) as over:
        await work.work(registry.connect, keys, run.run_no, path, chunk=100)
    assert over.value.code == "exchange.quota"
    registry.agree()
    registry.rows("UPDATE exchange.partner SET state = 'suspended', reason = 'thử', before = 'live' WHERE org_code = %s RETURNING 1", ORG)
    with pytest.raises(Refused) as stopped:
        await work.work(registry.connect, keys, run.run_no, path, chunk=100)
    assert stopped.value.code == "exchange.suspended"
    registry.rows("UPDATE exchange.partner SET state = 'live', reason = '', before = NULL WHERE org_code = %s RETURNING 1", ORG)
    registry.rows("INSERT INTO exchange.system (client_no, org_code, name) VALUES (71, %s, 'đối soát') RETURNING 1", ORG)
    registry.rows("UPDATE exchange.reconcile_run SET client_no = 71 WHERE run_no = %s RETURNING 1", run.run_no)
    registry.rows("INSERT INTO exchange.hold (client_no, until, rule) VALUES (71, now() + interval '1 hour', 'program_burst') RETURNING 1")
    with pytest.raises(Refused) as held:
        await work.work(registry.connect, keys, run.run_no, path, chunk=100)
    assert held.value.code == "exchange.held"
    registry.rows("UPDATE exchange.hold SET lifted_at = now() WHERE client_no = 71 RETURNING 1")
    registry.rows("UPDATE sharing.data_agreement SET state = 'ended', closed_at = now() WHERE org_code = %s RETURNING 1", ORG)
    with pytest.raises(Refused) as ended:
        await work.work(registry.connect, keys, run.run_no, path, chunk=100)
    assert ended.value.code == "agreement.none"
    registry.agree(ALL_FIELDS)
    done = await work.work(registry.connect, keys, run.run_no, path, chunk=100)
    assert done.finished and done.run.chunks == 2


async def test_the_gate_asks_for_agreement_purpose_and_kind_of_actor(registry: Registry) -> None:
    """The application cannot read around the agreement, whatever its code does."""
    call = (
        "SELECT verdict, names FROM population.link_numbers(%s, 1, %s, %s, %s, NULL, '', 'api', '{}', '{number}', '{1}', %s,"
        " '{NULL}', '{NULL}', '{NULL}', '{NULL}')"
    )
    number = registry.one("SELECT min(number) FROM population.directory WHERE kind = 'personal_id'")
    async with await registry.connect() as conn:
        for kind, org, purpose, law, verdict in (
            ("staff", ORG, "social_insurance", "41/2024/QH15", "no_permission"),
            ("client", "somebody.else", "social_insurance", "41/2024/QH15", "no_agreement"),
            ("client", ORG, "social_insurance", "1/1900/QH", "no_purpose"),
            ("client", ORG, "statistics", "41/2024/QH15", "no_purpose"),
        ):
            row = await (await conn.execute(call, (kind, org, purpose, law, [number]))).fetchone()
            assert row == (verdict, None)
        row = await (await conn.execute(call, ("client", ORG, "social_insurance", "41/2024/QH15", [number]))).fetchone()
        assert row is not None and row[0] == "ok" and row[1]
        # Nothing is opened by it, and whom runs met is not to be read.
        assert await (await conn.execute("SELECT count(*) FROM population.person")).fetchone() == (0,)
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute("SELECT * FROM exchange.reconcile_met")
    denied = registry.one("SELECT count(*) FROM audit.pending WHERE action = 'denied' AND fields = '{reconcile}'")
    assert denied >= 4


async def test_results_are_encrypted_and_erased_in_time(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    registry.file(path, 100, 12)
    done, told = await registry.reconcile(path, keys)
    sealed = bytes(registry.one("SELECT result FROM exchange.reconcile_chunk WHERE run_no = %s AND nth = 0", done.run.run_no))
    assert not any(r["personal_id"].encode() in sealed for r in told.values() if "personal_id" in r)
    registry.rows(
        "UPDATE exchange.reconcile_run SET finished_at = now() - interval '31 days' WHERE run_no = %s RETURNING 1", done.run.run_no
    )
    async with await registry.connect("worker") as conn, conn.transaction():
        assert await runs.erase_old(conn) == [done.run.run_no]
    assert registry.one("SELECT count(*) FROM exchange.reconcile_chunk WHERE run_no = %s", done.run.run_no) == 0
    # Sent once more, it is a run of its own.
    assert (await registry.submit(path)).run_no != done.run.run_no
