"""What a leaf says and what it only commits to. Pure; the inner loop of sequencing and of verification.

A leaf is published. It shows time, organisation and kind of action; who acted, on whom, the citizen's own counter and
everything else only as salted commitments: SHA-256(HMAC-SHA256(salt, label) || value). The salt belongs to one entry;
disclosing one value gives away the HMAC of its label, never the salt, so the other values stay hidden. Once the salt
is erased nobody can link the leaf to anything.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

VERSION = 1
SALT_SIZE = 32

# The columns of audit.content from which a leaf is computed, as `Row` holds them. Time comes as UTC without a zone
# (formatting a zoned datetime costs five times as much), fields and note as JSON text (many entries say the same).
COLUMNS = (
    "entry_id", "at AT TIME ZONE 'UTC'", "action", "org_code", "subject", "subject_seq", "actor_kind", "actor_id", "purpose",
    "legal_basis", "case_ref", "array_to_json(fields)::text", "request_id", "channel", "facts", "note::text", "salt",
)  # fmt: skip
Row = Sequence[Any]

_INNER = bytes(b ^ 0x36 for b in range(256))
_OUTER = bytes(b ^ 0x5C for b in range(256))
_INNER_TAIL = b"\x36" * 32
_OUTER_TAIL = b"\x5c" * 32
_SORTED = orjson.OPT_SORT_KEYS

_LEAF = (
    b'{"action":"%b","content":"%b","officer":"%b","org":%b,"seq":"%b","subject":"%b","t":"%b","v":1}'
)  # keys in order: canonical JSON


def timestamp(at: datetime) -> str:
    """`at` (UTC without zone) with always six digits of a second: 2026-01-31T02:03:04.000005Z."""
    return at.isoformat(timespec="microseconds") + "Z"


def _canonical(text: str | None) -> Any:
    """A JSON value, as PostgreSQL writes it, in canonical form. What does not fit a double or is nested too deep is
    taken as the text it is: no entry may be impossible to write down."""
    if text is None:
        return None
    try:
        return orjson.Fragment(orjson.dumps(orjson.loads(text), option=_SORTED))
    except (ValueError, TypeError):
        return orjson.Fragment(orjson.dumps(text))


@lru_cache(maxsize=4096)
def _quoted(text: str) -> bytes:
    return orjson.dumps(text)


@lru_cache(maxsize=4096)
def _shared(*said: str | None) -> tuple[bytes, bytes]:
    """The parts of a content that many entries have in common: what stands before the entry's id and after its
    digest."""
    kind, case, channel, fields, basis, note, purpose = said
    before = orjson.dumps({"actor_kind": kind, "case_ref": case, "channel": channel})
    after = orjson.dumps(
        {"fields": _canonical(fields), "legal_basis": basis, "note": _canonical(note), "purpose": purpose}
    )
    return before[:-1] + b',"entry_id":', b"," + after[1:-1] + b',"request_id":'


def content_value(row: Row) -> bytes:
    """Canonical JSON (keys in order, no spaces) of what an entry says beyond its leaf, its actor and its subject."""
    (entry_id, _, _, _, _, _, kind, _, purpose, basis, case, fields, request, channel, facts, note, _) = row
    before, after = _shared(kind, case, channel, fields, basis, note, purpose)
    return b"%b%d%b%b%b}" % (
        before,
        entry_id,
        b',"facts":"%b"' % facts.hex().encode() if facts is not None else b',"facts":null',
        after,
        orjson.dumps(request),
    )


def officer_value(row: Row) -> bytes:
    """Who acted: kind:id."""
    return b"%b:%d" % (row[6].encode(), row[7])


def number_value(number: int | None) -> bytes:
    """A subject or a counter: decimal digits, empty where there is none."""
    return b"" if number is None else b"%d" % number


def values(row: Row) -> dict[str, bytes]:
    """All committed values of an entry by label."""
    return {
        "content": content_value(row),
        "officer": officer_value(row),
        "seq": number_value(row[5]),
        "subject": number_value(row[4]),
    }


def label_key(salt: bytes, label: str) -> bytes:
    """HMAC-SHA256(salt, label): what is disclosed to open one commitment."""
    inner = sha256(salt.translate(_INNER) + _INNER_TAIL + label.encode()).digest()
    return sha256(salt.translate(_OUTER) + _OUTER_TAIL + inner).digest()


def make_leaf(row: Row) -> bytes:
    """The leaf of one row of audit.content (columns `COLUMNS`). Must never change for VERSION 1: verification
    computes it again, years later.

    HMAC is written out (RFC 2104, a key of 32 bytes padded to 64): hmac.digest costs twice as much, and this runs
    four times an entry.
    """
    salt = row[16]
    inner = salt.translate(_INNER) + _INNER_TAIL
    outer = salt.translate(_OUTER) + _OUTER_TAIL
    subject, seq = row[4], row[5]

    def commit(label: bytes, value: bytes) -> bytes:
        key = sha256(outer + sha256(inner + label).digest()).digest()
        return b2a_base64(sha256(key + value).digest(), newline=False)

    return _LEAF % (
        row[2].encode(),
        commit(b"content", content_value(row)),
        commit(b"officer", b"%b:%d" % (row[6].encode(), row[7])),
        _quoted(row[3]),
        commit(b"seq", b"" if seq is None else b"%d" % seq),
        commit(b"subject", b"" if subject is None else b"%d" % subject),
        timestamp(row[1]).encode(),
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """One committed value and the key that opens its commitment."""

    label: str
    key: bytes
    value: bytes


def openings(row: Row, labels: Sequence[str]) -> list[Opening]:
    """Open the commitments named by `labels` and no others."""
    all_values = values(row)
    return [Opening(label, label_key(row[16], label), all_values[label]) for label in labels]
