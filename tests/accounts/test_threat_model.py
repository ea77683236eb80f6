"""Every line of the threat model names a test, and every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def lines() -> list[str]:
    """The rows of its tables, without their heads."""
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    return [line for line in text.splitlines() if re.match(r"\| [STRIDE] \|", line)]


def test_every_line_names_a_test_that_exists() -> None:
    rows = lines()
    assert len(rows) > 60
    wrong = []
    for row in rows:
        named = _TEST.findall(row)
        if not named:
            wrong.append(f"no test: {row}")
        for file, name in named:
            path = ROOT / file
            if not path.exists() or not re.search(rf"^(async )?def {name}\(", path.read_text("utf-8"), re.MULTILINE):
                wrong.append(f"no such test: {file}::{name}")
    assert wrong == []


def test_every_flow_is_looked_at_from_several_sides() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    flows = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    for flow in flows:
        kinds = set(re.findall(r"^\| ([STRIDE]) \|", flow, re.MULTILINE))
        assert flow.startswith("Not covered") or len(kinds) >= 3, flow[:30]
