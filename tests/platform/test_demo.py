"""`dancu demo`: one command to a usable page, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from dancu.kit import postgres
from tests.platform.installation import ROOT, Installation, dancu, environment, new_folder, running_with


def get(port: int, path: str = "/", host: str = "localhost") -> tuple[int, str]:
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=20) as answer:
        return answer.status, answer.read().decode()


def test_first_run_says_ready_and_leaves_nothing_running(filled: Path) -> None:
    said = json.loads((filled.parent / "first.json").read_text())
    assert said["code"] == 0
    assert said["left"] == []
    assert f"ready http://localhost:{said['port']}\n" in said["output"]
    # No terminal: plain lines for people, no log lines, no control sequences.
    assert "\x1b" not in said["output"]
    assert '{"' not in said["output"]
    assert "Tỉnh mẫu: 300 người" in said["output"]
    assert json.loads((filled / "demo.json").read_text()) == {"people": 300, "done": True}


def test_second_run_starts_at_once_on_the_same_data_and_listens_on_both_addresses(installation: Installation) -> None:
    process = installation.start("demo")
    began = time.monotonic()
    port = process.port()
    assert time.monotonic() - began < 120  # of a machine busy with other work; a quiet one needs three
    assert "Tỉnh mẫu:" not in process.output
    assert get(port, host="127.0.0.1")[0] == 200
    assert get(port, host="[::1]")[0] == 200
    assert "Dancu" in get(port)[1]
    assert json.loads(get(port, "/readyz")[1])["ready"] is True
    # The same port again is refused before anything is started.
    taken = dancu("demo", "--data", str(installation.data), "--port", str(port), "--no-browser")
    assert taken.code == 1
    assert f"Cổng {port} đang được dùng" in taken.err
    assert "Traceback" not in taken.err
    # Ctrl-C ends pages, worker and database.
    assert process.end(signal.SIGINT) == 0
    assert installation.processes() == []
    assert installation.cluster.pid() is None


def test_a_script_gets_one_line_of_json_and_people_their_lines_beside_it(installation: Installation, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        child = subprocess.Popen(
            [sys.executable, "-m", "dancu", "demo", "--data", str(installation.data), "--port", "0", "--no-browser", "--json"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment(), cwd="/",
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 150
        while not (tmp_path / "out").read_text() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        said = json.loads((tmp_path / "out").read_text())
        assert get(said["port"])[0] == 200
        assert said["ready"] == f"http://localhost:{said['port']}"
        assert f"ready {said['ready']}\n" in (tmp_path / "err").read_text()
        taken = dancu("demo", "--data", str(installation.data), "--port", str(said["port"]), "--no-browser", "--json")
        assert (taken.code, taken.json["error"]) == (1, "demo.port")
    finally:
        child.terminate()
        code = child.wait(45)
    assert (code, installation.processes()) == (0, [])


def test_a_running_demonstration_is_not_forgotten_and_a_killed_server_leaves_no_worker_and_the_next_one_takes_the_database_over(installation: Installation) -> None:
    process = installation.start("demo")
    process.port()
    refused = dancu("demo", "--forget", "--data", str(installation.data))
    assert (refused.code, "[demo.running]" in refused.err, f"kill {process.child.pid}" in refused.err) == (1, True, True)
    assert installation.cluster.pid() is not None, "what runs goes on running"
    process.child.kill()
    process.child.wait()
    deadline = time.monotonic() + 20
    while [line for line in installation.processes() if " worker " in line] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert [line for line in installation.processes() if " worker " in line] == []
    assert installation.cluster.pid() is not None  # killed without a chance to stop it
    process = installation.start("demo")
    process.port()
    assert process.end() == 0
    assert installation.cluster.pid() is None
    assert installation.processes() == []


@pytest.mark.deep
def test_an_interrupted_fill_stops_everything_and_starts_anew() -> None:
    folder = new_folder()
    place = Installation(folder / "data", folder / "server.log")
    try:
        process = place.start("demo", "--people", "2000")
        deadline = time.monotonic() + 100
        while not (place.data / "demo.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        assert process.end(signal.SIGTERM) != 0
        assert "Traceback" not in process.output
        assert place.processes() == []
        assert json.loads((place.data / "demo.json").read_text())["done"] is False
        again = place.start("demo", "--people", "200")
        again.port()
        assert "làm lại từ đầu" in again.output
        assert again.end() == 0
        # Forgetting takes what is Dancu's and nothing else.
        (place.data / "mine.txt").write_text("mine")
        assert dancu("demo", "--forget", "--data", str(place.data)).code == 0
        assert [path.name for path in place.data.iterdir()] == ["mine.txt"]
    finally:
        place.clean_up()


def test_forget_refuses_a_folder_that_is_no_demonstration(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    refused = dancu("demo", "--forget", "--data", str(tmp_path))
    assert (refused.code, (tmp_path / "keys").is_dir()) == (1, True)
    assert "[demo.not_one]" in refused.err
    assert dancu("demo", "--forget", "--data", str(tmp_path / "none")).code == 0
    assert dancu("demo", "--forget", "--data", str(tmp_path / "none"), "--json").json == {"forgotten": str(tmp_path / "none")}


def test_a_data_folder_closed_to_others_works(make_installation: Callable[[], Installation]) -> None:
    """As root, PostgreSQL runs as another user who cannot walk into a 0700 folder: its files go elsewhere."""
    if os.geteuid() != 0:
        pytest.skip("only root's folders are closed to the database's user")
    folder = new_folder()
    folder.chmod(0o700)
    place = Installation(folder / "data", folder / "server.log")
    try:
        assert not place.cluster.pgdata.is_relative_to(folder)
        assert place.dancu("doctor", "--json").code == 1
        with place.serving(env={"DANCU_DEMO": ""}) as port:
            assert get(port, "/healthz")[0] == 200
        assert place.processes() == []
    finally:
        place.clean_up()
        assert not place.cluster.pgdata.parent.exists()


@pytest.mark.parametrize("command", [("serve",), pytest.param(("demo", "--people", "200"), marks=pytest.mark.deep)], ids=" ".join)
def test_an_ordinary_user_can_run_it(command: tuple[str, ...]) -> None:
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    user = pwd.getpwnam("nobody")
    become = ["setpriv", "--reuid=nobody", f"--regid={user.pw_gid}", "--clear-groups"]
    # A virtual environment whose interpreter lies in root's home is closed to others; Debian's own serves as well.
    libraries = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    paths = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{libraries}", "USER": "root", "LOGNAME": "root"}
    again = "import subprocess, sys; import psycopg, dancu; sys.exit(subprocess.run([sys.executable, '-c', '']).returncode)"
    for python in (sys.executable, "/usr/bin/python3.11", "/usr/bin/python3"):
        if Path(python).exists() and not subprocess.run([*become, python, "-c", again], env=environment(**paths), capture_output=True, cwd="/", check=False).returncode:
            break
    else:
        pytest.skip("no Python with the project's libraries that user nobody could execute")
    folder = new_folder()
    os.chown(folder, user.pw_uid, user.pw_gid)
    # HOME and USER stay root's: who somebody is, the process says, not its environment.
    program = [*become, python, "-m", "dancu"]
    log = folder / "server.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [*program, *command, "--port", "0", "--no-browser", "--data", str(folder / "data")],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", env=environment(**paths),
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 150
        while "ready http" not in log.read_text() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "ready http" in log.read_text(), log.read_text()[-2000:]
        who = subprocess.run(
            [*program, "access", "whoami", "--json", "--data", str(folder / "data")], capture_output=True, cwd="/",
            env=environment(**paths), check=False, text=True,
        )  # fmt: skip
        if "demo" in command:
            assert who.returncode == 0, who.stderr
            assert json.loads(who.stdout)["name"]
        else:  # of a registry that has no staff yet
            assert "“nobody”" in who.stderr and "[os_user.unmapped]" in who.stderr
        child.terminate()
        assert child.wait(45) == 0
        assert running_with(str(folder)) == []
    finally:
        if child.poll() is None:
            child.kill()
        with contextlib.suppress(OSError):
            postgres.stop(postgres.locate(folder / "data"))
        shutil.rmtree(folder, ignore_errors=True)


def test_two_preparations_of_one_folder_do_not_undo_each_other(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "demo.json").write_text('{"people": 1, "done": false}')
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = dancu("demo", "--forget", "--data", str(tmp_path))
    assert busy.code == 1
    assert "[demo.busy]" in busy.err


def test_people_who_are_not_invented_are_never_mixed_with_invented_ones(installation: Installation) -> None:
    """A data folder with people and without the demonstration's mark is refused; one with the mark (restored from a
    backup) is served as it is."""
    import psycopg

    state = installation.data / "demo.json"
    kept = state.read_text()
    state.unlink()
    with installation.database() as cluster:
        process = installation.start("demo")
        process.port()
        assert process.end() == 0
        assert json.loads(state.read_text())["done"] is True
        state.unlink()
        with psycopg.connect(cluster.dsn("admin")) as conn:
            conn.execute("DELETE FROM kit.setting WHERE name = 'demo'")
        refused = dancu("demo", "--port", "0", "--no-browser", "--data", str(installation.data))
        assert refused.code == 1
        assert "[demo.has_people]" in refused.err
        with psycopg.connect(cluster.dsn("admin")) as conn:
            conn.execute("INSERT INTO kit.setting (name, value) VALUES ('demo', 'true')")
    state.write_text(kept)


def test_a_port_that_is_taken_on_one_address_only_is_taken(installation: Installation) -> None:
    """A browser that is sent to localhost may choose either address."""
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        port = other.getsockname()[1]
        for command in ("demo", "serve"):
            refused = dancu(command, "--port", str(port), "--data", str(installation.data), env={"DANCU_LANG": "en"})
            assert refused.code == 1
            assert f"Port {port}" in refused.err
    assert installation.cluster.pid() is None


def test_a_port_taken_while_the_demonstration_was_filled_leaves_no_database_behind(installation: Installation) -> None:
    """The demonstration hands its running database over to the server, which may refuse to start."""
    program = (
        "import os, sys; from pathlib import Path; from dancu.kit import postgres\n"
        "cluster = postgres.locate(Path(sys.argv[1])); postgres.claim(cluster, postgres.start(cluster))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'dancu', 'serve', '--port', sys.argv[2], '--data', sys.argv[1]])"
    )
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        arguments = [str(installation.data), str(other.getsockname()[1])]
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environment(), cwd="/", check=False)
    assert (done.returncode, "[serve.port]" in done.stderr) == (1, True), done.stderr
    assert installation.cluster.pid() is None


def test_make_lists_its_commands() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in ("demo", "test", "bench", "clean-data", "doctor"):
        assert f"make {word}" in said
