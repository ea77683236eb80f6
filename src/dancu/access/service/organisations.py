"""Organisations: who may add to the tree, and reading it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dancu.access import policy
from dancu.access.models import Assignment, Organisation, OrganisationKind, PastOrganisation
from dancu.access.service import evidence
from dancu.access.store import organisations as store
from dancu.access.store import staff as staff_store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, language

ADMIN = "access.admin"


async def admin_assignments(conn: Conn, actor: Actor) -> list[Assignment]:
    """The assignments that make this actor an administrator today."""
    today = await staff_store.today(conn)
    return [
        a
        for a in await staff_store.assignments(conn, [actor.actor_id])
        if policy.gives(a.role, ADMIN) and a.in_force(today)
    ]


async def require_reach(conn: Conn, actor: Actor, org_code: str) -> None:
    """The actor administers this organisation: it, or one above it, is where they hold the role. The system
    itself (first set-up, demonstration) reaches everything."""
    policy.require(actor, ADMIN)
    if actor.kind is ActorKind.SYSTEM:
        return
    chain = await store.chain_up(conn, org_code)
    if not chain:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    policy.check_reach([a.org_code for a in await admin_assignments(conn, actor)], chain)


async def add_organisation(
    conn: Conn,
    actor: Actor,
    org_code: str,
    name: str,
    kind: str,
    *,
    parent: str | None = None,
    name_en: str = "",
) -> Organisation:
    """Add an organisation under `parent` (None: at the top, for the system's own set-up only), valid from
    today."""
    if kind not in list(OrganisationKind):
        raise Invalid("organisation.kind", N_("Hãy chọn loại cơ quan trong danh sách."))
    policy.require(actor, ADMIN)
    if parent is None and actor.kind is not ActorKind.SYSTEM:
        raise Invalid("organisation.parent_missing", N_("Hãy chọn cơ quan cấp trên."))
    if parent is not None:
        await require_reach(conn, actor, parent)
    made = Organisation(
        org_code.strip(), " ".join(name.split()), " ".join(name_en.split()), OrganisationKind(kind), parent,
        await staff_store.today(conn), None,
    )  # fmt: skip
    await store.add(conn, made)
    await evidence.change_entry(conn, actor, "access.organisation.add", org_code=made.org_code)
    return made


async def change_organisation(
    conn: Conn, actor: Actor, org_code: str, name: str, *, parent: str | None = None, name_en: str = "",
    since: date | None = None,
) -> Organisation:  # fmt: skip
    """Another name or another organisation above, from `since` (default today; past days are possible, not before the
    last change). What held before is kept with its days. An organisation at the top stays there.

    Raises Invalid for a day out of bounds, a ring, or nothing changed; NotAllowed where the actor does not administer the
    organisation, what it belonged to and what it shall belong to."""
    await require_reach(conn, actor, org_code)
    await store.lock_tree(conn)
    org = await store.one(conn, org_code)
    if org is None:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    await require_open(conn, org_code)
    new = replace(org, name=" ".join(name.split()), name_en=" ".join(name_en.split()), parent=parent or org.parent)
    if new == org:
        raise Invalid("organisation.same", N_("Không có gì thay đổi."))
    if new.parent is not None and new.parent != org.parent:
        for above in filter(None, (org.parent, new.parent)):
            await require_reach(conn, actor, above)
        await require_open(conn, new.parent)
        if org_code in await store.chain_up(conn, new.parent):
            raise Invalid("organisation.ring", N_("Cơ quan cấp trên không thể nằm dưới chính cơ quan này."))
    today = await staff_store.today(conn)
    before = await store.past(conn, org_code)
    held_from = before[0].valid_to if before else org.valid_from or date.min
    since = since or today
    if not held_from <= since <= today:
        raise Invalid(
            "organisation.since", N_("Ngày thay đổi phải từ {first} đến hôm nay."), first=held_from.strftime("%d/%m/%Y")
        )
    was = None
    if since > held_from:
        was = PastOrganisation(org_code, org.name, org.name_en, org.parent, held_from, since)
    await store.change(conn, new, since, was, actor.actor_id)
    await evidence.change_entry(
        conn, actor, "access.organisation.change", org_code=org_code, parent=new.parent, since=since.isoformat(),
        renamed=(new.name, new.name_en) != (org.name, org.name_en),
    )  # fmt: skip
    return new


async def organisation_view(conn: Conn, actor: Actor, org_code: str) -> tuple[Organisation, list[PastOrganisation]]:
    """An organisation that the actor administers, and what it was before, newest first."""
    await require_reach(conn, actor, org_code)
    org = await store.one(conn, org_code)
    if org is None:
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    return org, await store.past(conn, org_code)


async def require_open(conn: Conn, org_code: str) -> None:
    """Nobody is added to an organisation that has ended."""
    org = await store.one(conn, org_code)
    if org is not None and org.valid_to is not None:
        raise Invalid("organisation.closed", N_("Cơ quan này đã giải thể hoặc sáp nhập."))


async def close_organisation(conn: Conn, actor: Actor, org_code: str) -> None:
    """End an organisation from today; it must have no active staff."""
    await require_reach(conn, actor, org_code)
    staff = await staff_store.of_organisations(conn, [org_code], limit=1000)
    if any(person.state != "inactive" for person in staff):
        raise Invalid("organisation.has_staff", N_("Cơ quan còn cán bộ. Hãy chuyển hoặc ngừng họ trước."))
    if not await store.close(conn, org_code, await staff_store.today(conn)):
        raise NotFound("organisation.unknown", N_("Không có cơ quan với mã này."))
    await evidence.change_entry(conn, actor, "access.organisation.close", org_code=org_code)


async def organisations(conn: Conn, actor: Actor | None = None) -> list[Organisation]:
    """The tree, parents first. With an actor: the part they administer."""
    if actor is None or actor.kind is ActorKind.SYSTEM:
        return await store.all_of(conn)
    policy.require(actor, ADMIN)
    found: dict[str, Organisation] = {}
    for held in await admin_assignments(conn, actor):
        for org in await store.all_of(conn, held.org_code):
            found.setdefault(org.org_code, org)
    return list(found.values())


async def organisation(conn: Conn, org_code: str) -> Organisation | None:
    return await store.one(conn, org_code)


def organisation_title(org: Organisation) -> str:
    """Its name as the reader reads it; in English the Vietnamese one where it has no other."""
    return org.name_en if language() == "en" and org.name_en else org.name


async def organisation_names(conn: Conn) -> dict[str, str]:
    """Code -> name as the reader reads it, of every organisation."""
    return {org.org_code: organisation_title(org) for org in await store.all_of(conn)}


async def english_names(conn: Conn) -> dict[str, str]:
    """What a reader of English reads in place of the Vietnamese name that was kept with a consent or a question: by code, and by that
    name where nothing else was kept. A reader of Vietnamese reads what was kept, and nothing is looked up."""
    if language() != "en":
        return {}
    named = [org for org in await store.all_of(conn) if org.name_en]
    return {org.name: org.name_en for org in named} | {org.org_code: org.name_en for org in named}
