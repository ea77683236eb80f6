"""Portraits, reference samples and what comparing them gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dancu.kernel.findings import Finding


class SampleKind(StrEnum):
    """Also found by the name of the picture it is made from: "portrait", "fingerprint"."""

    FACE = "face"
    FINGER = "finger"

    @classmethod
    def _missing_(cls, value: object) -> SampleKind | None:
        return {"portrait": cls.FACE, "fingerprint": cls.FINGER}.get(str(value))


class SampleSource(StrEnum):
    """Where a reference sample comes from. Rules of level 2 ask for one taken for the card."""

    CARD = "card"  # taken when the ID card was made
    COUNTER = "counter"  # taken by an officer at a counter
    DOORSTEP = "doorstep"
    ONLINE = "online"  # the applicant's own picture, approved
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class PortraitCheck:
    """`problems` are sentences that say what to do; `image` is the picture made anew as JPEG, upright, without metadata:
    keep this one, never the upload. `embedding` is for the comparison that follows and is never shown."""

    ok: bool
    problems: tuple[Finding, ...]
    face_count: int
    width: int
    height: int
    image: bytes = field(default=b"", repr=False)
    embedding: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of a reference sample without reading it. `position`: finger 1 (right thumb) to 10 (left little
    finger) as in ISO/IEC 19794-2, 0 for a face. `demo`: made for the demonstration, proves nothing about anybody."""

    kind: SampleKind
    position: int
    source: SampleSource
    taken_on: date
    demo: bool


@dataclass(frozen=True, slots=True)
class Match:
    """`score` on the scale of the matcher (faces -1 to 1, fingers from 0 up), `threshold` the least that is the same."""

    matched: bool
    score: float
    threshold: float
    reference: Reference
