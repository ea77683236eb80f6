"""The exported log: whole, checked by us and by Go's own transparency-log packages; each damage found."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.audit import note, publish, service, tiles
from dancu.kernel.errors import Invalid, NotFound

from .log_helpers import SIGNER, look

GO_SOURCES = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
SIZE = 700


@pytest_asyncio.fixture(scope="module")
async def database(make_database: Callable[[], Any]) -> Any:
    made = make_database()
    async with (
        await psycopg.AsyncConnection.connect(made.dsn("app")) as app,
        await psycopg.AsyncConnection.connect(made.dsn("worker")) as worker,
    ):
        for count in (1, 299, 400):
            await look(app, *range(1, count + 1))
            await service.drain(worker, SIGNER)
    return made


@pytest_asyncio.fixture
async def copy(database: Any, tmp_path: Path) -> Path:
    async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as conn:
        head = await service.export(conn, tmp_path / "log", SIGNER.verifier.vkey)
    assert head.size == SIZE
    return tmp_path / "log"


async def test_an_export_is_what_the_specification_lists(copy: Path) -> None:
    held = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
    assert held == {"checkpoint", "vkey"} | {tiles.tile_path(a.level, a.n, a.width) for a in tiles.addresses(SIZE)}
    report = await service.verify_export(copy, verifier=SIGNER.verifier)
    assert report.ok, report.findings
    assert report.size == SIZE
    assert (await service.verify_export(copy)).ok


async def test_http_resources_equal_the_export(database: Any, copy: Path) -> None:
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
        for address in tiles.addresses(SIZE):
            path = tiles.tile_path(address.level, address.n, address.width)
            assert await publish.resource(conn, path.removeprefix("tile/")) == (copy / path).read_bytes()
        earlier = await publish.resource(conn, "0/001.p/44")  # of the checkpoint at 300
        assert (copy / "tile/0/001").read_bytes().startswith(earlier)
        for path in ("0/002.p/189", "0/002", "1/000.p/3", "0/003.p/1", "2/000.p/1", "x", "0/0", "entries/002"):
            with pytest.raises(NotFound):
                await publish.resource(conn, path)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda d: _flip(d / "tile/entries/001"), "leaf.altered"),
        (lambda d: (d / "tile/entries/002.p/188").unlink(), "bundle.broken"),
        (lambda d: _flip(d / "tile/0/000"), "checkpoint.root"),
        (lambda d: (d / "tile/0/001").unlink(), "tile.missing"),
        (lambda d: _flip(d / "tile/1/000.p/2"), "tile.altered"),
        (lambda d: (d / "tile/1/000.p/2").unlink(), "tile.altered"),
        (lambda d: _swap(d / "tile/entries/000", d / "tile/entries/001"), "leaf.altered"),
        (lambda d: _edit(d / "checkpoint", "\n700\n", "\n699\n"), "checkpoint.signature"),
        (lambda d: (d / "checkpoint").write_text(note.sign_checkpoint(note.new_signer(SIGNER.name), 700, bytes(32)).note),
         "checkpoint.signature"),
    ],
)  # fmt: skip
async def test_damage(copy: Path, damage: Callable[[Path], None], code: str) -> None:
    damage(copy)
    assert code in (await service.verify_export(copy, verifier=SIGNER.verifier)).counts


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + 9] ^= 1
    path.write_bytes(data)


def _swap(a: Path, b: Path) -> None:
    one, two = a.read_bytes(), b.read_bytes()
    a.write_bytes(two)
    b.write_bytes(one)


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


async def test_an_export_against_remembered_checkpoints(copy: Path) -> None:
    later = note.sign_checkpoint(SIGNER, SIZE + 1, bytes(32)).note
    other = note.sign_checkpoint(SIGNER, 300, bytes(32)).note
    found = await service.verify_export(copy, verifier=SIGNER.verifier, remembered=[later, other])
    assert found.counts == {"log.rolled_back": 1, "log.rewritten": 1}


async def test_a_folder_in_use_is_not_written_into(database: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    async with await psycopg.AsyncConnection.connect(database.dsn("verify")) as conn:
        with pytest.raises(Invalid):
            await service.export(conn, tmp_path, SIGNER.verifier.vkey)
    with pytest.raises(Invalid):
        await service.verify_export(tmp_path)


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("go") or not GO_SOURCES.exists():
        pytest.skip("needs Go and its sumdb: apt-get install golang-go golang-golang-x-mod-dev")
    place = tmp_path_factory.mktemp("judge")
    source = place / "src" / "judge"
    source.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "judge" / "main.go", source)
    env = {
        **os.environ, "GO111MODULE": "off", "GOPATH": f"{place}:/usr/share/gocode", "GOFLAGS": "",
        "GOCACHE": str(place / "cache"),
    }  # fmt: skip
    subprocess.run(["go", "build", "-o", str(place / "judge"), "judge"], env=env, cwd=place, check=True, timeout=170)
    return place / "judge"


def test_go_finds_the_export_sound(judge: Path, copy: Path) -> None:
    done = subprocess.run([judge, copy], capture_output=True, text=True, check=False)
    assert done.stdout == f"SOUND {SIZE}\n", done.stdout + done.stderr
    for path in ("tile/entries/001", "tile/0/001", "checkpoint"):
        good = (copy / path).read_bytes()
        _flip(copy / path)
        assert subprocess.run([judge, copy], capture_output=True, check=False).returncode != 0, path
        (copy / path).write_bytes(good)
