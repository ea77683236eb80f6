"""What cards deal in: a reading of a card's text, the check of a portrait, a reference sample, a match, an order."""

from dancu.cards.models.biometric import Match, PortraitCheck, Reference, SampleKind, SampleSource
from dancu.cards.models.order import CardOrder, OrderReason, OrderState
from dancu.cards.models.reading import FEMALE, MALE, Reading, TextKind

__all__ = [
    "FEMALE",
    "MALE",
    "CardOrder",
    "Match",
    "OrderReason",
    "OrderState",
    "PortraitCheck",
    "Reading",
    "Reference",
    "SampleKind",
    "SampleSource",
    "TextKind",
]
