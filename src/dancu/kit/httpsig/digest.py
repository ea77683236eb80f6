"""Content-Digest (RFC 9530)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

from dancu.kit.httpsig.fields import byte_values

_KNOWN = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def content_digest(body: bytes) -> str:
    """The field's value for these bytes."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def digest_matches(value: str, body: bytes) -> bool:
    """True when at least one digest is of a kind we know and every such one is the body's. Raises Malformed."""
    if value == content_digest(body):  # as nearly everybody writes it
        return True
    known = {name: digest for name, digest in byte_values(value).items() if name in _KNOWN}
    return bool(known) and all(hmac.compare_digest(digest, _KNOWN[name](body).digest()) for name, digest in known.items())
