"""Rows of offices, their devices and their helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from psycopg.types.json import Jsonb

from dancu.accounts.models.level2 import Device, DeviceKind, DeviceState, Helper, Office, OfficeKind, Span
from dancu.kit.db import Conn

_OFFICE = (
    "o.office_id, o.name, o.kind, o.org_code, o.unit_id, o.place, o.phone, o.hours, o.days, o.valid_from, o.valid_to,"
    " coalesce((SELECT jsonb_object_agg(d.kind, d.n) FROM (SELECT kind, count(*) AS n FROM accounts.device"
    " WHERE office_id = o.office_id AND state IN ('working', 'failing') GROUP BY kind) AS d), '{}')"
)


def hours_as_json(hours: Mapping[int, Sequence[Span]]) -> dict[str, list[list[str]]]:
    return {str(day): [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in spans] for day, spans in sorted(hours.items())}


def _office(row: Sequence[Any]) -> Office:
    hours = {int(day): tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in spans) for day, spans in row[7].items()}
    values: list[Any] = [row[0], row[1], OfficeKind(row[2]), *row[3:7], hours, tuple(row[8]), *row[9:]]
    return Office(*values)


async def offices(conn: Conn, *, org_codes: Sequence[str] | None = None, on: date | None = None) -> list[Office]:
    """Offices in the order of their names; of these organisations, existing on a day, where given."""
    rows = await (
        await conn.execute(
            f"SELECT {_OFFICE} FROM accounts.office o WHERE (%(orgs)s::text[] IS NULL OR o.org_code = ANY (%(orgs)s::text[]))"
            " AND (%(on)s::date IS NULL OR o.valid_from <= %(on)s AND (o.valid_to IS NULL OR o.valid_to > %(on)s))"
            " ORDER BY o.name, o.office_id",
            {"orgs": None if org_codes is None else list(org_codes), "on": on},
        )
    ).fetchall()
    return [_office(row) for row in rows]


async def office(conn: Conn, office_id: int) -> Office | None:
    row = await (await conn.execute(f"SELECT {_OFFICE} FROM accounts.office o WHERE o.office_id = %s::bigint", (office_id,))).fetchone()
    return _office(row) if row else None


async def add_office(
    conn: Conn, *, name: str, kind: str, org_code: str, unit_id: int, place: str, phone: str,
    hours: Mapping[int, Sequence[Span]], days: Sequence[date], valid_from: date,
) -> int:  # fmt: skip
    row = await (
        await conn.execute(
            "INSERT INTO accounts.office (name, kind, org_code, unit_id, place, phone, hours, days, valid_from)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s::date[], %s) RETURNING office_id",
            (name, kind, org_code, unit_id, place, phone, Jsonb(hours_as_json(hours)), list(days), valid_from),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def change_office(
    conn: Conn, office_id: int, *, name: str, kind: str, unit_id: int, place: str, phone: str,
    hours: Mapping[int, Sequence[Span]], days: Sequence[date], valid_to: date | None,
) -> None:  # fmt: skip
    await conn.execute(
        "UPDATE accounts.office SET name = %s, kind = %s, unit_id = %s, place = %s, phone = %s, hours = %s, days = %s::date[],"
        " valid_to = %s WHERE office_id = %s::bigint",
        (name, kind, unit_id, place, phone, Jsonb(hours_as_json(hours)), list(days), valid_to, office_id),
    )


def _device(row: Sequence[Any]) -> Device:
    values: list[Any] = [row[0], row[1], DeviceKind(row[2]), row[3], row[4], DeviceState(row[5]), *row[6:]]
    return Device(*values)


_DEVICE = (
    "SELECT d.device_id, d.office_id, d.kind, d.model, d.serial, d.state, d.state_since, d.since,"
    " (SELECT count(*) FROM accounts.device_failure f WHERE f.device_id = d.device_id)::int FROM accounts.device d"
)


async def devices(conn: Conn, office_id: int) -> list[Device]:
    rows = await (
        await conn.execute(f"{_DEVICE} WHERE d.office_id = %s::bigint ORDER BY d.kind, d.device_id", (office_id,))
    ).fetchall()
    return [_device(row) for row in rows]


async def device(conn: Conn, device_id: int) -> Device | None:
    row = await (await conn.execute(f"{_DEVICE} WHERE d.device_id = %s::bigint", (device_id,))).fetchone()
    return _device(row) if row else None


async def add_device(
    conn: Conn, office_id: int, *, kind: str, model: str, serial: str, since: date, public_key: bytes | None = None
) -> int | None:
    """The new device's number; None where its key is another device's."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.device (office_id, kind, model, serial, since, public_key)"
            " VALUES (%s::bigint, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING device_id",
            (office_id, kind, model, serial, since, public_key),
        )
    ).fetchone()
    return int(row[0]) if row else None


async def kit_by_key(conn: Conn, public_key: bytes) -> Device | None:
    row = await (await conn.execute(f"{_DEVICE} WHERE d.public_key = %s AND d.kind = 'kit'", (public_key,))).fetchone()
    return _device(row) if row else None


async def set_device_state(conn: Conn, device_id: int, state: str) -> None:
    await conn.execute(
        "UPDATE accounts.device SET state = %s, state_since = now() WHERE device_id = %s::bigint AND state <> %s",
        (state, device_id, state),
    )


async def add_failure(conn: Conn, device_id: int, what: str, reported_by: int) -> None:
    await conn.execute(
        "INSERT INTO accounts.device_failure (device_id, what, reported_by) VALUES (%s::bigint, %s, %s::bigint)",
        (device_id, what, reported_by),
    )


async def mend(conn: Conn, device_id: int, by: int) -> int:
    """Close the device's open failures; how many there were."""
    done = await conn.execute(
        "UPDATE accounts.device_failure SET mended_at = now(), mended_by = %s::bigint WHERE device_id = %s::bigint"
        " AND mended_at IS NULL",
        (by, device_id),
    )
    return done.rowcount


async def failures(conn: Conn, office_id: int, *, limit: int = 20) -> list[tuple[int, str, Any, Any]]:
    """(device, what failed, when, when mended), newest first."""
    rows = await (
        await conn.execute(
            "SELECT f.device_id, f.what, f.at, f.mended_at FROM accounts.device_failure f JOIN accounts.device d"
            " USING (device_id) WHERE d.office_id = %s::bigint ORDER BY f.at DESC LIMIT %s",
            (office_id, limit),
        )
    ).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def add_helper(conn: Conn, office_id: int, *, name: str, team: str, code_index: bytes, added_by: int) -> int | None:
    """The new helper's number; None where the code is taken."""
    row = await (
        await conn.execute(
            "INSERT INTO accounts.helper (office_id, name, team, code_index, added_by)"
            " VALUES (%s::bigint, %s, %s, %s, %s::bigint) ON CONFLICT (code_index) DO NOTHING RETURNING helper_id",
            (office_id, name, team, code_index, added_by),
        )
    ).fetchone()
    return int(row[0]) if row else None


_HELPER = "SELECT helper_id, office_id, name, team, added_at, ended_at FROM accounts.helper"


async def helper_by_code(conn: Conn, code_index: bytes) -> Helper | None:
    row = await (await conn.execute(f"{_HELPER} WHERE code_index = %s AND ended_at IS NULL", (code_index,))).fetchone()
    return Helper(*row) if row else None


async def helper(conn: Conn, helper_id: int) -> Helper | None:
    row = await (await conn.execute(f"{_HELPER} WHERE helper_id = %s::bigint", (helper_id,))).fetchone()
    return Helper(*row) if row else None


async def helpers(conn: Conn, office_id: int) -> list[Helper]:
    rows = await (
        await conn.execute(f"{_HELPER} WHERE office_id = %s::bigint AND ended_at IS NULL ORDER BY name, helper_id", (office_id,))
    ).fetchall()
    return [Helper(*row) for row in rows]


async def end_helper(conn: Conn, helper_id: int) -> bool:
    done = await conn.execute("UPDATE accounts.helper SET ended_at = now() WHERE helper_id = %s::bigint AND ended_at IS NULL", (helper_id,))
    return done.rowcount == 1


async def device_key(conn: Conn, device_id: int) -> bytes | None:
    """The public key of a kit."""
    row = await (await conn.execute("SELECT public_key FROM accounts.device WHERE device_id = %s::bigint", (device_id,))).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None
