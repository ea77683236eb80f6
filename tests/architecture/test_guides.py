"""The guides say what is true: each setting the program reads, none that it does not, and links that lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from dancu.settings import Settings

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "docs" / name for name in ("operator.md", "operator.en.md")]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: What `dancu demo` tells its own processes.
INSIDE = {"DANCU_DEMO", "DANCU_DEMO_URL", "DANCU_SERVICES", "DANCU_SIMULATORS", "DANCU_SIMULATORS_PORT"}
#: Options of single commands, told in the guide of each.
OF_COMMANDS = {"DANCU_KIT": "doorstep.md", "DANCU_TOKEN": "doorstep.md", "DANCU_DEVICE_SECRET": "devices.md"}
DATABASES = {"DANCU_DATABASE_URL", *(f"DANCU_DATABASE_URL_{role}" for role in ("ADMIN", "WORKER", "IMPORT", "VERIFY", "BIOMETRIC"))}
_NAME = re.compile(r"DANCU_[A-Z_]+")


def settings_read() -> set[str]:
    found = {f"DANCU_{name.upper()}" for name in Settings.model_fields}
    for path in (ROOT / "src" / "dancu").rglob("*.py"):
        text = path.read_text("utf-8")
        if "DANCU_" in text:
            strings = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
            found |= {value for value in strings if isinstance(value, str) and _NAME.fullmatch(value)}
    return found - INSIDE - DATABASES


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_setting_is_told_to_operators(guide: Path) -> None:
    told = set(_NAME.findall(guide.read_text("utf-8")))
    assert told == (settings_read() - OF_COMMANDS.keys()) | DATABASES


@pytest.mark.parametrize(("name", "guide"), OF_COMMANDS.items())
def test_options_of_commands_are_told_where_the_command_is(name: str, guide: str) -> None:
    assert name in (ROOT / "docs" / guide).read_text("utf-8")


def heading(line: str) -> str:
    """The anchor of a heading, as forges make it."""
    return re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in [heading(line) for line in re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)], link
