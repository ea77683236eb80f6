"""Verbs of cards."""

from dancu.cards.models import Reading
from dancu.cards.parsing import read_text

__all__ = ["Reading", "read_text"]
