"""Timed work of cards."""

from __future__ import annotations

from procrastinate import Blueprint

blueprint = Blueprint()
