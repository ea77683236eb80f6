"""A partner's side for tests: the running application in this process, a program with key and certificate, and the client package
speaking to it."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from dancu.access import service as access
from dancu.access.catalogue import PERMISSIONS
from dancu.access.service import sessions
from dancu.audit import api as audit_api
from dancu.audit import service as audit
from dancu.exchange import endpoints
from dancu.exchange.service import partners
from dancu.kernel.actor import SYSTEM, Channel
from dancu.kit.db import make_pool
from dancu.kit.keys import KeyRing
from dancu.kit.limits import Rate
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.oidc import endpoints as oidc_endpoints
from dancu.population import service as population
from dancu.quality import service as quality
from dancu.sharing.models import DataTerms
from dancu.sharing.service import data_agreements
from dancu_client import AsyncClient, Config, Context
from tests.population.conftest import NOW_HERE, Office, draft, place

_numbers = itertools.count(10_000)
ISSUER = "http://localhost"
WHY = Context("identity_check", "26/2023/QH15", "H47.16-230405-0003", "Nguyễn Văn Cán Bộ")
OPERATOR = replace(SYSTEM, request_id="tests", channel=Channel.CLI, permissions=frozenset(PERMISSIONS))


def csr_of(key: Any, name: str = "program") -> bytes:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


@dataclass
class Program:
    """A partner's program. `http`: to the application; `client`: dancu_client on it."""

    org_code: str
    client_no: int
    config: Config
    http: httpx.AsyncClient
    client: AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = AsyncClient(self.config, self.http)


@dataclass
class Site:
    """The application, and SQL as the administrator."""

    app: Any
    registry: Any
    folder: Path
    signer: Any = None

    async def sql(self, query: str, params: Any = ()) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self.registry.dsn("admin")) as conn:
            cursor = await conn.execute(query, params)
            return await cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def conn(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with await psycopg.AsyncConnection.connect(self.registry.dsn("app")) as conn:
            yield conn

    def http(self, address: tuple[str, int] = ("127.0.0.1", 5000)) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=address, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ISSUER)

    async def program(
        self, name: str, *, live: bool = True, bound: str = "dpop", ed: bool = False, address: tuple[str, int] = ("127.0.0.1", 5000)
    ) -> Program:
        """A program of the organisation of this name, newly added."""
        key: Any = ed25519.Ed25519PrivateKey.generate() if ed else ec.generate_private_key(ec.SECP256R1())
        async with self.conn() as conn:
            added = await partners.add(conn, OPERATOR, name, csr_of(key), kind="ministry", live=live, bound=bound, base=ISSUER)
        folder = self.folder / added.client_id
        folder.mkdir()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "cert.pem").write_text(added.certificate_pem)
        config = Config(
            ISSUER, added.client_id, folder / "key.pem", folder / "cert.pem", bound=bound, log=folder / "calls.ndjson", attempts=2
        )
        return Program(added.org_code, added.client_no, config, self.http(address))

    async def agree(self, org_code: str, service: str = "verify", fields: str = "name birth sex", **changes: Any) -> None:
        """An agreement in force, by the operator for both sides."""
        today = datetime.now(UTC).date()
        terms = DataTerms(
            org_code, service, frozenset(fields.split()), {WHY.purpose: WHY.legal_basis},
            (today - timedelta(days=1), date(today.year + 1, 12, 31)),
        )  # fmt: skip
        async with self.conn() as conn:
            await data_agreements.grant(conn, OPERATOR, replace(terms, **changes))

    def forget(self) -> None:
        """Let the door look at the database again at once."""
        if (exchange := getattr(self.app.state, "exchange", None)) is not None:
            exchange.directory.forget()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(with_officers: None, database: Any, tmp_path_factory: Any) -> AsyncIterator[Site]:
    """The exchange and the provider as an application on a migrated database, with a log that is sequenced when a test asks."""
    folder: Path = tmp_path_factory.mktemp("exchange")
    os.environ["DANCU_DATA"] = str(folder)
    pool = make_pool(database.dsn("app"), min_size=2, max_size=6)
    settings = WebSettings(secret=b"s" * 32, ip_rate=Rate(0, 0), session_rate=Rate(0, 0), trusted_proxies=frozenset({"10.0.0.1"}))
    state = {
        "sessions": sessions, "pool": pool, "keys": folder / "keys", "demo": False, "outbound": "",
        "surfaces": (Surface("citizen", "Cổng công dân", "/", "citizen"),), "menu": (), "reported": quality.reported,
    }  # fmt: skip
    routers = [oidc_endpoints.router, endpoints.router, audit_api.router]
    app = create_app(routers=routers, settings=settings, state=state, shortcuts={**oidc_endpoints.SHORTCUTS, **endpoints.SHORTCUTS})
    KeyRing.open(folder / "keys" / "oidc")
    made = Site(app, database, folder)
    async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as conn:
        made.signer = await audit.signer_of_log(conn, folder / "keys", folder / "checkpoints")
    await pool.open()
    try:
        yield made
    finally:
        await pool.close()
        os.environ.pop("DANCU_DATA", None)


async def sequence(site: Site) -> None:
    """Move what waits into the signed log."""
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker")) as conn:
        while await audit.sequence_once(conn, site.signer):
            await conn.commit()
        await conn.commit()
        await conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")


async def _office(conn: Any) -> Office:
    officers = {}
    for code in ("ward_police", "civil_status_clerk"):
        token, _ = await access.enter_as(conn, code, demo=True)
        actor = await access.sessions.resolve(conn, token)
        assert actor is not None
        officers[code] = replace(actor, request_id="t")
    return Office(conn, officers["ward_police"], officers["civil_status_clerk"])


async def household(site: Site, head: int) -> None:
    """A household of this person alone."""
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        office = await _office(conn)
        await office(population.create_household, head, place=place(), since=date(2026, 1, 1), members={})


async def citizen(site: Site, name: str = "Trần Thị Hoà", **changes: Any) -> tuple[int, str]:
    """(person_key, personal ID number) of somebody newly registered."""
    number = f"0490900{next(_numbers):05d}"
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        office = await _office(conn)
        made = await office(population.register, draft(name, number=number, unit=NOW_HERE, **changes))
    return made.person_key, number
