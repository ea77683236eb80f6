"""SQL of the schema `territory`."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from dancu.territory.models import Hamlet, Succession, Unit

if TYPE_CHECKING:
    from dancu.kit.db import Conn

_HAMLET = "hamlet_id, unit_id, kind, name, aliases, lower(valid), upper(valid)"


_UNIT = "unit_id, code, level, kind, name, parent_id, valid, latitude, longitude, sort_key"


async def loaded(conn: "Conn") -> str | None:
    """Digest of the data the reference tables hold."""
    row = await (await conn.execute("SELECT digest FROM territory.loaded")).fetchone()
    return row[0] if row else None


async def become_owner(conn: "Conn") -> None:
    """SET LOCAL ROLE to the owner of the schemas."""
    await conn.execute("SET LOCAL ROLE dancu_owner")


async def load(conn: "Conn", digest: str, units: Iterable[tuple[Unit, str]], successions: Iterable[Succession]) -> bool:
    """Bring `unit` (each with its sort key) and `succession` to exactly this; False if another did meanwhile.

    Units are added and changed, never removed: residences and hamlets point at them.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('territory.load'))")
    if await loaded(conn) == digest:
        return False
    rows = [
        (u.unit_id, u.code, u.level, u.kind.value, u.name, u.parent_id, *_when_and_where(u), key) for u, key in units
    ]
    async with conn.cursor() as cursor:
        await cursor.execute("SELECT EXISTS (SELECT FROM territory.unit)")
        found = await cursor.fetchone()
        if found and found[0]:
            # What ended goes first: only then may the next bearer of its code come in.
            rows.sort(key=lambda row: row[6].endswith(",)"))
            await cursor.executemany(
                f"""
                INSERT INTO territory.unit ({_UNIT}) VALUES (%s, %s, %s, %s, %s, %s, %s::daterange, %s, %s, %s)
                ON CONFLICT (unit_id) DO UPDATE
                SET (code, level, kind, name, parent_id, valid, latitude, longitude, sort_key)
                  = (excluded.code, excluded.level, excluded.kind, excluded.name, excluded.parent_id,
                     excluded.valid, excluded.latitude, excluded.longitude, excluded.sort_key)
                """,
                rows,
            )
        else:
            async with cursor.copy(f"COPY territory.unit ({_UNIT}) FROM STDIN") as copy:
                for row in rows:
                    await copy.write_row(row)
        await cursor.execute("DELETE FROM territory.succession")
        async with cursor.copy("COPY territory.succession FROM STDIN") as copy:
            for s in successions:
                await copy.write_row((s.predecessor_id, s.successor_id, s.kind.value, s.effective, s.main, s.evidence))
        await cursor.execute(
            """
            INSERT INTO territory.loaded (digest) VALUES (%s)
            ON CONFLICT (one) DO UPDATE SET digest = excluded.digest, at = now()
            """,
            (digest,),
        )
    return True


def _when_and_where(u: Unit) -> tuple[str, float | None, float | None]:
    return _range(u.valid_from, u.valid_to), u.latitude, u.longitude


def _range(start: date | None, end: date | None) -> str:
    return f"[{start or ''},{end or ''})"


# -- hamlets ----------------------------------------------------------------------------------------------
async def hamlet(conn: "Conn", hamlet_id: int, as_of: date) -> Hamlet | None:
    """The hamlet as it was on the day."""
    sql = f"SELECT {_HAMLET} FROM territory.hamlet WHERE hamlet_id = %s::bigint AND valid @> %s::date"
    row = await (await conn.execute(sql, (hamlet_id, as_of))).fetchone()
    return _hamlet(row) if row else None


async def last_hamlet(conn: "Conn", hamlet_id: int) -> Hamlet | None:
    """The latest row of the hamlet, locked until the transaction ends."""
    sql = f"""
        SELECT {_HAMLET} FROM territory.hamlet WHERE hamlet_id = %s::bigint
        ORDER BY lower(valid) DESC NULLS LAST LIMIT 1 FOR UPDATE
    """
    row = await (await conn.execute(sql, (hamlet_id,))).fetchone()
    return _hamlet(row) if row else None


async def hamlets_of(conn: "Conn", unit_ids: Sequence[int], as_of: date) -> list[Hamlet]:
    """Hamlets of these communes on the day, in Vietnamese order."""
    sql = f"""
        SELECT {_HAMLET} FROM territory.hamlet
        WHERE unit_id = ANY (%s::int[]) AND valid @> %s::date ORDER BY sort_key, kind
    """
    return [_hamlet(row) for row in await (await conn.execute(sql, (list(unit_ids), as_of))).fetchall()]


async def hamlets_ever(conn: "Conn", unit_ids: Sequence[int]) -> list[Hamlet]:
    """Every period of every hamlet of these communes."""
    sql = f"SELECT {_HAMLET} FROM territory.hamlet WHERE unit_id = ANY (%s::int[]) ORDER BY hamlet_id, valid"
    return [_hamlet(row) for row in await (await conn.execute(sql, (list(unit_ids),))).fetchall()]


async def hamlet_names(conn: "Conn", hamlet_ids: Sequence[int]) -> dict[int, str]:
    """Kind and latest name of these hamlets, whatever their validity."""
    sql = """
        SELECT DISTINCT ON (hamlet_id) hamlet_id, kind, name FROM territory.hamlet
        WHERE hamlet_id = ANY (%s::bigint[]) ORDER BY hamlet_id, lower(valid) DESC NULLS LAST
    """
    return {row[0]: f"{row[1]} {row[2]}" for row in await (await conn.execute(sql, (list(hamlet_ids),))).fetchall()}


async def insert_hamlets(conn: "Conn", rows: Iterable[tuple[Hamlet, str, str]]) -> list[int]:
    """Store rows of (hamlet, name key, sort key); `hamlet_id` 0 takes a new id. Returns the ids."""
    sql = """
        INSERT INTO territory.hamlet (hamlet_id, unit_id, kind, name, name_key, aliases, valid, sort_key)
        VALUES (coalesce(%s::bigint, nextval('territory.hamlet_id_seq')), %s, %s, %s, %s, %s::text[],
                %s::daterange, %s)
        RETURNING hamlet_id
    """
    values = [
        (h.hamlet_id or None, h.unit_id, h.kind, h.name, name_key, list(h.aliases), _range(h.valid_from, h.valid_to), sort_key)
        for h, name_key, sort_key in rows
    ]
    ids: list[int] = []
    async with conn.cursor() as cursor:
        await cursor.executemany(sql, values, returning=True)
        async for result in cursor.results():
            ids += [int(row[0]) for row in await result.fetchall()]
    return ids


async def close_hamlet(conn: "Conn", hamlet_id: int, on: date) -> int:
    """End the row that is valid on the day; returns 1, or 0 where none is or it began that day."""
    sql = """
        UPDATE territory.hamlet SET valid = daterange(lower(valid), %s::date)
        WHERE hamlet_id = %s::bigint AND valid @> %s::date AND lower(valid) IS DISTINCT FROM %s::date
    """
    return (await conn.execute(sql, (on, hamlet_id, on, on))).rowcount


def _hamlet(row: Sequence[Any]) -> Hamlet:
    return Hamlet(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6])
