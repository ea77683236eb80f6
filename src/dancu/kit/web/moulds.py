"""Pages that crowds ask for, rendered once and filled in per request.

Filling a template costs more than everything else such a page needs, and of two thousand words only a few tokens differ
between two people. So the template is rendered once per language and variant with a mark where each of these stands; what
comes after is joining text. What differs is escaped as the template would have done it.

A mould is only for pages of somebody who is not signed in: nothing of an actor may stand in it.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from markupsafe import escape

_MOST = 256
_NAME = re.compile(r"[a-z_.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mould:
    """`texts` with one of `slots` between each two of them."""

    texts: tuple[str, ...]
    slots: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """Raises KeyError for a slot that nothing is given for."""
        parts = [self.texts[0]]
        for slot, text in zip(self.slots, self.texts[1:], strict=True):
            parts.append(escape(values[slot]))
            parts.append(text)
        return "".join(parts)


class Marks:
    """Marks for one rendering: letters no escaping changes, that nobody else can know."""

    def __init__(self) -> None:
        self._salt = secrets.token_hex(8)

    def of(self, slot: str) -> str:
        if not _NAME.fullmatch(slot):
            raise ValueError(slot)
        return f"m{self._salt}-{slot}-m"

    def taken_apart(self, text: str) -> Mould:
        pieces = re.split(rf"m{self._salt}-([a-z_.]+)-m", text)
        return Mould(tuple(pieces[::2]), tuple(pieces[1::2]))


#: The marks of the rendering under way, None where a page is rendered for somebody.
marking: ContextVar[Marks | None] = ContextVar("marking", default=None)


class Moulds:
    """The latest moulds of an application."""

    def __init__(self) -> None:
        self._known: OrderedDict[object, Mould] = OrderedDict()

    def get(self, key: object, cast: Callable[[Marks], str]) -> Mould:
        """The mould called `key`, else what `cast` renders with the marks it is given."""
        found = self._known.get(key)
        if found is None:
            marks = Marks()
            token = marking.set(marks)
            try:
                found = self._known[key] = marks.taken_apart(cast(marks))
            finally:
                marking.reset(token)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found
