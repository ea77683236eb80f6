"""Verbs of cards, re-exported: reading a card's text, checking a portrait, keeping and comparing samples."""

from __future__ import annotations

from dancu.cards.models import (
    CardOrder,
    Match,
    OrderReason,
    OrderState,
    PortraitCheck,
    Reading,
    Reference,
    SampleKind,
    SampleSource,
    TextKind,
)
from dancu.cards.parsing import read_text
from dancu.cards.service.comparing import Compared, Standing, alike, compare_card, over, standing, void
from dancu.cards.service.orders import order_card, orders_of
from dancu.cards.service.portrait import check_portrait
from dancu.cards.service.samples import (
    compare_faces,
    compare_fingerprints,
    has_reference,
    keep_reference,
    references,
    show_face,
)

__all__ = [
    "CardOrder",
    "Compared",
    "Match",
    "OrderReason",
    "OrderState",
    "PortraitCheck",
    "Reading",
    "Reference",
    "SampleKind",
    "SampleSource",
    "Standing",
    "TextKind",
    "alike",
    "check_portrait",
    "compare_card",
    "compare_faces",
    "compare_fingerprints",
    "has_reference",
    "keep_reference",
    "order_card",
    "orders_of",
    "over",
    "read_text",
    "references",
    "show_face",
    "standing",
    "void",
]
