"""Names and values as browsers and programs send them: in the query of an address, in the body of a short form."""

from __future__ import annotations

from operator import itemgetter, methodcaller
from urllib.parse import unquote

_PARTED, _ENDS = methodcaller("partition", "="), itemgetter(0, 2)


def pairs(text: str, errors: str = "replace") -> list[tuple[str, str]]:
    """What the library makes of it (`parse_qsl`, empty ones too), which looks at each letter twice. `errors`: for bytes that are no text;
    "replace" shows them as such, "strict" raises ValueError."""
    # The commonest escapes all at once: none of these letters ends a parameter, or makes an escape with what stands beside it.
    text = text.replace("+", " ").replace("%3A", ":").replace("%2F", "/")
    found: list[tuple[str, str]] = [*map(_ENDS, map(_PARTED, filter(None, text.split("&"))))]
    if "%" in text:
        found = [(unquote(name, errors=errors), unquote(value, errors=errors)) if "%" in name or "%" in value else (name, value) for name, value in found]
    return found
