"""Every sentence the kernel says has its English, with the same placeholders, and none is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

import dancu.kernel
from dancu.kernel.numbers.provinces import ELSEWHERE

KERNEL = Path(dancu.kernel.__file__).parent
CATALOGUE = Path(__file__).parents[2] / "locale" / "en" / "kernel.po"
_PLACEHOLDER = re.compile(r"\{\w+\}")


def _said() -> Iterator[str]:
    yield ELSEWHERE
    for path in KERNEL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 2:
                continue
            name = ast.unparse(node.func)
            message = node.args[1]
            if name in ("Invalid", "Finding", "Finding.of") and isinstance(message, ast.Constant):
                yield message.value


def test_the_catalogue_is_complete_and_has_nothing_else() -> None:
    with CATALOGUE.open("rb") as file:
        english = {message.id: message.string for message in read_po(file) if message.id}
    assert set(_said()) == set(english)
    for vietnamese, translation in english.items():
        assert translation
        assert sorted(_PLACEHOLDER.findall(vietnamese)) == sorted(_PLACEHOLDER.findall(translation))
