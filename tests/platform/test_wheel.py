"""The wheel holds everything the program needs, and runs the demonstration from a clean environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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
