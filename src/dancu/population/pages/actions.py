"""What an officer may register on a record: the verbs' pages, by permission and by what makes sense."""

from __future__ import annotations

from dancu.kernel.actor import Actor
from dancu.population import models as m


def actions_for(actor: Actor, view: m.PersonView) -> list[tuple[str, str]]:
    """(title, address) of each verb this actor may start on this person."""
    return []
