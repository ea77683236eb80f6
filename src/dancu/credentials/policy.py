"""When a ministry's record becomes a document in the account: pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from dancu.credentials.models import Standing, State
from dancu.credentials.rules import Kind
from dancu.exchange.models.connectors import Outcome
from dancu.exchange.models.papers import Shown


def standing(shown: Shown, kind: Kind) -> Standing:
    """What an asking makes of the wish: the source must know the person, hold such a record, and agree with the registry on who the
    person is: name, birth and sex, each where it says one. A difference people make (a mark left out, day and month changed over) is
    a difference: somebody looks at it before a paper stands in anybody's name."""
    if shown.outcome is Outcome.NOT_CONNECTED:
        return Standing.NOT_CONNECTED
    if shown.outcome is not None and not shown.outcome.answered:
        return Standing.UNREACHABLE
    if shown.paper is None or shown.paper.content is None or not shown.paper.content.parts.get(kind.part):
        return Standing.NOT_FOUND
    return Standing.CONTRADICTS if shown.differs else Standing.INTEGRATED


def state(record: Mapping[str, Any], kind: Kind, today: date) -> State:
    """How a document stands: as its source says; past its last day it is expired whatever else is said, but for one that was
    taken away. A word we do not know is no reason to call it valid."""
    said = record.get(kind.state) if kind.state else "valid"
    found = State(said) if said in set(State) else State.SUSPENDED
    until = str(record.get(kind.until, "")) if kind.until else ""
    if found is State.VALID and len(until) == 10 and until < today.isoformat():
        return State.EXPIRED
    return found
