"""The registry in words: codes, facts and places as people read them, in the language of the request."""

from dancu.population.wording import labels
from dancu.population.wording.lines import Line, country, day, grouped, iso_day, lines, place, place_today, source, word
from dancu.population.wording.terms import term

__all__ = ["Line", "country", "day", "grouped", "iso_day", "labels", "lines", "place", "place_today", "source", "term", "word"]
