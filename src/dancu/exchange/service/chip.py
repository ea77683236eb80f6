"""The chip of a card: what its reader handed over, and whether the state really wrote it (passive authentication)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dancu.cards.models import Reading
from dancu.exchange.parsing import chip as parsing
from dancu.kit.db import data_dir


class Authenticity(StrEnum):
    """`SIGNED`: every file read is covered by a signature that leads to a trusted authority. `UNKNOWN_ISSUER`: signed, by
    nobody we were told to trust. `UNCHECKED`: the reader gave no signature file. `FORGED`: the signature or a hash does not
    fit."""

    SIGNED = "signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNCHECKED = "unchecked"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class ChipRead:
    reading: Reading
    authenticity: Authenticity
    reader: str


def read(line: str) -> ChipRead:
    """What the line of a reader's program says. Raises Invalid `residence.chip…`, `person.number…`."""
    files = parsing.read_line(line)
    return ChipRead(files.reading, _authenticity(files), files.reader)


def _authenticity(files: parsing.ChipFiles) -> Authenticity:
    if not files.sod:
        return Authenticity.UNCHECKED
    from dancu.exchange.parsing import passive

    try:
        trusted = passive.check(files.sod, {13: files.dg13}, passive.anchors(data_dir() / "keys" / "csca"))
    except passive.Forged:
        return Authenticity.FORGED
    return Authenticity.SIGNED if trusted else Authenticity.UNKNOWN_ISSUER
