"""Timed work of oidc."""

from __future__ import annotations

from procrastinate import Blueprint

blueprint = Blueprint()
