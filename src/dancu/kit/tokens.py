"""Bytes in the letters of an address (RFC 4648 section 5), and secrets that nobody can guess. As the library's `base64` and `secrets`
do it, without the calls around it."""

from __future__ import annotations

from binascii import b2a_base64
from os import urandom

_TO_URL = bytes.maketrans(b"+/", b"-_")


def new_token(size: int) -> str:
    """`size` random bytes, without padding."""
    return b2a_base64(urandom(size), newline=False).translate(_TO_URL, b"=").decode()


def in_url(data: bytes) -> str:
    """With padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).decode()
