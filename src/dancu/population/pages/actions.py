"""What an officer may register on a record: the verbs' pages, by permission and by what makes sense."""

from __future__ import annotations

from dancu.kernel.actor import Actor
from dancu.kit.handles import handle
from dancu.population import models as m
from dancu.population.pages.verbs import BY_CODE, PAGES

Group = tuple[str, list[tuple[str, str]]]


def actions_for(actor: Actor, view: m.PersonView) -> list[Group]:
    """Groups of (title, address) of each verb this actor may start on this person; titles are msgids."""
    found: dict[str, list[tuple[str, str]]] = {}
    for page in PAGES:
        if page.listed and not page.alone and page.offered(actor, view):
            found.setdefault(page.group, []).append((page.title, f"/desk/persons/{handle(actor, view.person_key)}/do/{page.code}"))
    return list(found.items())


#: After a registration: what a new record usually needs next.
_FOLLOW = {"birth": ("allocate-number", "join-household"), "person": ("allocate-number", "join-household")}


def follow_ups(actor: Actor, view: m.PersonView, code: str) -> list[tuple[str, str]]:
    """(title, address) of what usually comes after the verb just done, as far as it makes sense here."""
    done = {"join-household"} if view.membership is not None else set()
    pages = [BY_CODE[one] for one in _FOLLOW.get(code, ()) if one not in done and BY_CODE[one].offered(actor, view)]
    return [(page.title, f"/desk/persons/{handle(actor, view.person_key)}/do/{page.code}") for page in pages]


def done_title(code: str) -> str:
    """What was just done, from the address a verb leads back to; "" for anything else."""
    return BY_CODE[code].title if code in BY_CODE else ""
