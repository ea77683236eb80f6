"""Taking a compact JWS apart, strictly: what a lenient reader would accept, two readers would understand differently."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

MOST = 16 * 1024
# As base64.urlsafe_b64encode and b64decode do it, whose tables are made anew at each call. What is no base64url becomes no base64.
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_+/=", b"+/!!!")
# The last letters that leave no bit over, where two or three letters beyond a multiple of four hold the last bytes.
_LAST = ((), (), tuple("AQgw"), tuple("AEIMQUYcgkosw048"))
_PADDING = (b"", b"", b"==", b"=")
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class JoseError(ValueError):
    """Not a JWS we accept; the text says why, in English, and never repeats what was sent."""


def b64u(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode()


def unb64u(text: str) -> bytes:
    """Raises JoseError for padding, foreign letters, or bits beyond the last byte (two spellings of one value)."""
    over = len(text) % 4
    if over and not text.endswith(_LAST[over]):
        raise JoseError("not canonical base64url")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + _PADDING[over], strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise JoseError("not base64url") from error


class Head(NamedTuple):
    """The header of a JWS. `alg`: "" where it is no text; `typ`: in lower case and without "application/" (RFC 7515 §4.1.9)."""

    members: dict[str, Any]
    alg: str
    typ: str


class Compact(NamedTuple):
    """`signed`: the bytes the signature covers. Nothing in it is true before `PublicKey.verify`."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes
    alg: str
    typ: str

    def text(self, claim: str) -> str:
        """A claim that is text, "" otherwise."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""


def split(token: str, *, most: int = MOST) -> Compact:
    """The parts of a compact JWS whose payload is a JSON object. Raises JoseError."""
    if len(token) > most:
        raise JoseError("token too large")
    if not _ALPHABET.fullmatch(token):
        raise JoseError("not a compact JWS")
    first, body, signature = token.split(".")
    head = _known_head(first) if len(first) <= _MOST_KNOWN else _head(first)
    return Compact(head.members, _object(unb64u(body)), f"{first}.{body}".encode(), unb64u(signature), head.alg, head.typ)


def _head(text: str) -> Head:
    """Raises JoseError."""
    members = _object(unb64u(text))
    if "crit" in members or "b64" in members:
        raise JoseError("critical header not supported")
    alg, typ = members.get("alg"), members.get("typ", "")
    return Head(members, alg if isinstance(alg, str) else "", typ.lower().removeprefix("application/") if isinstance(typ, str) else "")


# Who signs with one key begins every token alike.
_MOST_KNOWN = 600
_known_head = lru_cache(2048)(_head)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise JoseError("not JSON") from error
    if not isinstance(value, dict):
        raise JoseError("not a JSON object")
    return value
