"""Rich authorization requests (RFC 9396): what exactly the client wants to do once the citizen agreed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from dancu.oidc.service.errors import OAuthError

_MOST_TEXT, _MOST, _DEEPEST = 4000, 10, 4


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
        if not isinstance(one, dict) or not isinstance(one.get("type"), str) or not 0 < len(one["type"]) <= 100 or _deep(one) > _DEEPEST:
            raise wrong
        if one["type"] not in types:
            raise OAuthError("invalid_authorization_details", "a type of authorization_details is not registered for this client")
    return value


def narrow(text: str, granted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the granted elements a token is wanted for: all where nothing is said (RFC 9396 §6). Raises OAuthError
    invalid_authorization_details for one that was not granted."""
    if not text:
        return granted
    asked = read_details(text, {one["type"] for one in granted})
    if any(one not in granted for one in asked):
        raise OAuthError("invalid_authorization_details", "authorization_details go beyond what was granted")
    return asked


def _deep(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_deep(one) for one in inner), default=0) if isinstance(value, (dict, list)) else 0


def lines(details: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """For people: (type, [(member, value)]) of each element, nested members joined."""
    return [(str(one["type"]), [(k, _text(v)) for k, v in one.items() if k != "type"]) for one in details]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return "" if value is None else str(value)
