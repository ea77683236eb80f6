"""The command line as a script uses it: names, keys, exit codes, standard input, and never a traceback."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platform.installation import Installation, dancu


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Installation]:
    """The demonstration with its server up: commands that look at people need a live evidence log."""
    with installation.serving():
        yield installation


@pytest.fixture(scope="module")
def number(running: Installation) -> str:
    return min(running.numbers())


def test_names_explain() -> None:
    one = dancu("names", "explain", "NguyÔn ThÞ Hoµ", "--json")
    assert one.code == 0
    assert set(one.json) == {"normal", "repairs", "keys"}
    assert one.json["normal"] == "Nguyễn Thị Hoà"
    assert set(one.json["keys"]) == {"written", "tone_folded", "ascii", "sort"}
    assert one.json["keys"]["ascii"] == "nguyen thi hoa"


def test_numbers_explain() -> None:
    assert dancu("numbers", "explain", "049190012345", "--json").code == 0
    wrong = dancu("numbers", "explain", "0491900123", "--json")
    assert (wrong.code, wrong.json["error"]) == (1, "person.number.length")
    assert wrong.json["message"] in wrong.err


def test_every_command_takes_the_data_folder(tmp_path: Path) -> None:
    """A script that calls several gives them all the same options, also those that need no database."""
    for args in (["names", "explain", "An"], ["numbers", "explain", "049190012345"], ["territory", "resolve", "Huế"], ["access", "purposes"], ["access", "roles"]):
        assert dancu(*args, "--data", str(tmp_path), "--json").code == 0, args


def test_dash_reads_items_and_answers_json_lines_in_step() -> None:
    said = dancu("names", "explain", "-", stdin="Trần Văn Ba\n\nNGUYỄN THỊ BẢY\n")
    assert [line.get("normal") or line["error"] for line in said.lines] == ["Trần Văn Ba", "person.name.empty", "Nguyễn Thị Bảy"]
    said = dancu("numbers", "explain", "-", stdin="049190012345\nabc\r\n049190012345\n")
    assert ["error" in line for line in said.lines] == [False, True, False]
    said = dancu("territory", "resolve", "-", "--as-of", "2023-04-01", stdin="Trường Xuân, Tam Kỳ, Quảng Nam\nkhông đâu cả\n")
    assert [line["status"] for line in said.lines] == ["exact", "unknown"]
    assert set(said.lines[0]["candidates"][0]) >= {"code", "name", "kind", "confidence"}


def test_bytes_that_are_not_utf8_are_read_as_the_old_fonts_wrote_them() -> None:
    said = dancu("names", "explain", "-", stdin="NguyÔn ThÞ Hoµ\n".encode("latin-1") + b"\x00\xff\xfe\n")
    assert len(said.lines) == 2
    assert said.lines[0]["normal"] == "Nguyễn Thị Hoà"


def test_territory_resolve() -> None:
    one = dancu("territory", "resolve", "Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam", "--as-of", "2023-04-01", "--json")
    assert one.json["status"] == "exact"
    assert one.json["candidates"][0]["name"] == "Trường Xuân"
    assert dancu("territory", "resolve", "x", "--as-of", "31/02/2023", "--json").json["error"]


def test_person_show_and_search(running: Installation, number: str) -> None:
    one = running.dancu("person", "show", number, "--json")
    assert one.code == 0, one.err
    assert one.json["personal_id"] == number
    year = one.json["born"][:4]
    found = running.dancu("person", "search", one.json["name"], "--born", year, "--json")
    assert number in [hit["personal_id"] for hit in found.json["results"]]
    again = running.dancu("person", "show", number, "--as-of", "2023-05-01", "--known-at", "1999-01-01", "--json")
    assert again.code == 0
    assert again.json["name"] is None  # in 1999 the registry knew nobody
    lines = running.dancu("person", "show", "-", "--json", stdin=f"{number}\n000000000000\n\n").lines
    assert lines[0]["personal_id"] == number
    assert (lines[1]["error"], "error" in lines[2]) == ("person.not_found", True)
    for wrong in ("04919001234", "abc"):
        refused = running.dancu("person", "show", wrong, "--json")
        assert (refused.code, refused.json["error"]) == (1, "person.number.length")
    broad = running.dancu("person", "search", "Nguyễn", "--json")
    assert (broad.code, broad.json["error"].split(".")[0]) == (1, "search")
    refused = running.dancu("person", "show", number, "--purpose", "nonsense", "--json")
    assert (refused.code, refused.json["error"]) == (1, "purpose.unknown")


def test_looks_are_logged_as_the_staff_identity_of_who_really_types(running: Installation, number: str) -> None:
    import psycopg

    me = running.dancu("access", "whoami", "--json").json
    running.dancu("person", "show", number, "--case", "H47-typing", env={"USER": "somebody", "LOGNAME": "somebody"})
    with psycopg.connect(running.cluster.dsn("admin")) as conn:
        rows = conn.execute(
            "SELECT actor_id, action, channel FROM audit.pending WHERE case_ref = 'H47-typing' UNION ALL"
            " SELECT actor_id, action, channel FROM audit.content WHERE case_ref = 'H47-typing'"
        ).fetchall()
    assert rows == [(me["staff_id"], "read", "cli")]


def test_audit_verify_and_export(running: Installation, tmp_path: Path) -> None:
    whole = running.dancu("audit", "verify", "--facts", "--json", timeout=300)
    assert (whole.code, whole.json["ok"]) == (0, True)
    folder = tmp_path / "log"
    assert running.dancu("audit", "export", str(folder), "--json").json["size"] > 300
    assert {path.name for path in folder.iterdir()} >= {"checkpoint", "tile", "vkey"}
    assert (folder / "tile" / "0" / "000").is_file() or list((folder / "tile" / "0").iterdir())
    assert (folder / "tile" / "entries").is_dir()
    copy = dancu("audit", "verify", str(folder), "--json", "--data", str(tmp_path / "elsewhere"))
    assert (copy.code, copy.json["ok"]) == (0, True)
    assert running.dancu("audit", "verify", "--against", str(folder / "checkpoint"), "--json", timeout=300).code == 0


def test_access_purposes() -> None:
    rows = dancu("access", "purposes", "--json").json
    assert {"identity_check", "residence_management", "import"} <= {row["code"] for row in rows}
    assert all(row["legal_bases"] for row in rows)


def test_errors_speak_english_where_asked() -> None:
    assert "12 chữ số" in dancu("numbers", "explain", "1").err
    english = dancu("numbers", "explain", "1", "--json", env={"DANCU_LANG": "en"})
    assert "12 digits" in english.err
    assert english.json["message"] in english.err


def test_help_speaks_the_language_of_the_command() -> None:
    vietnamese, english = (dancu("person", "show", "--help", env={"DANCU_LANG": lang}) for lang in ("vi", "en"))
    assert "Cách dùng:" in vietnamese.out
    assert "Tùy chọn" in vietnamese.out
    assert not {"Usage", "Options", "required", "Show"} & set(re.findall(r"\w+", vietnamese.out))
    assert "Usage:" in english.out
    assert "A person's record" in english.out
    assert english.out.isascii() or not re.search("[ạảãăâđêôơư]", english.out)


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (["names", "nonsense", "--json"], 2, "usage"),
        (["names", "explain", "--json"], 2, "usage"),
        (["numbers", "explain", "1", "--nonsense", "--json"], 2, "usage"),
        (["nonsense", "--json"], 2, "usage"),
        (["serve", "--port", "99999", "--json"], 2, "usage"),
        (["import", "people", "/nowhere.csv", "--profile", "nonsense", "--json"], 1, None),
        (["audit", "verify", "--against", "/nowhere", "--json"], 1, "audit.against.missing"),
        (["person", "show", "049190012345", "--json", "--data", "/nowhere"], 1, "db.not_running"),
        (["person", "show", "049190012345", "--json", "--data", "/nowhere", "--as-of", "yesterday"], 1, None),
        (["person", "show", "049190012345", "--json", "--data", "/nowhere", "--known-at", "2023-13-45T99:00"], 1, "known_at.unreadable"),
        (["restore", "/nowhere", "--json", "--data", "/nowhere/either"], 1, "restore.no_manifest"),
        (["export", "people", "x.csv", "--purpose", "data_quality", "--reason", "short", "--json"], 1, "export.reason"),
        (["export", "people", "x.exe", "--purpose", "data_quality", "--reason", "long enough to say", "--json"], 1, "export.kind"),
    ],
)
def test_failures_have_a_code_and_no_traceback(args: list[str], code: int, error: str | None) -> None:
    said = dancu(*args)
    assert said.code == code, said.out + said.err
    assert "Traceback" not in said.err
    assert said.err.strip()
    if error is not None:
        assert said.json["error"] == error


def test_a_setting_that_makes_no_sense_is_named(installation: Installation) -> None:
    said = dancu("worker", "--data", str(installation.data), env={"DANCU_POOL_SIZE": "many"})
    assert said.code == 1
    assert "DANCU_POOL_SIZE" in said.err
    said = dancu("worker", "--data", str(installation.data), env={"DANCU_TRUSTED_PROXIES": '["127.0.0.1"'})
    assert said.code == 1 and "DANCU_TRUSTED_PROXIES" in said.err


def test_a_list_is_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    from dancu.settings import Settings

    for written in ("10.0.0.1, 10.0.0.2", '["10.0.0.1", "10.0.0.2"]'):
        monkeypatch.setenv("DANCU_TRUSTED_PROXIES", written)
        assert Settings().trusted_proxies == {"10.0.0.1", "10.0.0.2"}


def test_a_reader_that_leaves_early_is_no_failure(tmp_path: Path) -> None:
    import subprocess

    from tests.platform.installation import environment

    lines = tmp_path / "names"
    lines.write_text("Nguyễn Văn An\n" * 20_000)
    done = subprocess.run(
        f"{sys.executable} -m dancu names explain - < {lines} | head -1", shell=True, capture_output=True, env=environment(), check=False
    )
    assert json.loads(done.stdout)["normal"] == "Nguyễn Văn An"
    assert done.stderr == b""


# What a command may not load merely to answer: each costs it a tenth of a second or more.
HEAVY = {
    "anywhere": {"pydantic", "fastapi", "starlette", "structlog", "babel", "jinja2", "numpy", "pyarrow", "openpyxl", "procrastinate", "uvicorn"},
    "looking": {"cryptography", "argon2", "dancu.population.service.act", "dancu.audit.sequencer", "dancu.audit.verify", "dancu.kit.log"},
    "offline": {"psycopg", "asyncio", "dancu.audit", "dancu.population.service"},
}  # fmt: skip
BUDGETS = [
    (["person", "show", "{number}"], ["looking"]),
    (["person", "search", "Nguyễn Văn An", "--born", "1990", "--json"], ["looking"]),
    (["access", "whoami", "--json"], ["looking"]),
    (["territory", "resolve", "Trường Xuân, Tam Kỳ", "--as-of", "2023-04-01", "--json"], ["offline"]),
    (["names", "explain", "Nguyễn Văn An", "--json"], ["offline"]),
    (["numbers", "explain", "049190012345", "--json"], ["offline"]),
    (["access", "purposes", "--json"], ["offline"]),
]


@pytest.mark.parametrize(("args", "kinds"), BUDGETS, ids=lambda value: " ".join(value[:2]))
def test_commands_load_only_what_they_need(running: Installation, number: str, args: list[str], kinds: list[str]) -> None:
    """Counted in modules, not in seconds: this machine may be busy."""
    import subprocess

    from tests.platform.installation import environment

    program = "import sys; from dancu.cli import _run; code = _run(sys.argv[1:]); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    given = [number if arg == "{number}" else arg for arg in args]
    env = environment(DANCU_DATA=str(running.data))
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True, text=True, env=env, cwd="/", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(done.stderr.split())
    assert loaded & set().union(*(HEAVY[kind] for kind in ("anywhere", *kinds))) == set()


def test_commands_start_at_once() -> None:
    """Under half a second on a quiet machine; this one may be busy, so one of several tries is enough."""
    for args in (["names", "explain", "An"], ["numbers", "explain", "049190012345"], ["--version"], ["access", "purposes"]):
        best = 9.0
        for _ in range(4):
            began = time.perf_counter()
            assert dancu(*args).code == 0
            best = min(best, time.perf_counter() - began)
            if best < 1.5:
                break
        assert best < 1.5, args


lines = st.lists(st.text(alphabet=st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs",)), max_size=60), min_size=20, max_size=60)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines)
def test_no_line_whatever_stops_a_command(texts: list[str]) -> None:
    for command in (["names", "explain", "-"], ["numbers", "explain", "-"], ["territory", "resolve", "-", "--json"], ["territory", "unit", "-"]):
        said = dancu(*command, stdin="".join(text + "\n" for text in texts))
        assert said.code == 0, said.err
        assert len([json.loads(line) for line in said.out.split("\n") if line]) == len(texts)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines)
def test_no_search_whatever_stops_the_registry(running: Installation, texts: list[str]) -> None:
    given_lines = "".join(text.replace("\x00", "\x00x") + "\n" for text in texts)
    for command in (["person", "show", "-"], ["person", "search", "-", "--born", "1990"]):
        said = running.dancu(*command, stdin=given_lines)
        assert said.code == 0, said.err
        assert len([json.loads(line) for line in said.out.split("\n") if line]) == len(texts)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=20), max_size=4))
def test_no_arguments_whatever_make_a_traceback(words: list[str]) -> None:
    from dancu.cli import _run

    sys.stdin = io.StringIO("")
    assert _run(["names", "explain", *words]) in (0, 1, 2)
    assert _run(["territory", "resolve", *words, "--json"]) in (0, 1, 2)
