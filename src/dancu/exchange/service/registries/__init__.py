"""Generic registries: read and write records; every touch of one is evidence before it is answered.

Members of a record have one canonical spelling (`firstName`, `birthCertificateId`, `id`); callers may write them as their
edition of the dialect does (`FirstName`, `BirthCertificateID`, `ID`). The population appears as a registry of its own name,
read only, one person at a time by number.
"""

from __future__ import annotations

from dancu.exchange.service.registries.definitions import by_no, close, define, every, find, lay_down, reopen
from dancu.exchange.service.registries.members import canonical, content_of, spelled
from dancu.exchange.service.registries.population import POPULATION
from dancu.exchange.service.registries.reader import Reader, Used
from dancu.exchange.service.registries.reading import MOST_LISTED, exists, listed, read, read_value, uses
from dancu.exchange.service.registries.writing import create, delete, update, update_or_create

__all__ = [
    "MOST_LISTED",
    "POPULATION",
    "Reader",
    "Used",
    "by_no",
    "canonical",
    "close",
    "content_of",
    "create",
    "define",
    "delete",
    "every",
    "exists",
    "find",
    "lay_down",
    "listed",
    "read",
    "read_value",
    "reopen",
    "spelled",
    "update",
    "update_or_create",
    "uses",
]
