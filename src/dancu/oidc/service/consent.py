"""What a client may have of a citizen: its agreement, and what the citizen agreed to. The room `sharing` knows both; this is
the one place that asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn
from dancu.oidc.models import AuthRequest, Client, ClientState
from dancu.oidc.policy import GROUPS, SCOPES, groups_of_claims, groups_of_scopes
from dancu.oidc.service.errors import OAuthError
from dancu.sharing import service as sharing
from dancu.sharing.models import Agreement, Consent

_SECONDS, _MOST = 5.0, 5_000
PURPOSE, BASIS = "online_service", "69/2024/NĐ-CP"
_purpose = lru_cache(512)(Purpose)
# How long a citizen may agree for: the choice's name -> its time.
TERMS: dict[str, timedelta] = {"once": timedelta(hours=1), "half_year": timedelta(days=182), "year": timedelta(days=365)}


class Terms(NamedTuple):
    """`groups`: claim groups the client may ever have. `consent_needed` False: another legal basis carries it.
    `level_min`: the account's level the service needs. `trial`: the client
    is not approved yet, so nobody passes through it without having been told."""

    purpose: Purpose
    groups: frozenset[str]
    consent_needed: bool = True
    level_min: int = 1
    trial: bool = False


async def terms(conn: Conn, client: Client, purpose: str = "", *, demo: bool = False) -> Terms:
    """Raises OAuthError unauthorized_client for a purpose that was not agreed. A client without an agreement learns that
    somebody signed in, and who they are to it, and nothing more; in a demonstration, where nobody is real, a test client
    may ask for everything."""
    return terms_of(await sharing.agreement(conn, client.client_no), client, purpose, demo=demo)


def terms_of(agreement: Agreement | None, client: Client, purpose: str = "", *, demo: bool = False) -> Terms:
    """What this agreement means for the client, see `terms`."""
    trial = client.state is ClientState.TEST and not demo
    if agreement is None:
        free = demo and client.state is ClientState.TEST
        return Terms(Purpose(PURPOSE, BASIS), frozenset(GROUPS) if free else frozenset(), trial=trial)
    purposes, chosen = agreement.purposes, purpose or PURPOSE
    basis = purposes.get(chosen)
    if basis is None:
        chosen = purpose or next(iter(purposes), PURPOSE)
        if purposes and chosen not in purposes:
            raise OAuthError("unauthorized_client", "the purpose is not part of the agreement")
        basis = purposes.get(chosen, BASIS)
    return Terms(_purpose(chosen, basis), frozenset(agreement.claims), agreement.consent_needed, agreement.level_min, trial)


class ReleaseTerms(NamedTuple):
    """Under what something may go out, before the family is known: groups, whether the citizen must have agreed, and the
    agreement's purposes with their legal bases (None without an agreement: then `default` it is)."""

    groups: frozenset[str]
    consent_needed: bool
    purposes: dict[str, str] | None
    default: Purpose


def terms_for_release(agreement: Agreement | None, client: Client, *, demo: bool = False) -> ReleaseTerms:
    """As `terms_of`, for a release whose purpose stands in a family not read yet."""
    if agreement is None:
        without = terms_of(None, client, demo=demo)
        return ReleaseTerms(without.groups, without.consent_needed, None, without.purpose)
    return ReleaseTerms(frozenset(agreement.claims), agreement.consent_needed, agreement.purposes, _purpose(PURPOSE, BASIS))


async def given(conn: Conn, key: int, client: Client, purpose: Purpose) -> frozenset[str] | None:
    """Groups the citizen agreed to for this purpose, still in time; None where they were never asked or took it back."""
    return lasting(await sharing.consent(conn, key, client.client_no, purpose.code))


def lasting(consent: Consent | None) -> frozenset[str] | None:
    """As `given`, of a consent that was read just now."""
    if consent is None or (consent.until is not None and consent.until <= datetime.now(UTC)):
        return None
    return frozenset(consent.claims)


async def earlier(conn: Conn, key: int, client: Client, terms: Terms, shown: Collection[str]) -> dict[str, datetime]:
    """Groups the citizen agreed to before, that may still go out and are not on the page that asks for `shown` -> their ends."""
    before = await sharing.ends_of(conn, key, client.client_no, terms.purpose.code)
    return {group: ends for group, ends in before.items() if group in terms.groups and group not in shown}


async def give(conn: Conn, actor: Actor, client: Client, ticked: frozenset[str], terms: Terms, term: str, shown: Collection[str]) -> None:
    """Keep what the citizen ticked, for the time they chose; the receipt is the sharing room's, which keeps one consent for a client and
    purpose. What was agreed to before and not asked about now stays in it, each group until the end chosen then."""
    ends = {**await earlier(conn, actor.actor_id, client, terms, shown), **dict.fromkeys(ticked, datetime.now(UTC) + TERMS[term])}
    last = max(ends.values())
    await sharing.give(
        conn, actor, client.client_no, frozenset(ends), terms.purpose, last, ends={group: at for group, at in ends.items() if at < last},
        client_name=client.name, org_code=client.org_code, org_name=client.org_name,
        client_name_en=client.name_en,
    )  # fmt: skip


async def carried(conn: Conn, origin: Client, key: int, purpose: str, scope: tuple[str, ...], *, demo: bool = False) -> tuple[str, ...]:
    """Of the scopes of a token that is handed on those that read nothing, and those the citizen still agrees to at `origin`, the service
    where they signed in: what it may not read itself it asks nobody else for."""
    if not groups_of_scopes(scope):
        return scope
    allowed = frozenset[str]()
    with suppress(OAuthError):  # the purpose is not agreed with the organisation any more
        agreed = await terms(conn, origin, purpose, demo=demo)
        allowed = agreed.groups & (await given(conn, key, origin, agreed.purpose) or frozenset() if agreed.consent_needed else agreed.groups)
    return tuple(one for one in scope if not SCOPES.get(one) or allowed.intersection(SCOPES[one]))


def asked(request: AuthRequest) -> tuple[str, ...]:
    """The claim groups a request wants, by its scopes and its `claims`, in the order of GROUPS."""
    if not request.claims:
        return groups_of_scopes(request.scope)
    named = [*request.asked_claims("userinfo"), *request.asked_claims("id_token")]
    wanted = {*groups_of_scopes(request.scope), *groups_of_claims(named)}
    return tuple(group for group in GROUPS if group in wanted)


class Agreements:
    """Agreements of the last seconds, for the hot path: it looks again after `_SECONDS`. Consents are never remembered:
    what a citizen takes back works at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Agreement | None]] = {}

    async def of(self, connect: Callable[[], AbstractAsyncContextManager[Conn]], client_no: int) -> Agreement | None:
        found = self._known.get(client_no)
        if found is None or found[0] < time.monotonic():
            if len(self._known) > _MOST:
                self._known.clear()
            async with connect() as conn:
                found = self._known[client_no] = (time.monotonic() + _SECONDS, await sharing.agreement(conn, client_no))
        return found[1]

    def forget(self, client_no: int) -> None:
        self._known.pop(client_no, None)


async def released(
    agreements: Agreements, conn: Conn, key: int, client: Client, wanted: frozenset[str], purpose: str, *, demo: bool = False
) -> tuple[Purpose, frozenset[str]]:
    """Purpose and groups that may go out now: wanted, agreed with the organisation, and agreed to by the citizen. Nothing
    for a purpose that is not agreed any more."""
    if not wanted:
        return Purpose(purpose, BASIS), wanted
    try:
        agreed = terms_of(await agreements.of(lambda: nullcontext(conn), client.client_no), client, purpose, demo=demo)
    except OAuthError:
        return Purpose(purpose, BASIS), frozenset()
    allowed = wanted & agreed.groups
    if agreed.consent_needed and allowed:
        allowed &= await given(conn, key, client, agreed.purpose) or frozenset()
    return agreed.purpose, allowed
