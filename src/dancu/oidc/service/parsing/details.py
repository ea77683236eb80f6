"""Rich authorization requests (RFC 9396): what exactly the client wants to do once the citizen agreed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import orjson

from dancu.oidc.service.errors import OAuthError

_MOST_TEXT, _MOST, _DEEPEST = 4000, 10, 4
_LISTS = ("locations", "actions", "datatypes", "privileges")


def read_details(text: str, types: Collection[str]) -> list[dict[str, Any]]:
    """The elements of `authorization_details`, each of one of these types. Raises OAuthError invalid_authorization_details (§5)."""
    if not text:
        return []
    wrong = OAuthError("invalid_authorization_details", "authorization_details is malformed or too large")
    try:
        value = orjson.loads(text) if len(text) <= _MOST_TEXT else None
    except orjson.JSONDecodeError as error:
        raise wrong from error
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        raise wrong
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("type"), str) or not 0 < len(one["type"]) <= 100 or deeper(one, _DEEPEST):
            raise wrong
        if one["type"] not in types:
            raise OAuthError("invalid_authorization_details", "a type of authorization_details is not registered for this client")
        if not _common(one):
            raise wrong
    # What citizens are shown must read as it is: no letter that is not seen, or turns what follows around (U+202E).
    if not all(ch.isprintable() or ch in "\n\t" for said in texts(value) for ch in said):
        raise OAuthError("invalid_authorization_details", "authorization_details holds characters that cannot be shown")
    return value


def _common(one: dict[str, Any]) -> bool:
    """Are the members that mean the same in every type lists of texts, or a text, as RFC 9396 §2.2 has them?"""
    lists = [one[name] for name in _LISTS if name in one]
    return isinstance(one.get("identifier", ""), str) and all(isinstance(said, list) and all(isinstance(x, str) for x in said) for said in lists)


def narrow(text: str, granted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the granted elements a token is wanted for: all where nothing is said (RFC 9396 §6). Raises OAuthError
    invalid_authorization_details for one that was not granted."""
    if not text:
        return granted
    asked = read_details(text, {one["type"] for one in granted})
    if any(one not in granted for one in asked):
        raise OAuthError("invalid_authorization_details", "authorization_details go beyond what was granted")
    return asked


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def deeper(value: Any, most: int) -> bool:
    """Is a JSON value nested in more than `most` levels? It looks no further: a text of brackets alone would exhaust whoever counts them."""
    if not isinstance(value, (dict, list)):
        return False
    return most == 0 or any(deeper(one, most - 1) for one in (value.values() if isinstance(value, dict) else value))


def lines(details: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """For people: (type, [(member, value)]) of each element, nested members joined."""
    return [(str(one["type"]), [(k, _text(v)) for k, v in one.items() if k != "type"]) for one in details]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return "" if value is None else str(value)
