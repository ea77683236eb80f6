"""Help for the tests of level 2: samples without a camera, an office of the ward, a second officer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

import psycopg

from dancu.access.models import StaffState
from dancu.access.service import sessions
from dancu.access.service.rights import recompute_rights
from dancu.access.store import staff as staff_store
from dancu.accounts.service import offices
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Invalid
from dancu.kernel.findings import Finding
from dancu.population import service as population
from dancu.population.models import CardKind
from tests.population.conftest import HERE, NOW_HERE

WEEK = {day: ((time(7, 30), time(11, 30)), (time(13, 30), time(17))) for day in range(1, 6)}
ALWAYS = {day: ((time(0), time(23, 59)),) for day in range(1, 8)}


@dataclass
class Checked:
    ok: bool
    problems: tuple[Finding, ...]
    image: bytes


@dataclass
class Compared:
    matched: bool
    score: float


@dataclass
class Kept:
    kind: str
    source: str


@dataclass
class Ordered:
    order_id: int


@dataclass
class Samples:
    """Behind the names of the cards room: a picture is the name of whom it shows; "dark" is not good enough."""

    of: dict[tuple[int, str], bytes] = field(default_factory=dict)
    kept: list[tuple[int, str, str]] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    source: str = "card"

    def read_text(self, text: str) -> Any:
        from dancu.cards import service

        return service.read_text(text)

    async def check_portrait(self, image: bytes) -> Checked:
        if image == b"heic":
            raise Invalid("image.heic", "Ảnh này ở dạng HEIC.")
        dark = Finding("portrait.dark", "Ảnh tối quá. Hãy chụp lại ở nơi sáng hơn.")
        return Checked(image != b"dark", (dark,) if image == b"dark" else (), image)

    async def references(self, conn: Any, key: int) -> tuple[Kept, ...]:
        return tuple(Kept(kind, self.source) for of, kind in self.of if of == key)

    async def compare_faces(self, conn: Any, key: int, shown: Checked, **more: Any) -> Compared:
        same = self.of[key, "face"] == shown.image
        return Compared(same, 0.9 if same else 0.1)

    async def compare_fingerprints(self, conn: Any, key: int, image: bytes, **more: Any) -> Compared:
        same = self.of[key, "finger"] == image
        return Compared(same, 90.0 if same else 3.0)

    async def keep_reference(self, conn: Any, actor: Any, purpose: Any, key: int, kind: str, image: bytes, **more: Any) -> None:
        self.of[key, kind] = image
        self.kept.append((key, kind, more["source"]))

    async def order_card(self, conn: Any, actor: Any, purpose: Any, key: int, **more: Any) -> Ordered:
        self.orders.append(key)
        return Ordered(len(self.orders))


def stand_in(monkeypatch: Any) -> Samples:
    """Put samples in the place of the cards room wherever level 2 asks it."""
    from dancu.accounts.service import level2, visit_decision
    from dancu.accounts.service.sign_in import face
    from dancu.accounts.service.visit import capturing, opening

    made = Samples()
    for module in (opening, capturing, visit_decision, level2, face):
        monkeypatch.setattr(module, "cards", made)
    return made


async def post(conn: psycopg.AsyncConnection, police: Actor, *, name: str = "Công an phường", **more: Any) -> int:
    """An office of the ward with a camera and a fingerprint reader; in the caller's transaction."""
    values = {"kind": "post", "unit_id": NOW_HERE, "place": "Số 2 Hùng Vương", "hours": ALWAYS, **more}
    made = await offices.save(conn, police, name=name, **values)
    for kind in ("camera", "fingerprint"):
        await offices.add_device(conn, police, made, kind=kind, model="Model 1")
    return made


async def colleague(admin_dsn: str, app_dsn: str, login: str = "dong-nghiep") -> Actor:
    """A second ward police officer, with a committed session."""
    async with await psycopg.AsyncConnection.connect(admin_dsn) as conn:
        found = await staff_store.by_login(conn, login)
        if found is None:
            found = await staff_store.add(conn, login, "Thượng úy Đỗ Thị Hạnh", "DEMO.CA.TX", None, StaffState.ACTIVE)
            await staff_store.assign(
                conn, found.staff_id, "DEMO.CA.TX", "ward_police", [HERE], date(2023, 4, 1), date(2023, 4, 1), None, head=False, given_by=0
            )
        await recompute_rights(conn, found.staff_id)
    async with await psycopg.AsyncConnection.connect(app_dsn) as conn:
        token = await sessions.issue_session(conn, ActorKind.STAFF, found.staff_id, found.org_code)
        actor = await sessions.resolve(conn, token)
    assert actor is not None
    return replace(actor, request_id="t-colleague")


async def with_card(
    office: Any, number: str, *, issued_on: date = date(2025, 8, 2), name: str = "Trần Thị Hoà", until: date = date(2040, 4, 12), **more: Any
) -> int:
    """A person (12/04/1990) with a chip card."""
    key = int(await office.person(name, number=number, **more))
    await office(population.issue_card, key, kind=CardKind.CHIP, number=number, issued_on=issued_on, expires_on=until)
    return key


def qr(number: str, *, name: str = "Trần Thị Hoà", birth: str = "12041990", sex: str = "Nữ") -> str:
    """What a reader types from the QR code of a chip card."""
    return f"{number}||{name}|{birth}|{sex}|Số 1 Phan Châu Trinh|02082025"
