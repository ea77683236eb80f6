"""Judgements of cards: pure, from measures to sentences."""
