"""Verbs of cards, re-exported: reading a card's text, checking a portrait, keeping and comparing samples."""

from __future__ import annotations

from dancu.cards.models import Reading
from dancu.cards.parsing import read_text
from dancu.cards.service.portrait import check_portrait

__all__ = ["Reading", "check_portrait", "read_text"]
