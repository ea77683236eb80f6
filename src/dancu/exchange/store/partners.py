"""Rows of partners, their programs, certificates and steps. Every change a door must hear of raises exchange.change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from dancu.exchange.models.partner import (
    Application,
    Certificate,
    Contact,
    Environment,
    Partner,
    PartnerState,
    Step,
    System,
)
from dancu.kit.db import Conn

_PARTNER = (
    "SELECT org_code, state, level, contacts, checklist, applied_at, due, live_at, changed_at, reason, refused_basis, applied_by,"
    " question, escalated_at, before FROM exchange.partner"
)
_SYSTEM = "SELECT client_no, org_code, name, environment, created_at, request FROM exchange.system"
_CERTIFICATE = (
    "SELECT serial, client_no, thumbprint, spki, pem, subject, issuer, not_before, not_after, revoked_at, reason FROM exchange.certificate"
)
JOINING = "('applied', 'security_check', 'sandbox')"


def _partner(row: tuple[Any, ...]) -> Partner:
    values = list(row)
    values[1] = PartnerState(row[1])
    values[3] = tuple(Contact(role, *(said.get(name, "") for name in ("name", "phone", "email"))) for role, said in row[3].items())
    values[14] = PartnerState(row[14]) if row[14] else None
    return Partner(*values)


def _system(row: tuple[Any, ...]) -> System:
    return System(row[0], row[1], row[2], Environment(row[3]), row[4], row[5])


def _certificate(row: tuple[Any, ...]) -> Certificate:
    values = list(row)
    values[2], values[3] = bytes(row[2]), bytes(row[3])
    return Certificate(*values)


# -- reading


async def one(conn: Conn, org_code: str, *, lock: bool = False) -> Partner | None:
    row = await (await conn.execute(f"{_PARTNER} WHERE org_code = %s{' FOR UPDATE' if lock else ''}", (org_code,))).fetchone()
    return _partner(row) if row else None


async def every(conn: Conn) -> list[Partner]:
    return [_partner(row) for row in await (await conn.execute(f"{_PARTNER} ORDER BY org_code")).fetchall()]


async def waiting(conn: Conn) -> list[Partner]:
    """Those whose request waits for an answer, most urgent first."""
    cursor = await conn.execute(f"{_PARTNER} WHERE state IN {JOINING} AND due IS NOT NULL AND question = '' ORDER BY due, applied_at")
    return [_partner(row) for row in await cursor.fetchall()]


async def systems(conn: Conn, org_code: str | None = None) -> list[System]:
    cursor = await conn.execute(f"{_SYSTEM} WHERE %s::text IS NULL OR org_code = %s ORDER BY org_code, client_no", (org_code, org_code))
    return [_system(row) for row in await cursor.fetchall()]


async def system(conn: Conn, client_no: int) -> System | None:
    row = await (await conn.execute(f"{_SYSTEM} WHERE client_no = %s::bigint", (client_no,))).fetchone()
    return _system(row) if row else None


async def certificates(conn: Conn, client_nos: list[int]) -> list[Certificate]:
    """Of these programs, newest first, revoked and expired ones too."""
    cursor = await conn.execute(f"{_CERTIFICATE} WHERE client_no = ANY (%s::bigint[]) ORDER BY not_before DESC, serial", (client_nos,))
    return [_certificate(row) for row in await cursor.fetchall()]


async def certificate(conn: Conn, serial: str) -> Certificate | None:
    row = await (await conn.execute(f"{_CERTIFICATE} WHERE serial = %s", (serial,))).fetchone()
    return _certificate(row) if row else None


async def revoked_certificates(conn: Conn, now: datetime) -> list[Certificate]:
    """Those a list of revocations must name: revoked and not over."""
    cursor = await conn.execute(f"{_CERTIFICATE} WHERE revoked_at IS NOT NULL AND not_after > %s ORDER BY serial", (now,))
    return [_certificate(row) for row in await cursor.fetchall()]


async def key_holders(conn: Conn, spki: bytes) -> set[int]:
    """Programs that hold or held a certificate of this key."""
    cursor = await conn.execute("SELECT DISTINCT client_no FROM exchange.certificate WHERE spki = %s", (spki,))
    return {row[0] for row in await cursor.fetchall()}


async def steps(conn: Conn, org_code: str) -> list[Step]:
    """Newest first."""
    cursor = await conn.execute(
        "SELECT at, verb, by_staff, by_org, reason, legal_basis, entry FROM exchange.step WHERE org_code = %s ORDER BY step_no DESC LIMIT 500",
        (org_code,),
    )
    return [Step(*row) for row in await cursor.fetchall()]


async def changed(conn: Conn) -> int:
    """A number that is another whenever a partner, program, certificate or agreement has changed."""
    row = await (await conn.execute("SELECT exchange.changed()")).fetchone()
    assert row is not None
    return int(row[0])


# -- writing


async def apply(conn: Conn, org_code: str, application: Application, state: PartnerState, due: date | None, by: int) -> None:
    """A new application; over an old one that was refused."""
    await conn.execute(
        "INSERT INTO exchange.partner (org_code, state, level, contacts, checklist, due, applied_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::bigint)"
        " ON CONFLICT (org_code) DO UPDATE SET state = excluded.state, level = excluded.level, contacts = excluded.contacts,"
        " checklist = excluded.checklist, due = excluded.due, applied_by = excluded.applied_by, applied_at = now(), changed_at = now(),"
        " reason = '', refused_basis = '', question = '', escalated_at = NULL, before = NULL",
        (org_code, state.value, application.level, _contacts(application), Jsonb(application.checklist), due, by),
    )
    await touch(conn)


async def declare(conn: Conn, org_code: str, application: Application) -> None:
    """Another declaration of the same application."""
    await conn.execute(
        "UPDATE exchange.partner SET level = %s, contacts = %s, checklist = %s, changed_at = now() WHERE org_code = %s",
        (application.level, _contacts(application), Jsonb(application.checklist), org_code),
    )


async def move(conn: Conn, partner: Partner) -> None:
    """Write where the partner stands now."""
    await conn.execute(
        "UPDATE exchange.partner SET state = %s, due = %s, live_at = %s, reason = %s, refused_basis = %s, question = %s,"
        " escalated_at = %s, before = %s, changed_at = now() WHERE org_code = %s",
        (
            partner.state.value, partner.due, partner.live_at, partner.reason, partner.refused_basis, partner.question,
            partner.escalated_at, partner.before.value if partner.before else None, partner.org_code,
        ),
    )  # fmt: skip
    await touch(conn)


async def step(conn: Conn, org_code: str, verb: str, by: int, by_org: str, reason: str, basis: str, entry: int) -> None:
    await conn.execute(
        "INSERT INTO exchange.step (org_code, verb, by_staff, by_org, reason, legal_basis, entry)"
        " VALUES (%s, %s, %s::bigint, %s, %s, %s, %s::bigint)",
        (org_code, verb, by, by_org, reason, basis, entry),
    )


async def add_system(conn: Conn, client_no: int, org_code: str, name: str, environment: Environment) -> bool:
    """False where the organisation has a program of this name."""
    done = await conn.execute(
        "INSERT INTO exchange.system (client_no, org_code, name, environment) VALUES (%s::bigint, %s, %s, %s) ON CONFLICT DO NOTHING",
        (client_no, org_code, name, environment.value),
    )
    await touch(conn)
    return done.rowcount == 1


async def lock_key(conn: Conn, spki: bytes) -> None:
    """One at a time asks for a certificate of this key, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 9))", (f"exchange.key/{spki.hex()}",))


async def put_request(conn: Conn, client_no: int, pem: str) -> None:
    await conn.execute("UPDATE exchange.system SET request = %s WHERE client_no = %s::bigint", (pem, client_no))


async def put_environment(conn: Conn, client_no: int, environment: Environment) -> None:
    await conn.execute("UPDATE exchange.system SET environment = %s WHERE client_no = %s::bigint", (environment.value, client_no))
    await touch(conn)


async def add_certificate(conn: Conn, one: Certificate) -> bool:
    """False where it is known already."""
    done = await conn.execute(
        "INSERT INTO exchange.certificate (serial, client_no, thumbprint, spki, pem, subject, issuer, not_before, not_after)"
        " VALUES (%s, %s::bigint, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (one.serial, one.client_no, one.thumbprint, one.spki, one.pem, one.subject, one.issuer, one.not_before, one.not_after),
    )
    await touch(conn)
    return done.rowcount == 1


async def revoke_certificates(conn: Conn, serials: list[str], reason: str, now: datetime) -> int:
    """How many were revoked now."""
    done = await conn.execute(
        "UPDATE exchange.certificate SET revoked_at = %s, reason = %s WHERE serial = ANY (%s) AND revoked_at IS NULL", (now, reason, serials)
    )
    await touch(conn)
    return done.rowcount


async def escalate(conn: Conn, today: date, now: datetime) -> list[str]:
    """Mark requests that should have been answered before today; the organisations newly marked."""
    cursor = await conn.execute(
        f"UPDATE exchange.partner SET escalated_at = %s WHERE state IN {JOINING} AND due < %s AND question = '' AND escalated_at IS NULL"
        " RETURNING org_code",
        (now, today),
    )
    return [row[0] for row in await cursor.fetchall()]


async def touch(conn: Conn) -> None:
    """Whoever keeps a picture of partners in memory must look again."""
    await conn.execute("UPDATE exchange.change SET seq = seq + 1")


def _contacts(application: Application) -> Jsonb:
    return Jsonb({one.role: {"name": one.name, "phone": one.phone, "email": one.email} for one in application.contacts})
