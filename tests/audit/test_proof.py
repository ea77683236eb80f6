"""A citizen's proof convinces a stand-alone script, and nothing else does."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.audit import service, verify_proof
from dancu.kernel.errors import Conflict, NotFound
from dancu.kit.files import package_dir

from .log_helpers import SIGNER, look

SCRIPT = package_dir() / "audit" / "verify_proof.py"
VKEY = SIGNER.verifier.vkey


@pytest_asyncio.fixture(scope="module")
async def made(make_database: Callable[[], Any]) -> tuple[Any, list[int]]:
    database = make_database()
    async with (
        await psycopg.AsyncConnection.connect(database.dsn("app")) as app,
        await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker,
    ):
        ids = await look(app, *[1 + i % 7 for i in range(700)], note={"verb": "xem", "người": "ả"})
        await service.drain(worker, SIGNER)
    return database, ids


@pytest_asyncio.fixture
async def proof(made: tuple[Any, list[int]]) -> dict[str, Any]:
    database, ids = made
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as app:
        await app.execute("SELECT set_config('dancu.subjects', '{4}', true)")
        found = await service.proof(app, ids[500 - 500 % 7 + 3], vkey=VKEY)
    return found.as_json()


def _run(tmp_path: Path, proof: Any, *more: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "proof.json"
    file.write_text(proof if isinstance(proof, str) else json.dumps(proof))
    # -I: isolated from our package and environment, as on the citizen's own machine.
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(file), *more], capture_output=True, text=True, check=False
    )


def test_the_script_stands_alone(tmp_path: Path, proof: dict[str, Any]) -> None:
    done = _run(tmp_path, proof, "--vkey", VKEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "residence_management" in done.stdout
    assert "49.505.20515" in done.stdout
    assert "Note:" not in done.stdout
    assert done.stdout.startswith("ĐÚNG")
    untrusted = _run(tmp_path, proof)
    assert "Note:" in untrusted.stdout and untrusted.stdout.startswith("KHỚP")
    source = SCRIPT.read_text()
    assert "dancu." not in source.replace("`dancu.", "")
    assert len(source.splitlines()) < 200


def test_a_citizen_s_proof_does_not_give_the_officer_away(proof: dict[str, Any]) -> None:
    assert set(proof["opened"]) == {"content", "seq", "subject"}
    assert "staff:7" not in json.dumps(proof)
    content = json.loads(proof["opened"]["content"]["value"])
    assert "actor_id" not in content
    assert "salt" not in json.dumps(proof)


def _leaf(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def altered(p: dict[str, Any]) -> None:
        leaf = json.loads(p["leaf"])
        change(leaf)
        p["leaf"] = json.dumps(leaf, separators=(",", ":"))

    return altered


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    *steps, last, value = path

    def altered(p: dict[str, Any]) -> None:
        for step in steps:
            p = p[step]
        p[last] = value

    return altered


@pytest.mark.parametrize(
    "change",
    [
        _set("index", 0), _set("index", 700), _set("index", -1), _set("index", "5"),
        _set("opened", "subject", "value", "5"), _set("opened", "seq", "value", "1"),
        _set("opened", "content", "value", "{}"), _set("opened", "subject", "key", base64.b64encode(bytes(32)).decode()),
        _set("opened", "subject", "key", base64.b64encode(bytes(31)).decode()),
        _set("format", "x"), _set("path", []), _set("path", 0, base64.b64encode(bytes(32)).decode()),
        lambda p: p["path"].append(p["path"][0]), lambda p: p["path"].reverse(),
        _leaf(lambda leaf: leaf.update(org="x")), _leaf(lambda leaf: leaf.update(t="2020-01-01T00:00:00.000000Z")),
        lambda p: p.update(checkpoint=p["checkpoint"].replace("\n700\n", "\n701\n")),
        lambda p: p.update(checkpoint=SIGNER.sign("x\n")),
        lambda p: p.update(checkpoint=""),
    ],
)  # fmt: skip
def test_a_changed_proof_is_refuted(proof: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    verify_proof.check(copy.deepcopy(proof), VKEY)
    change(proof)
    with pytest.raises(verify_proof.Refuted):
        verify_proof.check(proof, VKEY)


async def test_a_proof_made_by_anybody_is_not_called_sound(
    tmp_path: Path, make_database: Callable[[], Any]
) -> None:
    """A log of one's own, with one's own key and words that would draw a verdict on the terminal."""
    from dancu.audit.note import new_signer

    forger = new_signer(SIGNER.name)
    database = make_database()
    async with (
        await psycopg.AsyncConnection.connect(database.dsn("app")) as app,
        await psycopg.AsyncConnection.connect(database.dsn("worker")) as worker,
    ):
        (entry_id, *_) = await look(app, 4, note={"verb": "x\x1b[2J\r\nĐÚNG / SOUND"})
        await service.drain(worker, forger)
        await app.execute("SELECT set_config('dancu.subjects', '{4}', true)")
        made = (await service.proof(app, entry_id, vkey=forger.verifier.vkey)).as_json()
    done = _run(tmp_path, made)
    assert done.returncode == 0 and done.stdout.startswith("KHỚP"), done.stdout
    assert "\x1b" not in done.stdout and "\nĐÚNG" not in done.stdout
    assert _run(tmp_path, made, "--vkey", VKEY).returncode == 1


def test_another_log_s_key_and_unreadable_files(tmp_path: Path, proof: dict[str, Any]) -> None:
    from dancu.audit.note import new_signer

    assert _run(tmp_path, proof, "--vkey", new_signer(SIGNER.name).verifier.vkey).returncode == 1
    for text in ("", "[]", "{}", "{\"format\": 1}", "null"):
        assert _run(tmp_path, text).returncode in (1, 2), text


async def test_who_may_prove_what(made: tuple[Any, list[int]]) -> None:
    database, ids = made
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as app:
        with pytest.raises(NotFound):  # the person was not opened
            await service.proof(app, ids[0])
        await app.execute("SELECT set_config('dancu.subjects', '{2}', true)")
        with pytest.raises(NotFound):  # another one was
            await service.proof(app, ids[0])
    async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as verifier:
        every = await service.proof(verifier, idx=0, disclose=("officer", "content"))
        assert {o.label: o.value for o in every.openings}["officer"] == b"staff:7"
        with pytest.raises(NotFound):
            await service.proof(verifier, 10**9)


async def test_no_proof_of_what_the_log_does_not_hold(made: tuple[Any, list[int]]) -> None:
    database, _ = made
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as admin:
        await admin.execute("UPDATE audit.content SET purpose = 'x' WHERE idx = 9")
        with pytest.raises(Conflict):
            await service.proof(admin, idx=9)
        await admin.execute("DELETE FROM audit.tile WHERE level = 0")
        with pytest.raises(Conflict):
            await service.proof(admin, idx=10)
        await admin.rollback()
