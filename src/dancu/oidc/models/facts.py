"""The registry's facts that claims are made of."""

from __future__ import annotations

from typing import NamedTuple


class Home(NamedTuple):
    """Where somebody lives: street and house, the hamlet's and the unit's number."""

    address: str
    hamlet_id: int | None
    unit_id: int | None


class Facts(NamedTuple):
    """Of one person, today; empty where nothing is known or was not asked. `birth`: year, month, day, known in part."""

    name: str = ""
    birth: tuple[int | None, int | None, int | None] = (None, None, None)
    sex: str = ""
    number: str = ""
    nationality: str = ""
    home: Home | None = None
