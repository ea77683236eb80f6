"""What a passcode must not be made of: it stands on every photocopy of the holder's card."""

from __future__ import annotations

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service.verify import release

_RELEASED = ("number", "name", "birth")


async def own_words(conn: Conn, actor: Actor, purpose: Purpose, key: int) -> list[str]:
    """The holder's numbers, birth date and name. A signed-in holder reads their own record; before that (activation, a way
    back in) the platform does, for `purpose`. Recorded either way. Raises NotFound, NotAllowed."""
    if actor.kind is ActorKind.CITIZEN:
        return _words(await population.person(conn, actor, access.choose_purpose("own_record"), key))
    return _words(await release(conn, actor, purpose, key, _RELEASED))


def _words(view: PersonView) -> list[str]:
    words = [fact.number for fact in view.numbers]
    words += [word for word in (view.name.full_name.split() if view.name else ()) if len(word) >= 3]
    birth = view.birth
    if birth and birth.year:
        year, month, day = f"{birth.year:04d}", f"{birth.month or 0:02d}", f"{birth.day or 0:02d}"
        words.append(year)
        if birth.month and birth.day:
            words += [day + month + year, year + month + day, day + month + year[2:], year[2:] + month + day]
    return words
