"""What documents are called, for rooms that speak of them."""

from __future__ import annotations

from dancu.credentials.rules import KINDS


def document_title(code: str) -> str:
    """The msgid of a kind's title; the code itself for one we do not know."""
    return KINDS[code].title if code in KINDS else code
