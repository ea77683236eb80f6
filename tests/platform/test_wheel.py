"""The wheel holds everything the program needs, and runs the demonstration from a clean environment."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.platform.installation import READY, ROOT, new_folder, running_with


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True
    )
    (built,) = folder.glob("dancu-*.whl")
    return built


def test_everything_that_is_not_python_is_inside(wheel: Path) -> None:
    """Every file of the package, the migrations and the translations: one that is missing shows only when a page or
    command needs it."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    tracked = subprocess.run(["git", "ls-files", "src/dancu", "migrations", "locale"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = tracked.stdout.split("\n") if tracked.returncode == 0 else []
    if not files:
        pytest.skip("not a checkout")
    expected = {"dancu/" + name.removeprefix("src/dancu/") for name in files if name and (ROOT / name).exists()}
    assert expected - inside == set()
    assert any(name.startswith("dancu/migrations/0001") for name in inside)
    assert any(name.startswith("dancu/locale/en/") for name in inside)
    assert not [name for name in inside if "__pycache__" in name or name.startswith(("tests/", "benchmarks/"))]


def test_dependencies_are_those_of_the_one_list(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    required = {re.split(r"[ ;\[<>=!]", line.removeprefix("Requires-Dist: "))[0] for line in metadata.split("\n") if line.startswith("Requires-Dist")}
    listed = {
        re.split(r"[ ;\[<>=!]", line)[0] for line in (ROOT / "requirements.in").read_text("utf-8").split("\n") if line and line[0] not in "#- "
    }
    assert required == listed
    assert "License-Expression: Apache-2.0" in metadata


ALONE = """
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:3]
import dancu_client
for one in pkgutil.iter_modules(dancu_client.__path__):
    importlib.import_module("dancu_client." + one.name)
assert dancu_client.__file__.startswith(sys.argv[1]), dancu_client.__file__
assert not [name for name in sys.modules if name.partition(".")[0] == "dancu"]
sys.exit(importlib.import_module("dancu_client.__main__").main(["doctor", "--config", "nowhere.toml", "--lang", "en", "--json"]))
"""


def test_the_partners_package_is_a_wheel_of_its_own_and_needs_nothing_of_the_program(tmp_path: Path) -> None:
    """Built offline by the back end of the lock file; with httpx and cryptography beside it, every module loads and the command answers."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", str(tmp_path), str(ROOT / "client")],
        check=True, capture_output=True,
    )  # fmt: skip
    (built,) = tmp_path.glob("dancu_client-*.whl")
    with zipfile.ZipFile(built) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata, entry) = (archive.read(next(one for one in archive.namelist() if one.endswith(end))).decode() for end in ("METADATA", "entry_points.txt"))
        archive.extractall(tmp_path / "alone")
    source = ROOT / "src" / "dancu_client"
    assert inside == {f"dancu_client/{file.name}" for file in source.iterdir() if file.is_file()} | {"dancu_client/LICENSE"}
    assert {line.partition(">")[0] for line in metadata.split("\n") if line.startswith("Requires-Dist")} == {"Requires-Dist: httpx", "Requires-Dist: cryptography"}
    assert "dancu-client = dancu_client.__main__:main" in entry
    tops = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else name.name).partition(".")[0]
        for file in source.glob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }  # fmt: skip
    assert tops - sys.stdlib_module_names == {"dancu_client", "httpx", "cryptography"}
    # -S: what the environment adds to the path (this checkout's src) is left out.
    command = [sys.executable, "-I", "-S", "-c", ALONE, str(tmp_path / "alone"), sysconfig.get_path("purelib")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["error"] == "connect.config" and "no such file" in done.stderr, done.stderr


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_it_runs_the_demonstration_from_a_clean_environment(wheel: Path) -> None:
    folder = new_folder()
    venv.create(folder / "venv", with_pip=True)
    binary = folder / "venv" / "bin"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DANCU_", "PYTHON"))}
    subprocess.run(
        [binary / "pip", "install", "-q", "--disable-pip-version-check", "-r", ROOT / "requirements.lock"], check=True, env=env, cwd="/"
    )
    subprocess.run([binary / "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", wheel], check=True, env=env, cwd="/")
    child = subprocess.Popen(
        [binary / "dancu", "demo", "--people", "200", "--port", "0", "--no-browser", "--data", folder / "data"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd="/",
    )  # fmt: skip
    try:
        assert child.stdout is not None
        said = ""
        for line in child.stdout:
            said += line
            if found := READY.search(line):
                break
        assert found, said
        import urllib.request

        for path in ("/", "/api/docs", "/healthz"):
            with urllib.request.urlopen(f"http://localhost:{found[1]}{path}", timeout=20) as answer:
                assert answer.status == 200
        names = subprocess.run([binary / "dancu", "names", "explain", "An", "--json"], capture_output=True, env=env, cwd="/", check=True)
        assert b'"normal": "An"' in names.stdout
    finally:
        child.terminate()
        child.wait(60)
    assert running_with(str(folder)) == []
    subprocess.run([binary / "dancu", "demo", "--forget", "--data", folder / "data"], check=True, env=env, cwd="/")
    subprocess.run(["rm", "-rf", str(folder)], check=True)
