"""Services where a citizen is signed in with their account: what each may see, when it was used last, and ending it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dancu.accounts.service import core
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotFound
from dancu.kit import jobs
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import Client, Family
from dancu.oidc.policy import groups_of_claims, groups_of_scopes
from dancu.oidc.service.consent import BASIS, PURPOSE
from dancu.oidc.store import clients, families
from dancu.sharing import service as sharing

TELL_JOB = "oidc:tell_service"


@dataclass(frozen=True, slots=True)
class Connection:
    """One service. `groups`: what it may see now. `until`: when the last sign-in there runs out, in the past where only the service's own
    session may go on. `offline`: it goes on after the citizen signed out here."""

    client: Client
    groups: frozenset[str]
    since: datetime
    used: datetime
    until: datetime
    offline: bool


async def connections(conn: Conn, actor: Actor) -> list[Connection]:
    """The citizen's own, used last first."""
    by_client: dict[int, list[Family]] = {}
    for family in await _running(conn, actor):
        by_client.setdefault(family.client_no, []).append(family)
    agreed = await _groups(conn, actor)
    found = []
    for number, mine in by_client.items():
        client = await clients.by_no(conn, number)
        if client is not None:
            by_law = await sharing.agreement(conn, number)
            groups = agreed.get(number, frozenset())
            if by_law is not None:
                groups &= by_law.claims
                if not by_law.consent_needed:
                    groups |= by_law.claims & _asked(mine)
            found.append(
                Connection(
                    client, groups, min(one.created_at for one in mine), max(one.used_at for one in mine),
                    max(one.expires_at for one in mine), any(one.offline for one in mine),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: one.used, reverse=True)


async def disconnect(conn: Conn, actor: Actor, client_id: str, issuer: str, *, demo: bool = False) -> Client:
    """End every sign-in at this service and what it may see, and have it told. Raises NotFound where there is no sign-in
    of this citizen."""
    client = await clients.by_id(conn, client_id)
    mine = [one for one in await _running(conn, actor) if client is not None and one.client_no == client.client_no]
    if client is None or not mine:
        raise NotFound("oidc.connection.none", N_("Bạn không còn đăng nhập ở dịch vụ này."))
    for one in mine:
        await families.end(conn, one.person_key, one.family_id, one.client_no, "disconnected")
    now = SYSTEM_CLOCK.now()
    for kept in await sharing.consents_of(conn, actor):
        if kept.client_no == client.client_no and kept.stands(now):
            await sharing.withdraw(conn, actor, kept.consent_id)
    await audit.record(
        conn, actor, Purpose(PURPOSE, BASIS), action="sign_in", subjects=[actor.actor_id], fields=None,
        note={"verb": "oidc.disconnect", "client_no": client.client_no},
    )  # fmt: skip
    if client.backchannel_logout_uri:
        for sid in sorted({one.sid for one in mine if one.sid}):
            args = {"person_key": actor.actor_id, "client_no": client.client_no, "sid": sid, "issuer": issuer, "demo": demo}
            await jobs.defer(conn, TELL_JOB, args)
    return client


async def _running(conn: Conn, actor: Actor) -> list[Family]:
    """Families nobody ended, also where the tokens ran out: tokens live minutes, the service's own session goes on for hours, and only
    being told ends it. Those from before the account moved on are worth nothing."""
    key = actor.actor_id
    await core.open(conn, [key])
    version = (await core.lock_versions(conn, [key])).get(key)
    return [one for one in await families.of_person(conn, key, expired=True) if one.lock_version == version]


async def _groups(conn: Conn, actor: Actor) -> dict[int, frozenset[str]]:
    now = SYSTEM_CLOCK.now()
    found: dict[int, frozenset[str]] = {}
    for kept in await sharing.consents_of(conn, actor):
        if kept.stands(now):
            found[kept.client_no] = found.get(kept.client_no, frozenset()) | kept.lasting(now)
    return found


def _asked(mine: Iterable[Family]) -> frozenset[str]:
    wanted: set[str] = set()
    for one in mine:
        named = [name for place in one.claims.values() if isinstance(place, dict) for name in place]
        wanted |= {*groups_of_scopes(one.scope), *groups_of_claims(named)}
    return frozenset(wanted)
