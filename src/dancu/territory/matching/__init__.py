"""Free-text addresses read as units, as of a date. Pure; says "ambiguous" or "unknown" rather than guess.

The address is cut into words (`reading`), places where a known name stands are found (`mentions`), every unit so named
is scored by how much of the address it explains (`scoring`); only if something stays unexplained are near-names tried
(`approximate`). The best readings are then carried forward or back to the units of the day asked about (`answer`).
"""

from dancu.territory.matching.answer import resolve

__all__ = ["resolve"]
