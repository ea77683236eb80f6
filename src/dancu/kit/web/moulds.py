"""Pages that crowds ask for, rendered once and filled in per request.

Filling a template costs more than everything else such a page needs, and of two thousand words only a few tokens differ
between two people. So the template is rendered once per language and variant with a mark where each of these stands; what
comes after is joining text. What differs is escaped as the template would have done it.

A mould is only for pages of somebody who is not signed in: nothing of an actor may stand in it.

Its texts are compressed once, too, each by itself, and joined with what differs, which stands in between as it is (RFC 1951,
3.2.4: a stored block). A tenth of a sign-in was compressing the same page. What is secret in a page shares no compression with
anything else in it, so that its length tells nothing (BREACH).
"""

from __future__ import annotations

import re
import secrets
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain
from operator import methodcaller

from fastapi.responses import HTMLResponse
from markupsafe import escape

from dancu.kit.web.ready import Ready

_MOST = 256
_NAME = re.compile(r"[a-z_.]+", re.ASCII)
# RFC 1952: no name, no time; an empty last block; at most so much in a stored block.
_GZIP_HEAD, _LAST_BLOCK, _MOST_STORED = b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\x01\0\0\xff\xff", 0xFFFF
_STORED = struct.Struct("<BHH").pack  # how a stored block begins


class _Heads(dict[int, bytes]):
    """How stored blocks of these sizes begin; the short ones are there already."""

    def __missing__(self, size: int) -> bytes:
        return _STORED(0, size, size ^ 0xFFFF)


_HEADS = _Heads((size, _STORED(0, size, size ^ 0xFFFF)) for size in range(512))
_ESCAPES = {ord(one): str(escape(one)) for one in "&<>'\""}
_TO_ESCAPE, _ESCAPED = re.compile(r"""[&<>'"]"""), methodcaller("translate", _ESCAPES)


class Mould:
    """`texts` with one of `slots` between each two of them."""

    __slots__ = ("languages", "packed", "slots", "texts")

    def __init__(self, texts: Sequence[str], slots: Sequence[str]) -> None:
        self.texts = tuple(text.encode() for text in texts)
        self.packed = tuple(_packed(text) for text in self.texts)
        self.slots = tuple(slots)
        self.languages = tuple(slot for slot in self.slots if slot.startswith("language."))

    def fill(self, values: Mapping[str, str]) -> Filled:
        """Raises KeyError for a slot that nothing is given for."""
        given = [*map(values.__getitem__, self.slots)]
        if _TO_ESCAPE.search("".join(given)):
            given = [*map(_ESCAPED, given)]
        return Filled(self, [*map(str.encode, given)])


@dataclass(frozen=True, slots=True)
class Filled:
    """A page: its mould, and what stands between the texts, escaped."""

    mould: Mould
    between: Sequence[bytes]

    def plain(self) -> bytes:
        return b"".join(_woven(self.mould.texts, self.between))

    def gzipped(self, plain: bytes) -> bytes:
        """`plain`, what `plain()` says, compressed."""
        sizes = [*map(len, self.between)]
        if max(sizes, default=0) <= _MOST_STORED:
            parts = _woven(self.mould.packed, map(_HEADS.__getitem__, sizes), self.between)
        else:
            parts = _woven(self.mould.packed, map(_stored, self.between))
        end = zlib.crc32(plain).to_bytes(4, "little") + (len(plain) & 0xFFFFFFFF).to_bytes(4, "little")
        return b"".join([_GZIP_HEAD, *parts, _LAST_BLOCK, end])


class FilledPage(Ready, HTMLResponse):
    """The answer with such a page, which can say itself compressed."""

    def __init__(self, page: Filled, status: int) -> None:
        super().__init__(page.plain(), status, [(b"content-type", b"text/html; charset=utf-8")])
        self._page = page

    def gzipped(self) -> bytes:
        """The body, as it was made, compressed."""
        return self._page.gzipped(bytes(self.body))


def _woven(texts: Sequence[bytes], *between: Iterable[bytes]) -> list[bytes]:
    """Between each two of `texts` one of each of `between`."""
    return [*chain.from_iterable(zip(texts, *between, strict=False)), texts[-1]]


def _packed(text: bytes) -> bytes:
    """Whole blocks of a deflate stream that refer to nothing before them, and end at a byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)


def _stored(value: bytes) -> bytes:
    """In as many stored blocks as it takes."""
    pieces = [value[at : at + _MOST_STORED] for at in range(0, len(value), _MOST_STORED)]
    return b"".join([_HEADS[len(piece)] + piece for piece in pieces])


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
        return Mould(pieces[::2], pieces[1::2])


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
