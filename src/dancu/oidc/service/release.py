"""Claims go out: from the registry as it is at this moment, only what agreement and consent allow now, each time with an
entry in the citizen's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dancu.kernel.actor import Actor, ActorKind, Channel
from dancu.kit.db import Conn
from dancu.oidc.models import Client, Family
from dancu.oidc.policy import FIELDS, GROUPS, groups_of_claims, groups_of_scopes
from dancu.oidc.service import consent
from dancu.oidc.service.claims import claim_values
from dancu.oidc.service.subjects import subject_of

if TYPE_CHECKING:
    from dancu.oidc.service.provider import Provider

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
    return claim_values(view, contacts, groups)


async def userinfo(
    provider: Provider, conn: Conn, client: Client, family: Family, scope: tuple[str, ...], request_id: str, *, demo: bool = False
) -> dict[str, Any]:
    """`sub` and what scope and `claims` asked for and may have."""
    wishes = family.claims.get("userinfo", {})
    wanted = frozenset({*groups_of_scopes(scope), *groups_of_claims(wishes)})
    made = await values(provider, conn, client, family, wanted, request_id, demo=demo)
    by_scope = {claim for group in groups_of_scopes(scope) for claim in GROUPS[group]}
    return {"sub": subject_of(provider.sealer, client, family.person_key), **{k: v for k, v in made.items() if k in by_scope or k in wishes}}


async def id_token_claims(
    provider: Provider, conn: Conn, client: Client, family: Family, request_id: str, *, demo: bool = False
) -> dict[str, Any]:
    """What the `claims` parameter wanted in the ID token."""
    wishes = family.claims.get("id_token", {})
    made = await values(provider, conn, client, family, frozenset(groups_of_claims(wishes)), request_id, demo=demo)
    return {claim: value for claim, value in made.items() if claim in wishes}
