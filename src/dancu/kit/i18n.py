"""Words for people in their language. The message id IS the Vietnamese text, so Vietnamese needs no catalogue
and a missing translation shows Vietnamese, never a code. English lies in `locale/en/<room>.po`, one file per
room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from dancu.kernel.errors import DancuError, FieldError
from dancu.kit.files import resource_dir

DEFAULT = "vi"
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}

_VIETNAMESE_MARKS = str.maketrans(",.", ".,")

_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """The language of the request being answered (or of the command), "vi" outside of one."""
    return _current.get()


@contextmanager
def use_language(lang: str) -> Iterator[None]:
    token = _current.set(lang if lang in LANGUAGES else DEFAULT)
    try:
        yield
    finally:
        _current.reset(token)


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
    return gettext(error.message, lang, **params)


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Every room's catalogue of one language, merged. Read on first use: commands start without it."""
    if lang == DEFAULT or lang not in LANGUAGES:
        return {}
    from babel.messages.pofile import read_po  # Vietnamese never needs it, and it is slow to import

    texts: dict[str, str] = {}
    for path in po_files(lang):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id and message.string and not message.fuzzy:
                    texts[str(message.id)] = str(message.string)
    return texts


def po_files(lang: str) -> list[Path]:
    """The catalogues of a language, one per room, in name order."""
    return sorted((resource_dir("locale") / lang).glob("*.po"))
