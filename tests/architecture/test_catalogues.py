"""Every Vietnamese sentence people can read has its English translation, with the same placeholders."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from dancu.kit.files import package_dir
from dancu.kit.i18n import po_files
from dancu.kit.i18n import read_po as read_quickly

# Where the message stands in a call: (position, keyword).
CALLS = {
    "_": (0, None),
    "N_": (0, None),
    "gettext": (0, None),
    "ngettext": (0, None),
    **dict.fromkeys(("Invalid", "NotFound", "NotAllowed", "Conflict", "Unavailable"), (1, "message")),
    "DancuError": (1, "message"),
    "FieldError": (2, "message"),
    "add": (2, "message"),
    "MenuItem": (1, "title"),
    "Surface": (1, "title"),
}
# `x.add(…)` is only ours on form errors: the second argument is a dotted code.
_CODE = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")
_VIETNAMESE = re.compile(r"[^\x00-\x7f]|\w+ \w+|^\w+$")


def messages_of_code(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in CALLS or (name == "add" and not _is_form_error(node)):
            continue
        position, keyword = CALLS[name]
        given = node.args[position] if len(node.args) > position else None
        given = given or next((k.value for k in node.keywords if k.arg and k.arg == keyword), None)
        yield from ((text, node.lineno) for text in _texts(given))


def _is_form_error(node: ast.Call) -> bool:
    second = node.args[1] if len(node.args) > 2 else None
    return isinstance(second, ast.Constant) and bool(_CODE.fullmatch(str(second.value)))


def _texts(node: ast.expr | None) -> Iterator[str]:
    """The string itself, or those a conditional chooses between."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def messages_of_template(path: Path) -> Iterator[tuple[str, int]]:
    options = {"extensions": "jinja2.ext.do,jinja2.ext.loopcontrols", "silent": "false"}  # a template it cannot read is an error, not one without text
    found = extract_from_file("jinja2", path, keywords={"_": None, "gettext": None, "ngettext": (1,)}, options=options)
    for line, message, _, _ in found:
        yield (message if isinstance(message, str) else message[0]), line


def texts_of(room: str) -> dict[str, str]:
    """msgid -> where the room says it first. A room is a folder of the package, or one of its modules."""
    texts: dict[str, str] = {}
    root = package_dir()
    for path in sorted((root / room).rglob("*")) if (root / room).is_dir() else [root / room]:
        if path.suffix not in (".py", ".html"):
            continue
        read = messages_of_code if path.suffix == ".py" else messages_of_template
        relative = path.relative_to(root)
        for message, line in read(path):
            if message and _VIETNAMESE.search(message):
                texts.setdefault(message, f"{relative}:{line}")
    return texts


def rooms() -> list[str]:
    return sorted(path.name for path in package_dir().iterdir() if path.suffix in ("", ".py") and path.name[0] != "_")


def english() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in po_files("en"):
        with path.open("rb") as file:
            texts |= {str(m.id): str(m.string) for m in read_po(file, locale="en") if m.id and m.string}
    return texts


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", rooms())
def test_every_text_of_the_room_has_english(room: str) -> None:
    translated = english()
    missing = [f'{where}  "{text}"' for text, where in texts_of(room).items() if text not in translated]
    assert not missing, f"{len(missing)} texts of {room} lack English in locale/en:\n" + "\n".join(sorted(missing))


def test_translations_name_the_same_placeholders() -> None:
    wrong = [
        f"{msgid!r} -> {text!r}"
        for msgid, text in english().items()
        if any(placeholders(form) - placeholders(msgid) - {"n"} for form in text.split(" | "))
        or placeholders(msgid) - placeholders(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_rooms_agree_where_they_translate_the_same_text() -> None:
    seen: dict[str, tuple[str, str]] = {}
    wrong = []
    for path in po_files("en"):
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if not message.id or not message.string:
                    continue
                said, where = seen.setdefault(str(message.id), (str(message.string), path.name))
                if said != message.string:
                    wrong.append(f"{message.id!r}: {where} says {said!r}, {path.name} says {message.string!r}")
    assert not wrong, "\n".join(wrong)


def test_every_translation_is_of_a_text_that_is_there() -> None:
    root = package_dir()
    there: set[str] = set()
    for path in root.rglob("*.py"):
        there |= {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for path in root.rglob("*.html"):
        there |= {message for message, _ in messages_of_template(path)}
    data = "".join(path.read_text("utf-8") for kind in ("*.yaml", "*.csv", "*.toml") for path in root.rglob(kind))
    gone = [msgid for msgid in english() if msgid not in there and msgid not in data]
    assert not gone, f"{len(gone)} translations of nothing:\n" + "\n".join(gone)


def test_a_button_says_what_it_does_not_what_was_done() -> None:
    """In Vietnamese one word is both; "Refused" on a button is no offer. "Đã …" states what its reader did."""
    translated, said = english(), {}
    for path in package_dir().rglob("*.html"):
        for button in re.findall(r"ui\.button\([^\n]*?\}\}|<button\b[^>]*>.*?</button>", path.read_text("utf-8"), re.DOTALL):
            said |= dict.fromkeys(re.findall(r"_\('([^']+)'", button), path.name)
    assert len(said) > 150
    wrong = [f"{name}: {text!r} -> {translated[text]!r}" for text, name in said.items() if not text.startswith("Đã") and re.match(r"\w+ed\b", translated.get(text, ""))]
    assert not wrong, "\n".join(wrong)


def test_what_commands_read_quickly_is_what_a_full_reader_reads() -> None:
    for path in po_files("en"):
        with path.open("rb") as file:
            full = {str(m.id): str(m.string) for m in read_po(file, locale="en") if m.id and m.string and not m.fuzzy}
        assert dict(read_quickly(path.read_text("utf-8"))) == full, path.name


@pytest.mark.parametrize("word", ["demo", "migrate", "doctor", "territory", "names", "numbers", "person", "import"])
def test_help_of_the_commands_others_script_has_english(word: str) -> None:
    from typer.main import get_command

    from dancu.cli import COMMANDS, command_tree

    def texts(command: Any) -> Iterator[str]:
        yield from filter(None, (command.help, *(getattr(param, "help", None) for param in command.params)))
        for below in getattr(command, "commands", {}).values():
            yield from texts(below)

    english_texts = english()
    tree = get_command(command_tree([word]))
    said = {COMMANDS[word][2], *texts(tree.commands[word] if hasattr(tree, "commands") else tree)}  # type: ignore[attr-defined]
    missing = [text for text in said if text not in english_texts and _VIETNAMESE.search(text)]
    assert not missing, "\n".join(missing)
