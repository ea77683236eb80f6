"""Nothing personal gets into the log, from our lines or from a library's."""

import io
import json
import logging

import pytest

from dancu.kit import log


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
