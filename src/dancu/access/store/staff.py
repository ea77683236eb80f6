"""Staff, their assignments, and the rights these amount to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Assignment, Right, Staff, StaffState
from dancu.access.store.constraints import explained
from dancu.kernel.actor import Actor, Purpose
from dancu.kit.db import Conn

_STAFF = "s.staff_id, s.login, s.display_name, s.org_code, s.os_user, s.state, s.created_at"
_ASSIGNMENT = """a.assignment_id, a.staff_id, a.org_code, a.role, a.unit_ids, a.units_as_of, a.head,
                 lower(a.valid) AS valid_from, upper(a.valid) AS valid_to, a.ended_at IS NOT NULL AS ended"""


async def today(conn: Conn) -> date:
    """The calendar day in Vietnam, by the database's clock."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.today()")
    day: date | None = await cursor.fetchone()
    assert day is not None
    return day


async def _by_rule(conn: Conn, actor: Actor, purpose: Purpose, function: str, casts: str, *values: object) -> int:
    """Call one of the functions that alone write staff and assignments. They check who acts and by which session, and
    write the entry; what they refuse is said by the name of the rule."""
    cursor = conn.cursor(row_factory=scalar_row)
    async with explained(conn):
        await cursor.execute(
            f"""SELECT access.{function}(ROW('system', %s::text, %s::bigint, %s::text, %s::text, %s::text, NULL, NULL, NULL,
                                         %s::text, %s::text, NULL, NULL)::audit.entry_in, %s::bytea, {casts})""",
            (
                actor.kind.value, actor.actor_id, actor.org_code, purpose.code, purpose.legal_basis, actor.request_id or None,
                actor.channel.value, bytes.fromhex(actor.session_id), *values,
            ),
        )  # fmt: skip
        made = await cursor.fetchone()
    return made if isinstance(made, int) else 0


async def hire(
    conn: Conn, actor: Actor, purpose: Purpose, login: str, display_name: str, org_code: str, os_user: str | None,
    setup_hash: bytes, until: datetime,
) -> int:  # fmt: skip
    """A new staff member, invited, with the digest of a set-up code; their id."""
    casts = "%s::text, %s::text, %s::text, %s::text, %s::bytea, %s::timestamptz"
    return await _by_rule(conn, actor, purpose, "add_staff", casts, login, display_name, org_code, os_user, setup_hash, until)


async def give(
    conn: Conn, actor: Actor, purpose: Purpose, staff_id: int, org_code: str, role: str, unit_ids: Iterable[int],
    units_as_of: date, valid_from: date, valid_to: date | None, *, head: bool,
) -> int:  # fmt: skip
    """Give a role; the assignment's id. The rights follow in the same statement."""
    casts = "%s::bigint, %s::text, %s::text, %s::int[], %s::date, daterange(%s, %s), %s::boolean"
    values = (staff_id, org_code, role, list(unit_ids), units_as_of, valid_from, valid_to, head)
    return await _by_rule(conn, actor, purpose, "assign", casts, *values)


async def end_assignment(conn: Conn, actor: Actor, purpose: Purpose, assignment_id: int) -> None:
    """End an assignment now; nothing where it has ended already."""
    await _by_rule(conn, actor, purpose, "end_assignment", "%s::bigint", assignment_id)


async def deactivate(conn: Conn, actor: Actor, purpose: Purpose, staff_id: int) -> None:
    """End open assignments, rights and sessions."""
    await _by_rule(conn, actor, purpose, "deactivate", "%s::bigint", staff_id)


async def reset(conn: Conn, actor: Actor, purpose: Purpose, staff_id: int, setup_hash: bytes, until: datetime) -> None:
    """Forget password and second factor, end the sessions, keep the digest of a new set-up code."""
    casts = "%s::bigint, %s::bytea, %s::timestamptz"
    await _by_rule(conn, actor, purpose, "reset_staff", casts, staff_id, setup_hash, until)


async def add(
    conn: Conn, login: str, display_name: str, org_code: str, os_user: str | None, state: StaffState
) -> Staff:
    """As the database administrator who makes a demonstration: verbs go through `hire`."""
    cursor = conn.cursor(row_factory=class_row(Staff))
    async with explained(conn):
        await cursor.execute(
            f"""INSERT INTO access.staff AS s (login, display_name, org_code, os_user, state)
                VALUES (%s, %s, %s, %s, %s) RETURNING {_STAFF}""",
            (login, display_name, org_code, os_user, state),
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def one(conn: Conn, staff_id: int) -> Staff | None:
    cursor = conn.cursor(row_factory=class_row(Staff))
    await cursor.execute(f"SELECT {_STAFF} FROM access.staff s WHERE staff_id = %s::bigint", (staff_id,))
    return await cursor.fetchone()


async def named(conn: Conn, staff_ids: Iterable[int]) -> list[Staff]:
    """These staff members, whatever their state; unknown ids are left out."""
    cursor = conn.cursor(row_factory=class_row(Staff))
    await cursor.execute(f"SELECT {_STAFF} FROM access.staff s WHERE staff_id = ANY (%s::bigint[])", (list(staff_ids),))
    return await cursor.fetchall()


async def by_login(conn: Conn, login: str) -> Staff | None:
    cursor = conn.cursor(row_factory=class_row(Staff))
    await cursor.execute(f"SELECT {_STAFF} FROM access.staff s WHERE login = %s", (login,))
    return await cursor.fetchone()


async def by_os_user(conn: Conn, os_user: str) -> Staff | None:
    cursor = conn.cursor(row_factory=class_row(Staff))
    await cursor.execute(f"SELECT {_STAFF} FROM access.staff s WHERE os_user = %s AND state = 'active'", (os_user,))
    return await cursor.fetchone()


async def invited_os_user(conn: Conn, os_user: str) -> bool:
    """Is there a staff member of this operating-system user who has not finished setting up the account?"""
    query = "SELECT EXISTS (SELECT FROM access.staff WHERE os_user = %s AND state = 'invited')"
    row = await (await conn.execute(query, (os_user,))).fetchone()
    return bool(row and row[0])


async def of_organisations(conn: Conn, org_codes: Sequence[str], *, limit: int, offset: int = 0) -> list[Staff]:
    cursor = conn.cursor(row_factory=class_row(Staff))
    await cursor.execute(
        f"""SELECT {_STAFF} FROM access.staff s WHERE org_code = ANY (%s)
             ORDER BY org_code, login LIMIT %s OFFSET %s""",
        (list(org_codes), limit, offset),
    )
    return await cursor.fetchall()


async def any_admin(conn: Conn) -> bool:
    """Is there somebody who administers access, today or from a later day?"""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.any_admin()")
    return bool(await cursor.fetchone())


async def assign(
    conn: Conn,
    staff_id: int,
    org_code: str,
    role: str,
    unit_ids: Iterable[int],
    units_as_of: date,
    valid_from: date,
    valid_to: date | None,
    *,
    head: bool,
    given_by: int,
) -> int:
    """As the database administrator who makes a demonstration: verbs go through `give`."""
    cursor = conn.cursor(row_factory=scalar_row)
    async with explained(conn):
        await cursor.execute(
            """INSERT INTO access.assignment (staff_id, org_code, role, unit_ids, units_as_of, valid, head,
            given_by) VALUES (%s::bigint, %s, %s, %s::int[], %s, daterange(%s, %s), %s, %s::bigint) RETURNING
            assignment_id""",
            (
                staff_id,
                org_code,
                role,
                sorted(set(unit_ids)),
                units_as_of,
                valid_from,
                valid_to,
                head,
                given_by,
            ),
        )
        return int(await cursor.fetchone() or 0)


async def assignment(conn: Conn, assignment_id: int) -> Assignment | None:
    cursor = conn.cursor(row_factory=class_row(Assignment))
    await cursor.execute(
        f"SELECT {_ASSIGNMENT} FROM access.assignment a WHERE assignment_id = %s::bigint", (assignment_id,)
    )
    return await cursor.fetchone()


async def assignments(conn: Conn, staff_ids: Sequence[int]) -> list[Assignment]:
    cursor = conn.cursor(row_factory=class_row(Assignment))
    await cursor.execute(
        f"""SELECT {_ASSIGNMENT} FROM access.assignment a WHERE staff_id = ANY (%s::bigint[])
             ORDER BY staff_id, lower(a.valid), assignment_id""",
        (list(staff_ids),),
    )
    return await cursor.fetchall()


async def active_ids(conn: Conn) -> list[int]:
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """SELECT staff_id FROM access.staff WHERE state <> 'inactive'
           UNION SELECT staff_id FROM access.staff_right ORDER BY 1"""
    )
    return list(await cursor.fetchall())


async def refresh_rights(conn: Conn, staff_id: int) -> bool:
    """Make the materialised rights equal to what the assignments in force amount to today; True when anything changed."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.refresh_rights(%s::bigint)", (staff_id,))
    return bool(await cursor.fetchone())


async def rights(conn: Conn, staff_id: int) -> list[Right]:
    """The rights in force today."""
    cursor = await conn.execute(
        """SELECT permission, "national", areas, until FROM access.staff_right
            WHERE staff_id = %s::bigint AND until > access.today() ORDER BY permission""",
        (staff_id,),
    )
    return [Right(code, national, frozenset(areas), until) for code, national, areas, until in await cursor.fetchall()]


async def heads_of(conn: Conn, org_codes: Sequence[str]) -> list[tuple[str, int]]:
    """(organisation, staff id) of the people who lead these organisations today and can sign in."""
    cursor = await conn.execute(
        """SELECT a.org_code, a.staff_id FROM access.assignment a JOIN access.staff s USING (staff_id)
            WHERE a.org_code = ANY (%s) AND a.head AND a.ended_at IS NULL AND access.today() <@ a.valid
              AND s.state = 'active'
            ORDER BY a.org_code, a.staff_id""",
        (list(org_codes),),
    )
    return [(org, staff_id) for org, staff_id in await cursor.fetchall()]


async def holders_of(conn: Conn, permission: str, org_codes: Sequence[str]) -> list[int]:
    """Active staff who hold the permission today by an assignment in one of the organisations, or in an
    inspectorate directly under one of them."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """SELECT DISTINCT r.staff_id FROM access.staff_right r
             JOIN access.staff s USING (staff_id)
             JOIN access.assignment a USING (staff_id)
             JOIN access.organisation o ON o.org_code = a.org_code
            WHERE r.permission = %s AND r.until > access.today() AND s.state = 'active'
              AND a.ended_at IS NULL AND access.today() <@ a.valid
              AND (o.org_code = ANY (%s) OR (o.kind = 'inspectorate' AND o.parent = ANY (%s)))
            ORDER BY r.staff_id""",
        (permission, list(org_codes), list(org_codes)),
    )
    return list(await cursor.fetchall())
