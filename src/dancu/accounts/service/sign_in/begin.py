"""Who is at the browser already, and what is still to be proved."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache

from dancu.accounts.models import SignIn
from dancu.accounts.models.sign_in import Carried, Flow, Standing
from dancu.accounts.store import sign_in_steps as steps
from dancu.accounts.store import sign_ins as store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kit.db import Conn
from dancu.kit.keys import KeyRing
from dancu.kit.ring import ring
from dancu.kit.tokens import new_token
from dancu.population import service as population


@dataclass(frozen=True, slots=True)
class Started:
    """`done`: the session is good enough already. Else `flow` begins, knowing whom where a session says it."""

    flow: Flow
    signed: SignIn | None
    done: bool


async def current(conn: Conn, actor: Actor) -> SignIn | None:
    """What a citizen's session proved; None for everybody else, for a persona of a demonstration, and where the account
    is locked or moved on since."""
    if actor.kind is not ActorKind.CITIZEN or not actor.session_id:
        return None
    return await store.current(conn, actor.actor_id, bytes.fromhex(actor.session_id))


def anonymous(
    *, next: str, acr: int, assisted: bool = False, service: str = "", carried: Carried | None = None, now: float | None = None
) -> Flow:
    """The beginning for a browser without a session."""
    return Flow(next, acr, sid=new_token(16), assisted=assisted, started=now or time.time(), service=service, carried=carried)


async def begin(
    conn: Conn, actor: Actor, *, next: str = "/account", acr: int = 1, max_age: int | None = None, prompt: str = "",
    assisted: bool = False, now: float | None = None,
) -> Started:  # fmt: skip
    """Start, or find that nothing is needed. `acr` 1 to 4; `max_age`: seconds since the last proof; `prompt` "login":
    prove it again whatever the session says."""
    now = now or time.time()
    flow = anonymous(next=next, acr=acr, assisted=assisted, now=now)
    signed = await current(conn, actor)
    if signed is None:
        return Started(flow, None, False)
    flow = flow._replace(key=signed.person_key, sid=signed.sid, assisted=assisted or signed.assisted)
    if prompt == "login" or (max_age is not None and now - signed.at.timestamp() > max_age):
        return Started(flow, signed, False)
    return Started(flow._replace(amr=signed.amr), signed, signed.acr >= acr)


async def identify(conn: Conn, flow: Flow, number: str) -> tuple[Flow, Standing | None]:
    """The flow of whoever the number names, and their account; nobody where it names none or one without an account, and
    nothing says so. Raises Invalid for what cannot be a number."""
    digits, named = typed(number)
    found = await steps.standing(conn, numbers=[digits])
    return named_by(flow, named, found), found


def typed(number: str) -> tuple[str, str]:
    """A number's digits, and what stands for it where the throttle counts it. Raises Invalid for what cannot be a number."""
    population.check_number(number)
    digits = "".join(filter(str.isdigit, number))
    return digits, hashlib.blake2b(digits.encode(), digest_size=16, key=_naming(ring())).hexdigest()


@lru_cache(4)
def _naming(of: KeyRing) -> bytes:
    """The key by which numbers are named, of this installation."""
    return of.mac("sign-in number", b"")


def named_by(flow: Flow, named: str, found: Standing | None) -> Flow:
    """The flow of whoever a number names."""
    return flow._replace(key=found.person_key if found else 0, number=named, amr=())
