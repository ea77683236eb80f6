"""The demonstration's mark and its personas."""

from __future__ import annotations

from psycopg.rows import class_row, scalar_row

from dancu.access.models import Persona
from dancu.kit.db import Conn


async def is_demo(conn: Conn) -> bool:
    """Was this database made as a demonstration?"""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT access.is_demo()")
    return bool(await cursor.fetchone())


async def mark(conn: Conn) -> bool:
    """Mark an empty database as a demonstration (the admin role only); False when it has staff or evidence
    already."""
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute(
        """INSERT INTO kit.setting (name, value)
           SELECT 'demo', 'true'::jsonb
            WHERE NOT EXISTS (SELECT FROM access.staff) AND NOT EXISTS (SELECT FROM access.session)
           ON CONFLICT (name) DO NOTHING RETURNING true"""
    )
    return bool(await cursor.fetchone())


async def put(conn: Conn, ordinal: int, persona: Persona) -> None:
    await conn.execute(
        """INSERT INTO access.persona (code, ordinal, actor_kind, actor_id, title, title_en, story, story_en, home)
           VALUES (%s, %s, %s, %s::bigint, %s, %s, %s, %s, %s)
           ON CONFLICT (code) DO UPDATE
              SET ordinal = excluded.ordinal, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
                  title = excluded.title, title_en = excluded.title_en, story = excluded.story,
                  story_en = excluded.story_en, home = excluded.home""",
        (persona.code, ordinal, persona.actor_kind, persona.actor_id, persona.title, persona.title_en,
         persona.story, persona.story_en, persona.home),
    )  # fmt: skip


async def every(conn: Conn) -> list[Persona]:
    cursor = conn.cursor(row_factory=class_row(Persona))
    await cursor.execute(
        """SELECT code, actor_kind, actor_id, title, title_en, story, story_en, home
             FROM access.persona ORDER BY ordinal"""
    )
    return await cursor.fetchall()


async def one(conn: Conn, code: str) -> Persona | None:
    cursor = conn.cursor(row_factory=class_row(Persona))
    await cursor.execute(
        """SELECT code, actor_kind, actor_id, title, title_en, story, story_en, home
             FROM access.persona WHERE code = %s""",
        (code,),
    )
    return await cursor.fetchone()
