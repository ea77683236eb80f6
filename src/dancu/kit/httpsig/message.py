"""A message, its components, and the bytes a signature covers (RFC 9421 §2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from dancu.kit.httpsig.fields import Component, Inner, Malformed, identifier, serialize

_FOLD = re.compile(r"[ \t]*\r?\n[ \t]+")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")


@lru_cache(512)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`method`, absolute `target` URI) or an answer (`status`, and the `request` it answers). `headers`: values
    by name in lower case, in the order they came."""

    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    method: str = ""
    target: str = ""
    status: int = 0
    request: Message | None = None

    def value(self, component: Component) -> str:
        """Raises Malformed for a component that is not there, not supported, or not of this kind of message."""
        for name, value in component.params:
            if name != "req" or value is not True:
                raise Malformed("a component's parameter is not supported")
        if component.req:
            if self.request is None:
                raise Malformed("no request belongs to this message")
            return self.request.value(Component(component.name))
        if component.name.startswith("@"):
            return self._derived(component.name)
        if not _is_name(component.name):
            raise Malformed("not the name of a field")
        values = self.headers.get(component.name)
        if values and len(values) == 1 and "\n" not in values[0] and "\r" not in values[0] and values[0].isascii():
            return values[0].strip(" \t")
        if not values:
            raise Malformed("a covered field is missing")
        joined = ", ".join(_FOLD.sub(" ", value).strip(" \t") for value in values)
        if not joined.isascii() or "\n" in joined or "\r" in joined:
            raise Malformed("a covered field is not ASCII")
        return joined

    def _derived(self, name: str) -> str:
        if name == "@status" and self.status:
            return str(self.status)
        if not self.method:
            raise Malformed("a derived component is not of this message")
        if name == "@method":
            return self.method
        if name == "@target-uri":
            return self.target
        parts = urlsplit(self.target)
        if name == "@authority":
            host = (parts.hostname or "").lower()
            host = f"[{host}]" if ":" in host else host
            default = {"https": 443, "http": 80}.get(parts.scheme)
            return host if parts.port in (None, default) else f"{host}:{parts.port}"
        if name == "@scheme":
            return parts.scheme.lower()
        if name == "@path":
            return parts.path or "/"
        if name == "@query":
            return f"?{parts.query}"
        if name == "@request-target":
            return (parts.path or "/") + (f"?{parts.query}" if "?" in self.target else "")
        raise Malformed("a derived component is not supported")


def signature_base(message: Message, inner: Inner, params: str = "") -> bytes:
    """Raises Malformed, also where a component is named twice. `params`: `serialize(inner)`, where it is known."""
    lines: list[str] = []
    seen: set[str] = set()
    for component in inner.components:
        name = identifier(component)
        if name in seen:
            raise Malformed("a component is covered twice")
        seen.add(name)
        lines.append(f"{name}: {message.value(component)}")
    lines.append(f'"@signature-params": {params or serialize(inner)}')
    return "\n".join(lines).encode()
