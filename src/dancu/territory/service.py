"""Public verbs of the territory room."""

from dancu.territory.gazetteer import OLDEST_KNOWN, REFORM, Gazetteer, gazetteer

__all__ = ["OLDEST_KNOWN", "REFORM", "Gazetteer", "gazetteer"]
