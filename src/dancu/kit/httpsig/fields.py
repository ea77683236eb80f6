"""The two structured fields (RFC 9651) that signatures need: a dictionary of inner lists of strings (Signature-Input) and a
dictionary of byte sequences (Signature, Content-Digest). Strict as the RFC's parsing is; what else a structured field could
hold is malformed here."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

Bare = str | int | bool | bytes
MOST = 8 * 1024
_MOST_MEMBERS, _MOST_COMPONENTS, _MOST_PARAMS = 8, 32, 16
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
# The two fields as nearly everybody writes them: one member, components without parameters, nothing that could be spelled in
# another way. What matches is its own serialization.
_PLAIN_INPUT = re.compile(
    r'([a-z*][a-z0-9_.*-]*)=((\("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*\))((?:;[a-z*][a-z0-9_.*-]*=(?:"[\x20\x21\x23-\x5b\x5d-\x7e]*"|0|[1-9][0-9]{0,14}))*))'
)
_PLAIN_PARAM = re.compile(r';([^=]+)=(?:"([^"]*)"|([0-9]+))')
_PLAIN_BYTES = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")
_ESCAPED = re.compile(r"\\(.)")


class Malformed(ValueError):
    """Not a field we accept; the text says why and never repeats what was sent."""


class Token(str):
    """A token, which is written without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A covered component: `name` in lower case, and its parameters (`req`, `key`, …)."""

    name: str
    params: tuple[tuple[str, Bare], ...] = ()

    @property
    def req(self) -> bool:
        return ("req", True) in self.params


@dataclass(frozen=True, slots=True)
class Inner:
    """One member of Signature-Input. `written`: its serialization, where it came so."""

    components: tuple[Component, ...]
    params: Mapping[str, Bare] = field(default_factory=dict)
    written: str = field(default="", compare=False, repr=False)

    def text(self, name: str) -> str:
        """A parameter that is a string, "" otherwise."""
        value = self.params.get(name)
        return value if type(value) is str else ""

    def number(self, name: str) -> int | None:
        value = self.params.get(name)
        return value if type(value) is int else None

    def names(self) -> frozenset[str]:
        """Names of the components that are covered plainly, without parameters."""
        return frozenset(one.name for one in self.components if not one.params)


def serialize(inner: Inner) -> str:
    """As the signature base writes `@signature-params` (RFC 9651 §4.1.1.1)."""
    return inner.written or f"({' '.join(map(identifier, inner.components))}){_params(tuple(inner.params.items()))}"


@lru_cache(1024)
def identifier(component: Component) -> str:
    """The component's name as it stands in a line of the base."""
    return _quoted(component.name) + _params(component.params)


def _params(params: tuple[tuple[str, Bare], ...]) -> str:
    return "".join(f";{name}" if value is True else f";{name}={_bare(value)}" for name, value in params)


def _bare(value: Bare) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    return value if isinstance(value, Token) else _quoted(value)


def _quoted(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise Malformed("a string holds more than printable ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Reader:
    """Walks over one field's value."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST or not text.isascii():
            raise Malformed("field is too long or not ASCII")
        self.text, self.at = text.strip(" "), 0

    def end(self) -> bool:
        return self.at >= len(self.text)

    def sees(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def take(self, char: str) -> None:
        if not self.sees(char):
            raise Malformed(f"{char!r} is missing")
        self.at += 1

    def match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise Malformed(f"not {what}")
        self.at = found.end()
        return found

    def spaces(self, chars: str = " ") -> None:
        while self.at < len(self.text) and self.text[self.at] in chars:
            self.at += 1

    def string(self) -> str:
        raw = self.match(_STRING, "a string")[1]
        return _ESCAPED.sub(r"\1", raw) if "\\" in raw else raw

    def binary(self) -> bytes:
        return _decoded(self.match(_BYTES, "a byte sequence")[1])

    def bare(self) -> Bare:
        if self.sees('"'):
            return self.string()
        if self.sees(":"):
            return self.binary()
        if self.sees("?"):
            self.at += 1
            if not (self.sees("0") or self.sees("1")):
                raise Malformed("not a boolean")
            self.at += 1
            return self.text[self.at - 1] == "1"
        if not self.end() and (self.text[self.at] in "-0123456789"):
            return int(self.match(_INTEGER, "an integer")[0])
        return Token(self.match(_TOKEN, "a value")[0])

    def params(self) -> dict[str, Bare]:
        found: dict[str, Bare] = {}
        while self.sees(";"):
            self.at += 1
            self.spaces()
            name = self.match(_KEY, "a parameter")[0]
            value: Bare = True
            if self.sees("="):
                self.at += 1
                value = self.bare()
            if name in found:
                # The RFC lets the last one win; two readers would understand two things.
                raise Malformed("a parameter twice")
            found[name] = value
            if len(found) > _MOST_PARAMS:
                raise Malformed("too many parameters")
        return found

    def inner(self) -> Inner:
        # One program covers the same components in every call: the list is read once.
        until = self.text.find(")", self.at)
        covered = _covered(self.text[self.at : until + 1]) if 0 < until - self.at <= 400 else None
        if covered is not None:
            self.at = until + 1
            return Inner(covered, self.params())
        return Inner(self.components(), self.params())

    def components(self) -> tuple[Component, ...]:
        self.take("(")
        components: list[Component] = []
        while True:
            self.spaces()
            if self.sees(")"):
                self.at += 1
                break
            if components and self.text[self.at - 1] != " ":
                raise Malformed("components are not apart")
            name = self.string()
            components.append(Component(name, tuple(self.params().items())))
            if len(components) > _MOST_COMPONENTS:
                raise Malformed("too many components")
        return tuple(components)

    def next_member(self) -> bool:
        """After a member: is there another one? (RFC 9651 §4.2.2)"""
        self.spaces(" \t")
        if self.end():
            return False
        self.take(",")
        self.spaces(" \t")
        if self.end():
            raise Malformed("a comma at the end")
        return True

    def label(self, found: Mapping[str, object]) -> str:
        name = self.match(_KEY, "a label")[0]
        if name in found:
            raise Malformed("a label twice")
        if len(found) >= _MOST_MEMBERS:
            raise Malformed("too many members")
        self.take("=")
        return name


def _decoded(raw: str) -> bytes:
    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("not base64") from error
    if base64.b64encode(data).decode() != raw:
        raise Malformed("not canonical base64")  # two spellings of one value
    return data


@lru_cache(512)
def _covered(text: str) -> tuple[Component, ...] | None:
    """The components of "(…)"; None where it is not one whole list (a name may hold a bracket)."""
    reader = _Reader(text)
    try:
        found = reader.components()
    except Malformed:
        return None
    return found if reader.end() else None


def signature_inputs(text: str) -> dict[str, Inner]:
    """Signature-Input by label. Raises Malformed."""
    if len(text) <= MOST and (plain := _PLAIN_INPUT.fullmatch(text)) is not None:
        components = _covered(plain[3])
        stated = _PLAIN_PARAM.findall(plain[4])
        params: dict[str, Bare] = {name: int(digits) if digits else string for name, string, digits in stated}
        if components is not None and len(params) == len(stated) <= _MOST_PARAMS:
            return {plain[1]: Inner(components, params, plain[2])}
    reader, found = _Reader(text), dict[str, Inner]()
    while True:
        label = reader.label(found)
        found[label] = reader.inner()
        if not reader.next_member():
            return found


def byte_values(text: str) -> dict[str, bytes]:
    """Signature or Content-Digest by label. Raises Malformed."""
    if len(text) <= MOST and (plain := _PLAIN_BYTES.fullmatch(text)) is not None:
        return {plain[1]: _decoded(plain[2])}
    reader, found = _Reader(text), dict[str, bytes]()
    while True:
        label = reader.label(found)
        found[label] = reader.binary()
        reader.params()
        if not reader.next_member():
            return found
