"""The desk pages of every verb of the registry: described here, shown by one template, run by one pair of handlers."""

from __future__ import annotations

from dancu.population.pages.verbs import (
    corrections,
    family,
    household,
    identity,
    life,
    merging,
    papers,
    register,
    residence,
)
from dancu.population.pages.verbs.page import VerbPage

PAGES: tuple[VerbPage, ...] = (
    *residence.PAGES, *household.PAGES, *identity.PAGES, *corrections.PAGES, *family.PAGES, *life.PAGES, *papers.PAGES, *merging.PAGES,
    *register.PAGES,
)  # fmt: skip
BY_CODE = {page.code: page for page in PAGES}

__all__ = ["BY_CODE", "PAGES", "VerbPage"]
