"""Measures that decide, as data with the days on which they hold; they change by adding a row, never by editing one.
What pictures and matches must reach no text of law states: those are this installation's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from dancu.kernel.errors import Unavailable

#: Largest picture taken, in bytes.
MOST_BYTES: Final = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measure:
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class PortraitMeasure(Measure):
    """`side`: shortest side of the picture, pixels. `face`: shortest side of the face, pixels. `ratio`: face to picture,
    by width. `sharpness`: variance of the Laplacian of the face at 112 × 112. `dark`, `bright`: mean of 0 to 255.
    `yaw`, `roll`: degrees to either side."""

    side: int
    face: int
    ratio: float
    sharpness: float
    dark: float
    bright: float
    yaw: float
    roll: float


@dataclass(frozen=True, slots=True)
class MatchMeasure(Measure):
    """`engine`: what made the templates. `threshold`: least score that counts as the same. `quality`: least quality of a
    sample to be kept."""

    kind: str
    engine: str
    threshold: float
    quality: float = 0.0


PORTRAITS: Final = (
    PortraitMeasure(date(2022, 10, 20), None, side=200, face=80, ratio=0.18, sharpness=60.0, dark=55.0, bright=215.0, yaw=30.0, roll=15.0),
)  # fmt: skip

SFACE: Final = "sface-2021dec-int8bq"
ISO_FINGER: Final = "iso-19794-2:2005"
#: SFace: its makers take 0.363 for the same person; strangers of our test pictures reach 0.22, the same person years later
#: 0.53 and more. Bozorth3: NIST takes 40 and more for a match, the binding's makers 50; made-up prints of strangers,
#: dense with minutiae, reach 55, and two pressings of one finger 499 and more.
MATCHES: Final = (
    MatchMeasure(date(2022, 10, 20), None, kind="face", engine=SFACE, threshold=0.42),
    MatchMeasure(date(2022, 10, 20), None, kind="finger", engine=ISO_FINGER, threshold=60.0, quality=5.0),
)



@dataclass(frozen=True, slots=True)
class CardAges(Measure):
    """`ages` at which a card must be changed; one issued within `years_before` of such an age serves to the next.
    Source: the law named; read on law portals, not checked against the gazette."""

    law: str
    ages: tuple[int, ...]
    years_before: int


CARD_AGES: Final = (
    CardAges(date(2016, 1, 1), date(2024, 7, 1), law="59/2014/QH13 Điều 21", ages=(25, 40, 60), years_before=2),
    CardAges(date(2024, 7, 1), None, law="26/2023/QH15 Điều 21", ages=(14, 25, 40, 60), years_before=2),
)

M = TypeVar("M", bound=Measure)


def in_force(measures: tuple[M, ...], day: date) -> M:
    """The measure of that day. Raises Unavailable where none holds."""
    for measure in measures:
        if measure.holds(day):
            return measure
    raise Unavailable("cards.no_rule", "Chưa có quy định cho ngày này. Hãy báo quản trị hệ thống.")


def match_measure(kind: str, day: date) -> MatchMeasure:
    return in_force(tuple(measure for measure in MATCHES if measure.kind == kind), day)
