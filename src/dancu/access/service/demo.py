"""Demonstration personas. Two locks, both needed: the program runs in demo mode, and this database was
created as a demonstration. The second is a mark no running process can write; without it the database itself
refuses sessions without sign-in."""

from __future__ import annotations

from dancu.access.catalogue import ROLES
from dancu.access.models import Organisation, OrganisationKind, Persona, StaffState
from dancu.access.service import evidence, sessions
from dancu.access.service.os_user import operator
from dancu.access.service.personas import (
    AS_OF,
    CITIZEN,
    DISTRICT,
    ORGANISATIONS,
    PROVINCE,
    STAFF,
    WARD,
    DemoStaff,
)
from dancu.access.service.rights import recompute_rights
from dancu.access.store import organisations as org_store
from dancu.access.store import personas as store
from dancu.access.store import staff as staff_store
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, NotAllowed, NotFound
from dancu.kit.authn.throttle import network_of
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.territory.models import Unit
from dancu.territory.service import gazetteer


async def mark_demo(conn: Conn) -> None:
    """Mark a freshly migrated database as a demonstration (admin role; right after creating it). Raises
    Conflict when it has staff or sessions: a database that was ever used is never turned into one."""
    if not await store.is_demo(conn) and not await store.mark(conn):
        raise Conflict("demo.not_empty", N_("Cơ sở dữ liệu này đã được sử dụng, không thể biến thành bản trình diễn."))


async def is_demo(conn: Conn) -> bool:
    """Was this database made as a demonstration?"""
    return await store.is_demo(conn)


async def seed_demo(conn: Conn, *, citizen_key: int | None = None, os_user: str | None = None) -> None:
    """Organisations, staff and personas of the demonstration; again on the same database changes nothing but
    what is new (the citizen, the operating-system user). Needs the admin role and the mark."""
    if not await store.is_demo(conn):
        raise NotAllowed("demo.off", N_("Cơ sở dữ liệu này không phải bản trình diễn."))
    ward, province = demo_units()
    today = await staff_store.today(conn)
    now = gazetteer().successors(ward.unit_id, today)
    above = gazetteer().successors(province.unit_id, today)
    names = {
        "ward": " / ".join(u.title for u in now) or ward.title,
        "province": above[0].title if above else province.title,
    }
    known = {org.org_code for org in await org_store.all_of(conn)}
    for code, name, name_en, kind, parent in ORGANISATIONS:
        if code not in known:
            org = Organisation(
                code,
                name.format(**names),
                name_en.format(**names),
                OrganisationKind(kind),
                parent,
                AS_OF,
                None,
            )
            await org_store.add(conn, org)
    for ordinal, one in enumerate(STAFF, start=2):
        units = {"ward": [ward.unit_id], "province": [province.unit_id], "none": []}[one.area]
        await _seed_one(conn, ordinal, one, units, os_user if one.is_os_user else None)
    if citizen_key is not None:
        code, title, title_en, story, story_en, home = CITIZEN
        await store.put(conn, 1, Persona(code, "citizen", citizen_key, title, title_en, story, story_en, home))
    await evidence.change_entry(conn, operator(), "access.seed_demo")


async def _seed_one(conn: Conn, ordinal: int, one: DemoStaff, units: list[int], os_user: str | None) -> None:
    staff = await staff_store.by_login(conn, one.login)
    if staff is None:
        staff = await staff_store.add(conn, one.login, one.name, one.org, os_user, StaffState.ACTIVE)
        for role in one.roles:
            assert role in ROLES, role
            await staff_store.assign(
                conn, staff.staff_id, one.org, role, units, AS_OF, AS_OF, None, head=one.head, given_by=0
            )
    await recompute_rights(conn, staff.staff_id)
    persona = Persona(one.code, "staff", staff.staff_id, one.title, one.title_en, one.story, one.story_en, one.home)
    await store.put(conn, ordinal, persona)


def demo_units() -> tuple[Unit, Unit]:
    """The demonstration's ward and province as they stood in April 2023."""
    places = gazetteer()
    province = next(u for u in places.provinces(AS_OF) if u.name == PROVINCE)
    district = next(u for u in places.children(province.unit_id, AS_OF) if u.name == DISTRICT)
    ward = next(u for u in places.children(district.unit_id, AS_OF) if u.name == WARD)
    return ward, province


async def demo_personas(conn: Conn, *, demo: bool) -> list[Persona]:
    """Whom one may step in as; empty unless the program (`demo`) and the database both are a
    demonstration."""
    return await store.every(conn) if demo and await store.is_demo(conn) else []


async def enter_as(
    conn: Conn, code: str, *, demo: bool, address: str = "", agent: str = "", old_token: str = ""
) -> tuple[str, Persona]:
    """A session as a persona, without sign-in: (token, persona). Raises NotAllowed `demo.off` unless both
    locks are open."""
    if not demo or not await store.is_demo(conn):
        raise NotAllowed("demo.off", N_("Chỉ bản trình diễn mới có người dùng mẫu. Xin đăng nhập."))
    persona = await store.one(conn, code)
    if persona is None:
        raise NotFound("demo.persona", N_("Không có người dùng mẫu này."))
    kind, org_code, name = ActorKind(persona.actor_kind), "", persona.title
    if kind is ActorKind.STAFF:
        staff = await staff_store.one(conn, persona.actor_id)
        if staff is None or staff.state != StaffState.ACTIVE:
            raise NotFound("demo.persona", N_("Không có người dùng mẫu này."))
        org_code, name = staff.org_code, staff.display_name
        await recompute_rights(conn, staff.staff_id)
    await sessions.forget_token(conn, old_token)
    token = await sessions.issue_session(
        conn, kind, persona.actor_id, org_code, persona=persona.code, network=network_of(address), agent=agent
    )
    actor = Actor(kind, persona.actor_id, org_code, name)
    await evidence.sign_in_entry(conn, actor, ok=True, note={"persona": persona.code})
    return token, persona
