"""What dancu-client says: every sentence in Vietnamese too, with the same values."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import dancu_client
from dancu_client import advice
from dancu_client.errors import CallRefused, NotReached
from dancu_client.words import VIETNAMESE, say, told

_SAID = {"say": 1, "_say": 0, "Wrong": 0, "ConfigError": 0, "NotReached": 0, "NotGenuine": 0}


def sentences() -> set[str]:
    """Of every call that says something: its sentences, where they are written out."""
    found: set[str] = set()
    for file in Path(dancu_client.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                texts = node.args[_SAID.get(name, 99) :][: 2 if name == "Wrong" else 1]
                for text in texts:
                    assert not isinstance(text, ast.JoinedStr), f"{file.name}:{node.lineno} is filled in before it is translated"
                    found |= {one.value for one in ast.walk(text) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {text for text in found if any(word.isalpha() and len(word) > 1 for word in bare(text).split()) and " " in text}


def kept() -> set[str]:
    """What the doctor keeps in tables and variables."""
    found: set[str] = set()
    for name in ("doctor.py", "reach.py", "advice.py"):
        tree = ast.parse((Path(dancu_client.__file__).parent / name).read_text("utf-8"))
        docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))}
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)} - docs
        found |= {text for text in texts if text.endswith(".") and " " in text}
    means = {row[2] for row in advice._TOKEN} | {row[1] for row in advice._ALERTS} | {said for said, _ in advice._UNTRUSTED.values()}
    return found | means | {advice._UNSHOWN, advice.of_token(CallRefused(400, {"code": "token.new"}), "dpop")[0]}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def bare(text: str) -> str:
    return "".join(literal for literal, *_ in Formatter().parse(text))


def test_every_sentence_is_there_in_vietnamese_with_its_values() -> None:
    assert sentences() - VIETNAMESE.keys() == {"HTTP {status}"} - VIETNAMESE.keys()
    assert len(kept()) > 50 and kept() <= VIETNAMESE.keys()
    for english, vietnamese in VIETNAMESE.items():
        assert names(english) == names(vietnamese) and vietnamese, english


def test_errors_speak_both() -> None:
    error = NotReached("no proof within {seconds} seconds", seconds=3)
    assert str(error) == told("en", error) == "no proof within 3 seconds" and told("vi", error) == "chưa có bằng chứng sau 3 giây"
    refused = CallRefused(403, {"code": "agreement.field", "detail": "Ngoài {thỏa thuận}"})
    assert str(refused) == told("vi", refused) == "agreement.field: Ngoài {thỏa thuận}"
    assert say("vi", "not of ours: {kept}") == "not of ours: {kept}"
