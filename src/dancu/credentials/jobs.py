"""Timed work of integrated documents."""

from __future__ import annotations

from procrastinate import Blueprint

blueprint = Blueprint()
