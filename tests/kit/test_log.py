"""Nothing personal gets into the log, from our lines or from a library's."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from dancu.kit import log


def _answered(status: int) -> None:
    log.log_request("GET", "/me", status, 0.01234, "anonymous", "0f" * 12, "")


@pytest.fixture
def lines():
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    log.configure(json=True, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before


@pytest.mark.parametrize(
    "key", ["name", "full_name", "personal_number", "phone", "father_name", "address", "born", "query", "person_key"]
)
def test_personal_keys_are_dropped(lines, key):
    log.get_logger("t").info("did", **{key: "Nguyễn Văn An", "route": "/x", "hostname": "h"})
    (line,) = lines()
    assert line[key] == "[…]"
    assert (line["route"], line["hostname"], line["event"]) == ("/x", "h", "did")


@pytest.mark.parametrize("text", ["person 049190012345", "0491 9001 2345 moved", "call 0905-123-456", "cmnd 205123456"])
def test_numbers_of_people_are_masked_wherever_they_stand(lines, text):
    log.get_logger("t").info(text, where=[text], inside={"why": text})
    assert not any(digit in json.dumps(lines()[0]["where"] + [lines()[0]["event"]]) for digit in ("123", "456", "0491"))
    assert "123" not in lines()[0]["inside"]["why"]


async def test_lines_of_requests_wait_for_each_other_and_keep_the_order(lines):
    for status in (200, 303):
        _answered(status)
    assert lines() == [], "no system call on the way of a request"
    log.get_logger("t").warning("meanwhile")
    assert [line.get("status", line["event"]) for line in lines()] == [200, 303, "meanwhile"]
    _answered(404)
    logging.getLogger().handlers[0].flush()  # as the end of the process does
    assert lines()[-1]["status"] == 404
    for _ in range(1000):
        _answered(200)
    assert len(lines()) == 1004, "and no more than so many"


async def test_lines_of_requests_are_written_in_a_moment(lines, monkeypatch):
    due = []
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", lambda seconds, write: due.append((seconds, write)))
    _answered(200)
    _answered(303)
    ((seconds, write),) = due
    assert seconds <= 0.1 and lines() == []
    write()
    assert [line["status"] for line in lines()] == [200, 303]


def test_the_line_of_a_request_outside_of_a_loop_is_written_at_once(lines):
    _answered(200)
    (line,) = lines()
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("timestamp")) < timedelta(minutes=1)
    assert list(line.items()) == [
        ("event", "request"), ("logger", "dancu.web"), ("level", "info"), ("method", "GET"), ("route", "/me"), ("status", 200), ("ms", 12.3),
        ("actor_kind", "anonymous"), ("request_id", "0f" * 12), ("error_code", ""),
    ]  # fmt: skip


def test_a_failure_leaves_type_and_place_not_its_message(lines):
    def fail() -> None:
        try:
            raise KeyError("Nguyễn Văn An")
        except KeyError:
            raise ValueError("Key (number)=(049190012345) already exists") from None

    try:
        fail()
    except ValueError:
        log.get_logger("t").exception("broke")
        logging.getLogger("library").exception("library broke")
    for line in lines():
        assert [found["type"] for found in line["exception"]] == ["builtins.ValueError"]
        assert any("fail" in frame for frame in line["exception"][0]["at"])
        assert "already exists" not in json.dumps(line)
        assert "Nguyễn" not in json.dumps(line, ensure_ascii=False)


def test_causes_are_kept_in_order(lines):
    try:
        try:
            raise OSError("disk")
        except OSError as cause:
            raise RuntimeError("top") from cause
    except RuntimeError as error:
        log.get_logger("t").error("x", exc_info=error)
    assert [f["type"] for f in lines()[0]["exception"]] == ["builtins.RuntimeError", "builtins.OSError"]


def test_librarys_lines_have_the_same_shape_and_the_request_id(lines):
    log.bind(request_id="r-1")
    logging.getLogger("library").warning("pool %s is slow", "pages")
    log.unbind_all()
    (line,) = lines()
    assert (line["event"], line["level"], line["request_id"]) == ("pool pages is slow", "warning", "r-1")
    assert "positional_args" not in line


class _Application:
    """Costly to draw: a large object graph, with somebody's name in it."""

    def __init__(self) -> None:
        self.state = {f"entry {n}": ["Nguyễn Văn An"] * 500 for n in range(500)}

    def __repr__(self) -> str:
        time.sleep(0.05)
        return str(self.state)


def _fail(application: _Application, depth: int) -> None:
    if depth == 0:
        raise ValueError("Nguyễn Văn An")
    _fail(application, depth - 1)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_failure_is_logged_at_no_cost_however_deep(as_json):
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    log.configure(json=as_json, stream=stream)
    try:
        _fail(_Application(), 400)
    except ValueError as error:
        began = time.perf_counter()
        log.get_logger("t").error("request failed", exc_info=error)
        logging.getLogger("library").error("failed", exc_info=error)
        took = time.perf_counter() - began
    finally:
        root.handlers[:], root.level = before
    assert "ValueError" in stream.getvalue() and "Nguyễn" not in stream.getvalue()
    assert took < 0.5 and len(stream.getvalue()) < 8_000


_UNCONFIGURED = """
import sys
sys.path.insert(0, {tests!r})
from dancu.kit import log
from tests.kit.test_log import _Application, _fail
import time
try:
    _fail(_Application(), 40)
except ValueError as error:
    began = time.perf_counter()
    log.get_logger("t").error("request failed", exc_info=error)
    assert time.perf_counter() - began < 0.5
"""


def test_a_process_that_configures_nothing_logs_as_carefully(request):
    """The library's default draws every local variable of every frame, in colour, to stdout."""
    code = _UNCONFIGURED.format(tests=str(request.config.rootpath))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout == "" and "ValueError" in done.stderr
    assert "Nguyễn" not in done.stderr and len(done.stderr) < 8_000
