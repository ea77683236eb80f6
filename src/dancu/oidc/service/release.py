"""Claims go out: from the registry as it is at this moment, only what agreement and consent allow now, each time with an
entry in the citizen's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from dancu.kernel.actor import Actor, ActorKind, Channel
from dancu.kit.db import Conn
from dancu.oidc.models import Client, Family, Mark
from dancu.oidc.policy import FIELDS, GROUP_OF, GROUPS, claims_of_groups, groups_of_claims, groups_of_scopes
from dancu.oidc.service import consent
from dancu.oidc.service.claims import claim_values, facts_of
from dancu.oidc.service.subjects import subject_of
from dancu.oidc.store import releases
from dancu.oidc.store.releases import Ask, Release

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dancu.accounts.models.organisation import Standing
    from dancu.oidc.service.provider import Provider
    from dancu.oidc.service.tokens import Handle

_CLAIM_GROUPS = orjson.dumps(dict(GROUP_OF)).decode()
_GROUP_FIELDS = orjson.dumps([[group, FIELDS[group]] for group in GROUPS]).decode()
_IN_CONTACTS = frozenset({"phone", "email"})


def actor_of(client: Client, request_id: str) -> Actor:
    """The client as it stands in the evidence log."""
    return Actor(
        kind=ActorKind.CLIENT, actor_id=client.client_no, org_code=client.org_code, name=client.name, request_id=request_id,
        channel=Channel.API,
    )  # fmt: skip


async def values(
    provider: Provider, conn: Conn, client: Client, family: Family, wanted: frozenset[str], request_id: str, *, demo: bool = False
) -> dict[str, Any]:
    """Claims of the wanted groups that may go out now. Nothing wanted or nothing allowed: nothing looked at."""
    purpose, groups = await consent.released(
        provider.agreements, conn, family.person_key, client, wanted, family.purpose, demo=demo
    )
    if not groups:
        return {}
    from dancu.population.service import verify
    from dancu.territory import service as territory

    fields = tuple(dict.fromkeys(field for group in GROUPS if group in groups for field in FIELDS[group]))
    view = await verify.release(conn, actor_of(client, request_id), purpose, family.person_key, fields)
    if "address" in groups:
        await territory.learn_hamlets(conn, [r.hamlet_id for r in view.residences])
    contacts = None
    if groups & _IN_CONTACTS:
        from dancu.accounts.service import core

        await core.open(conn, [family.person_key])
        contacts = await core.contacts(conn, family.person_key)
    return claim_values(facts_of(view), contacts, groups, await _acts_for(conn, family.person_key, groups))


async def _acts_for(conn: Conn, key: int, groups: Collection[str]) -> list[Standing]:
    """For whom the citizen acts, where that goes out."""
    if "organisations" not in groups:
        return []
    from dancu.accounts.service import organisations

    return await organisations.acts_for(conn, key)


async def release_many(conn: Conn, asked: Sequence[Ask]) -> list[Release]:
    """Many requests for UserInfo in one statement that commits itself."""
    return await releases.release_many(conn, asked, _CLAIM_GROUPS, _GROUP_FIELDS)


async def userinfo(
    provider: Provider, client: Client, handle: Handle, marks: Sequence[Mark], scope: tuple[str, ...], request_id: str, *, demo: bool = False
) -> tuple[str, dict[str, Any]]:
    """("ok", `sub` and what scope and `claims` asked for and may have), its evidence durable; or why nothing goes out: see
    store.releases.Release. Requests of the same moment share a statement."""
    by_scope = groups_of_scopes(scope)
    terms = consent.terms_for_release(await provider.agreements.of(provider.connect, client.client_no), client, demo=demo)
    found = await provider.releases.ask(
        Ask(
            marks, handle.person_key, handle.family_id, handle.client_no, client.org_code, request_id, by_scope, terms.groups,
            terms.consent_needed, terms.purposes, (terms.default.code, terms.default.legal_basis),
        )
    )  # fmt: skip
    if found.word != "ok":
        return found.word, {}
    standings: list[Standing] = []
    if "organisations" in found.groups:  # its entry is durable by now
        async with provider.connect() as conn, conn.transaction():
            standings = await _acts_for(conn, handle.person_key, found.groups)
    if found.facts.home is not None and found.facts.home.hamlet_id is not None:
        from dancu.territory import service as territory

        async with provider.connect() as conn:
            await territory.learn_hamlets(conn, [found.facts.home.hamlet_id])
    wishes = found.claims.get("userinfo", {})
    made = claim_values(found.facts, found.contacts, found.groups, standings)
    for claim in made.keys() - claims_of_groups(by_scope) - wishes.keys():
        del made[claim]
    return "ok", {"sub": subject_of(provider.sealer, client, handle.person_key), **made}


async def id_token_claims(
    provider: Provider, conn: Conn, client: Client, family: Family, request_id: str, *, demo: bool = False
) -> dict[str, Any]:
    """What the `claims` parameter wanted in the ID token."""
    wishes = family.claims.get("id_token", {})
    made = await values(provider, conn, client, family, frozenset(groups_of_claims(wishes)), request_id, demo=demo)
    return {claim: value for claim, value in made.items() if claim in wishes}
