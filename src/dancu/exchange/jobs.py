"""Timed work of data exchange."""

from __future__ import annotations

from procrastinate import Blueprint

blueprint = Blueprint()
