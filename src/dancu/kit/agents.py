"""Browsers by the names people call them."""

from __future__ import annotations

from functools import lru_cache

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


@lru_cache(1024)
def device_name(agent: str) -> str:
    """Browser and system as people call them ("Firefox, Windows"); the browser's own words are unreadable. Empty
    where neither is known."""
    names = (next((name for mark, name in known if mark in agent), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in names if name)
