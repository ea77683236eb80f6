"""Secrets that nobody can guess, as text: the system's random numbers, as `secrets` has them, without the four calls around them."""

from __future__ import annotations

import binascii
import os

_TO_URL = bytes.maketrans(b"+/", b"-_")


def new_token(size: int) -> str:
    """`size` random bytes in the letters of an address (RFC 4648 section 5), without padding."""
    return binascii.b2a_base64(os.urandom(size), newline=False).translate(_TO_URL, b"=").decode()
