"""What counts as proof of identity when somebody cannot sign in: pure rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from dancu.accounts.models.recovery import Needs

LINK_LIVES: Final = timedelta(minutes=15)
CALL_LIVES: Final = timedelta(minutes=15)
CHANGE_LIVES: Final = timedelta(hours=24)

# What an officer can check at a counter.
CHECKS: Final = frozenset({"card", "face", "seen"})
# Right on every photocopy of a card: needed, and worth nothing by themselves.
ON_THE_CARD: Final = ("name", "birth")
# Not on a card (whose QR code holds the former number too): what the registry, or the account, knows besides.
OFF_THE_CARD: Final = ("phone", "email", "moved", "married", "children", "activated")
ENOUGH_ANSWERS: Final = 2


def identity_enough(checks: Collection[str], *, has_reference: bool) -> bool:
    """A card that was read, and the face: compared where a reference portrait exists, otherwise seen by the officer."""
    given = set(checks) & CHECKS
    return "card" in given and ("face" in given or ("seen" in given and not has_reference))


def needs_of(*, code_reaches_holder: bool) -> Needs:
    """No officer completes a recovery alone: the holder's phone does, or a second officer where it cannot."""
    return Needs.CODE if code_reaches_holder else Needs.SECOND


def answers_enough(answers: Mapping[str, str]) -> bool:
    """By telephone, from words of population's Agreement: the card's words agree (a name may be close), two answers that
    are on no card are right, none is wrong."""
    if answers.get("name") not in ("yes", "close") or answers.get("birth") != "yes":
        return False
    given = [answers[question] for question in OFF_THE_CARD if question in answers]
    return given.count("yes") >= ENOUGH_ANSWERS and "no" not in given
