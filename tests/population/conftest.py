"""A registry with the demonstration's officers, and a small office to act from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.kernel.actor import Actor, Document, Purpose
from dancu.population.models import (
    BirthFact,
    Done,
    NameFact,
    NumberFact,
    NumberKind,
    PersonDraft,
    ResidenceFact,
    ResidenceKind,
    Sex,
    Source,
    TraitFact,
    Valid,
)
from dancu.population.policy.residence import Place

HERE = 7179  # phường Trường Xuân, Tam Kỳ, until 30/6/2025
NOW_HERE = 13789  # the ward it lives on in
ELSEWHERE = 13788  # the ward beside it, of today
PAPER = Document("declaration", "01/TK", date(2026, 1, 5))

RESIDENCE = Purpose("residence_management", "68/2020/QH14")
CIVIL = Purpose("civil_status", "60/2014/QH13")
IDENTITY = Purpose("identity_management", "26/2023/QH15")
QUALITY = Purpose("data_quality", "26/2023/QH15")


@pytest.fixture(scope="module")
def registry(with_officers: None, database: Any) -> Any:
    return database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def officers(registry) -> dict[str, Actor]:  # type: ignore[no-untyped-def]
    """Sessions that are committed, so that several connections can act with them."""
    found = {}
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        for code in ("ward_police", "civil_status_clerk", "one_stop_officer"):
            token, _ = await access.enter_as(conn, code, demo=True)
            actor = await access.sessions.resolve(conn, token)
            assert actor is not None
            found[code] = replace(actor, request_id=f"t-{code}")
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        # Hundreds of examples on a busy machine take longer than a desk may be left alone.
        await conn.execute("UPDATE access.session SET idle = interval '1 day'")
    return found


@pytest_asyncio.fixture
async def app(registry) -> AsyncIterator[psycopg.AsyncConnection]:  # type: ignore[no-untyped-def]
    conn = await psycopg.AsyncConnection.connect(registry.dsn("app"))
    try:
        yield conn
    finally:
        await conn.rollback()
        await conn.close()


@pytest.fixture
def police(officers: dict[str, Actor]) -> Actor:
    return officers["ward_police"]


@pytest.fixture
def clerk(officers: dict[str, Actor]) -> Actor:
    return officers["civil_status_clerk"]


@dataclass
class Office:
    """Acts of the ward on one connection: `await office(verb, key, …)`; the right officer and purpose by
    verb."""

    conn: Any
    police: Actor
    clerk: Actor

    def as_whom(self, verb: Any) -> tuple[Actor, Purpose]:
        permission = verb.permission
        if permission in (
            "person.write.marry",
            "person.write.divorce",
            "person.write.die",
            "person.write.kinship",
        ):
            return self.clerk, CIVIL
        if permission in (
            "person.write.card", "person.merge", "person.write.cancel_number", "person.write.replace_number",
            "person.number.allocate",
        ):  # fmt: skip
            return self.police, IDENTITY
        return self.police, RESIDENCE

    async def __call__(self, verb: Any, *args: Any, **kwargs: Any) -> Done:
        actor, purpose = self.as_whom(verb)
        return await verb(self.conn, actor, purpose, PAPER, *args, **kwargs)

    async def preview(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
        actor, purpose = self.as_whom(verb)
        return await verb.preview(self.conn, actor, purpose, PAPER, *args, **kwargs)

    async def person(self, name: str = "Trần Thị Hoà", **kwargs: Any) -> int:
        from dancu.population import service

        return (await self(service.register, draft(name, **kwargs))).person_key

    async def view(self, key: int, as_of: date | None = None, known_at: Any = None) -> Any:
        from dancu.population.store import facts

        return (await facts.load_view(self.conn, [key], as_of, known_at))[key]


@pytest.fixture
def office(app: psycopg.AsyncConnection, police: Actor, clerk: Actor) -> Office:
    return Office(app, police, clerk)


@pytest.fixture
def office_on(police: Actor, clerk: Actor) -> Callable[[Any], Office]:
    return lambda conn: Office(conn, police, clerk)


def draft(
    name: str = "Trần Thị Hoà",
    *,
    sex: Sex = Sex.FEMALE,
    year: int | None = 1990,
    month: int | None = 4,
    day: int | None = 12,
    number: str | None = None,
    unit: int | None = NOW_HERE,
    since: date = date(2025, 7, 1),
    **parts: Any,
) -> PersonDraft:
    """A complete person living in the ward."""
    source = Source("residence_register", "01/CT", date(2025, 7, 1))
    residence = ResidenceFact(
        source=source,
        valid=Valid(since),
        kind=ResidenceKind.PERMANENT,
        unit_id=unit,
        address="Số 1 Phan Châu Trinh",
    )
    numbers = (NumberFact(source=source, kind=NumberKind.PERSONAL_ID, number=number),) if number else ()
    return PersonDraft(
        birth=BirthFact(
            source=source, year=year, month=month, day=day, sex=sex, birth_unit=HERE, registration_unit=HERE,
            origin_unit=HERE,
        ),
        names=(NameFact(source=source, full_name=name),),
        traits=(TraitFact(source=source, ethnicity="Kinh", nationality="VNM"),),
        numbers=numbers,
        residences=(residence,) if unit else (),
        **parts,
    )  # fmt: skip


def place(unit: int | None = NOW_HERE, address: str = "Số 9 Hùng Vương") -> Place:
    return Place(unit_id=unit, address=address)


Waiter = Callable[[], Awaitable[Any]]
