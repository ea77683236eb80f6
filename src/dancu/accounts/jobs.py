"""Timed work of accounts."""

from __future__ import annotations

from procrastinate import Blueprint

blueprint = Blueprint()
