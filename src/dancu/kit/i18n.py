"""Words for people in their language. The message id IS the Vietnamese text, so Vietnamese needs no catalogue
and a missing translation shows Vietnamese, never a code. English lies in `locale/en/<room>.po`, one file per
room."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from dancu.kernel.errors import DancuError, FieldError
from dancu.kit.files import resource_dir

DEFAULT = "vi"
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}

_LONGER = {"giây": ("phút", "giờ"), "seconds": ("minutes", "hours")}
_VIETNAMESE_MARKS = str.maketrans(",.", ".,")

_MESSAGE = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"(?:\n|\Z))+)', re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}

#: One of LANGUAGES; `use_language` sets it for a block.
LANGUAGE: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """The language of the request being answered (or of the command), "vi" outside of one."""
    return LANGUAGE.get()


@contextmanager
def use_language(lang: str) -> Iterator[None]:
    token = LANGUAGE.set(lang if lang in LANGUAGES else DEFAULT)
    try:
        yield
    finally:
        LANGUAGE.reset(token)


def N_(msgid: str) -> str:
    """Mark `msgid` for the catalogues where it is written; it is translated at the edge, where it is
    shown."""
    return msgid


def gettext(msgid: str, lang: str | None = None, /, **params: Any) -> str:
    """The text in `lang` (default: the current language), with its `{named}` placeholders filled in."""
    text = catalogue(lang or language()).get(msgid, msgid)
    return text.format(**params) if params else text


def grouped(value: int | float, lang: str | None = None, /) -> str:
    """A figure with its thousands set apart as the language does: 1.234.567,8 in Vietnamese, 1,234,567.8 in English."""
    text = f"{value:,}"
    return text if (lang or language()) == "en" else text.translate(_VIETNAMESE_MARKS)


def ngettext(msgid: str, n: int, lang: str | None = None, /, **params: Any) -> str:
    """Like gettext for a counted thing, `{n}` being the count. Vietnamese nouns have one form; the English
    translation holds both, separated by " | ": "{n} person | {n} people"."""
    text = catalogue(lang or language()).get(msgid, msgid)
    one, _, many = text.partition(" | ")
    return (one if n == 1 or not many else many).format(n=grouped(n, lang), **params)


def error_text(error: DancuError | FieldError, lang: str | None = None) -> str:
    """The sentence of an expected failure, translated and filled in."""
    params = dict(error.params) if isinstance(error, FieldError) else error.params
    text = gettext(error.message, lang)
    return _counted(text, params).format(**params) if params else text


def _counted(text: str, params: Mapping[str, Any]) -> str:
    """A wait as people count it: in minutes from two of them on, in hours from two hours on, rounded up."""
    seconds = params.get("seconds")
    if not isinstance(seconds, int) or seconds < 120:
        return text
    minutes, hours = -(-seconds // 60), -(-seconds // 3600)
    for unit, (in_minutes, in_hours) in _LONGER.items():
        text = text.replace(f"{{seconds}} {unit}", f"{minutes} {in_minutes}" if seconds < 7200 else f"{hours} {in_hours}")
    return text


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Every room's catalogue of one language, merged. Read on first use: commands start without it."""
    if lang == DEFAULT or lang not in LANGUAGES:
        return {}
    return {msgid: text for path in po_files(lang) for msgid, text in read_po(path.read_text(encoding="utf-8"))}


def read_po(content: str) -> Iterator[tuple[str, str]]:
    """(msgid, translation) of a catalogue as ours are written: no plurals, no contexts, nothing fuzzy. Commands in
    English start with this, so it reads no more than that; the tests hold it against a full reader."""
    for block in _MESSAGE.finditer(content):
        msgid, text = (_unquoted(part) for part in block.groups())
        if msgid and text:
            yield msgid, text


def _unquoted(lines: str) -> str:
    text = "".join(line[1:-1] for line in lines.splitlines())
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


def po_files(lang: str) -> list[Path]:
    """The catalogues of a language, one per room, in name order."""
    return sorted((resource_dir("locale") / lang).glob("*.po"))
