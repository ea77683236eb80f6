"""Facts of the territory room that others may react to. Payloads hold ids only."""

from typing import Final

HAMLET_ADDED: Final = "territory.hamlet_added"
HAMLET_RENAMED: Final = "territory.hamlet_renamed"
HAMLET_CLOSED: Final = "territory.hamlet_closed"
UNITS_CHANGED: Final = "territory.units_changed"
"""The units themselves were loaded anew: jurisdictions and areas of persons are to be worked out again."""
