"""Applicants for the tests of registration: a person with a card and a way to hand in for them."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import psycopg

from dancu.accounts.models.application import Claim
from dancu.accounts.ports.subscriber import Subscriber
from dancu.accounts.service import apply, check
from dancu.kit import messages, migrate
from dancu.population import service as population
from dancu.population.models import CardKind

NAME, BIRTH = "Trần Thị Hoà", "1990-04-12"
_serials = itertools.count(100)


def new_number(prefix: str = "049190") -> str:
    return f"{prefix}{next(_serials):06d}"


def new_phone(end: str = "1") -> str:
    return f"+84905{next(_serials):05d}{end}"


async def person(office: Any, *, name: str = NAME, card: bool = True, number: str | None = None, **more: Any) -> tuple[int, str]:
    number = number or new_number()
    key = await office.person(name, number=number, **more)
    if card:
        await office(
            population.issue_card, key, kind=CardKind.CHIP, number=number, issued_on=date(2025, 8, 2), expires_on=date(2040, 4, 12)
        )
    return key, number


def claim(number: str, **changes: str) -> Claim:
    values = {"number": number, "name": NAME, "birth": BIRTH, "phone": new_phone(), "email": "", **changes}
    return apply.checked_claim(**values)


async def hand_in(conn: Any, one: Claim, **more: Any) -> str:
    """Hand in and check at once; the reference."""
    options = {"portrait": b"jpeg", "portrait_checked": True, "network": "203.0.113.7", **more}
    receipt = await apply.submit(conn, one, **options)
    await check.check(conn, receipt.ref)
    return receipt.ref


async def told(conn: Any, phone: str) -> list[str]:
    """Texts sent to a phone, newest first (the built-in outbox of a demonstration)."""
    return [shown.text for shown in await messages.outbox(conn, to=phone)]


def says(word: Subscriber):  # type: ignore[no-untyped-def]
    async def answer(phone: str, personal_id: str) -> Subscriber:
        return word

    return answer


def with_jobs(dsn: str) -> None:
    """The tables of the job queue, which migrations leave to the queue itself."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        # What a database grants is not copied with its template.
        conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO dancu_owner")
    migrate.jobs_schema(dsn)


async def rows(dsn: str, sql: str, *values: Any) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        return await (await conn.execute(sql, values)).fetchall()
