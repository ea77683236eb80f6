"""Checking a portrait: one face, large, sharp, lit and straight enough."""

from __future__ import annotations

from datetime import date

from dancu.cards.biometrics.engine import check_bytes, engine
from dancu.cards.models import PortraitCheck
from dancu.cards.policy.portrait import problems
from dancu.cards.rules import PORTRAITS, in_force
from dancu.kernel.clock import SYSTEM_CLOCK


async def check_portrait(image: bytes, *, day: date | None = None) -> PortraitCheck:
    """Judge a picture by the measures of `day` (default: today). Raises Invalid ("image.…") for what is no usable
    picture, Exceeded where too many wait, Unavailable where the checker does not answer."""
    check_bytes(image)
    measured, (cleaned, embedding) = await engine().ask("face", image)
    found = problems(measured, in_force(PORTRAITS, day or SYSTEM_CLOCK.today()))
    return PortraitCheck(
        not found, found, measured["faces"], measured["width"], measured["height"], cleaned, embedding
    )
