"""The provider as an application on a real database: citizens with accounts, clients of every profile, and a client's side of
the protocol made with other people's libraries (authlib, joserfc)."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from joserfc import jwk, jws
from psycopg.types.json import Json

from dancu.access import service as access
from dancu.access.service import sessions
from dancu.kernel.actor import ActorKind
from dancu.kit.db import make_pool
from dancu.kit.keys import KeyRing
from dancu.kit.limits import Rate
from dancu.kit.web import Surface, WebSettings, create_app
from dancu.oidc.endpoints import OWN_WORDS, SHORTCUTS, router
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
from dancu.oidc.service import consent
from dancu.oidc.service.authenticate import hash_secret
from dancu.oidc.store import clients as client_store
from tests.population.conftest import NOW_HERE, draft

ISSUER = "http://localhost"
BACK = "https://service.example/back"
SECRET = "a-secret-of-the-tests-0123456789abcdef"
UNLIMITED = Rate(0, 0)
EVERYTHING = frozenset(consent.GROUPS)


@dataclass
class Agreement:
    """As the sharing room answers."""

    claims: frozenset[str] = EVERYTHING
    purposes: dict[str, str] = field(default_factory=lambda: {"online_service": "69/2024/NĐ-CP"})
    consent_needed: bool = True
    level_min: int = 1


@dataclass
class Given:
    claims: frozenset[str]
    until: datetime | None
    ends: dict[str, datetime] = field(default_factory=dict)


class Consents(dict[tuple[int, int, str], Given]):
    """Kept in the database too, where the provider's own statements look."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self.dsn = dsn

    def __setitem__(self, of: tuple[int, int, str], given: Given) -> None:
        super().__setitem__(of, given)
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            conn.execute("DELETE FROM sharing.consent WHERE (person_key, client_no, purpose) = (%s, %s, %s)", of)
            conn.execute(
                "INSERT INTO sharing.consent (person_key, client_no, purpose, consent_id, client_name, org_code, claims, legal_basis,"
                " given_at, until, receipt, entry_id, ends) VALUES (%s, %s, %s, gen_random_uuid(), 'a', 'b', %s, 'c', now() - interval '1 year', %s, '', 1, %s)",
                (*of, sorted(given.claims), given.until, Json({one: at.isoformat() for one, at in given.ends.items()})),
            )

    def update(self, others: dict[tuple[int, int, str], Given]) -> None:  # type: ignore[override]
        for of, given in others.items():
            self[of] = given

    def clear(self) -> None:
        super().clear()
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            conn.execute("DELETE FROM sharing.consent")


class Sharing:
    """Agreements and consents in memory, behind the names of the sharing room's service."""

    def __init__(self, dsn: str) -> None:
        self.agreements: dict[int, Agreement] = {}
        self.consents = Consents(dsn)

    async def agreement(self, conn: Any, client_no: int) -> Agreement | None:
        return self.agreements.get(client_no)

    async def consent(self, conn: Any, key: int, client_no: int, purpose: str) -> Given | None:
        return self.consents.get((key, client_no, purpose))

    async def ends_of(self, conn: Any, key: int, client_no: int, purpose: str) -> dict[str, datetime]:
        given = self.consents.get((key, client_no, purpose))
        each = {one: given.ends.get(one, given.until) for one in given.claims} if given else {}
        return {one: at for one, at in each.items() if at is not None and at > datetime.now(UTC)}

    async def give(self, conn: Any, actor: Any, client_no: int, claims: Any, purpose: Any, until: datetime, *, ends: dict[str, datetime], **names: str) -> Given:
        made = self.consents[actor.actor_id, client_no, purpose.code] = Given(frozenset(claims), until, dict(ends))
        return made


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch, registry: Any) -> Sharing:
    stand_in = Sharing(registry.dsn("admin"))
    monkeypatch.setattr(consent, "sharing", stand_in)
    return stand_in


@pytest.fixture(scope="module")
def registry(with_officers: None, database: Any) -> Any:
    return database


@dataclass
class Citizen:
    """Somebody with an account and a browser in which they signed in."""

    key: int
    token: str
    sid: str


_numbers = iter(range(100_000))


@pytest_asyncio.fixture(loop_scope="session")
async def citizen(registry) -> Citizen:  # type: ignore[no-untyped-def]
    return await make_citizen(registry)


async def make_citizen(registry: Any, *, acr: int = 2, level: int = 2, age: float = 0.0) -> Citizen:
    from dancu.population import service as population
    from tests.population.conftest import Office

    number = f"0490900{next(_numbers):05d}"
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        officers = {}
        for code in ("ward_police", "civil_status_clerk"):
            token, _ = await access.enter_as(conn, code, demo=True)
            actor = await access.sessions.resolve(conn, token)
            assert actor is not None
            officers[code] = replace(actor, request_id="t")
        office = Office(conn, officers["ward_police"], officers["civil_status_clerk"])
        key = (await office(population.register, draft("Nguyễn Thị Thu Hà", number=number, unit=NOW_HERE))).person_key
        token = await sessions.issue_session(conn, ActorKind.CITIZEN, key)
    sid = secrets.token_urlsafe(16)
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await conn.execute(
            "INSERT INTO accounts.account (person_key, level, state, activated_at) VALUES (%s, %s, 'active', now())", (key, level)
        )
        await conn.execute(
            "INSERT INTO accounts.sign_in (person_key, session_hash, sid, acr, amr, at, lock_version)"
            " VALUES (%s, %s, %s, %s, %s, now() - make_interval(secs => %s), 1)",
            (key, hashlib.sha256(token.encode()).digest(), sid, acr, ["pin", "sms"], age),
        )
    return Citizen(key, token, sid)


@pytest.fixture
def no_accounts_room(monkeypatch: pytest.MonkeyPatch) -> None: ...


@dataclass
class Site:
    """The running application; `http()` gives a program's client, `browser(citizen)` a citizen's."""

    app: Any
    registry: Any
    sharing: Sharing

    @asynccontextmanager
    async def http(self, **kwargs: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app, **({"client": kwargs.pop("address")} if "address" in kwargs else {}))
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER, **kwargs) as client:
            yield client

    @asynccontextmanager
    async def browser(self, citizen: Citizen | None) -> AsyncIterator[httpx.AsyncClient]:
        cookies = {"dancu_session": citizen.token} if citizen else {}
        async with self.http(cookies=cookies) as client:
            yield client

    async def sql(self, query: str, params: Any = ()) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self.registry.dsn("admin")) as conn:
            cursor = await conn.execute(query, params)
            return await cursor.fetchall() if cursor.description else []


@pytest_asyncio.fixture(loop_scope="session")
async def site(registry, sharing: Sharing, tmp_path: Path) -> AsyncIterator[Site]:  # type: ignore[no-untyped-def]
    pool = make_pool(registry.dsn("app"), min_size=2, max_size=6)
    settings = WebSettings(
        secret=b"s" * 32, ip_rate=UNLIMITED, session_rate=UNLIMITED, trusted_proxies=frozenset({"10.0.0.1"})
    )
    state = {
        "sessions": sessions, "pool": pool, "keys": tmp_path / "keys", "demo": False, "own_words": OWN_WORDS,
        "surfaces": (Surface("citizen", "Cổng công dân", "/", "citizen"),), "menu": (),
    }  # fmt: skip
    app = create_app(routers=[router], settings=settings, state=state, shortcuts=SHORTCUTS)
    KeyRing.open(tmp_path / "keys" / "oidc")
    await pool.open()
    try:
        yield Site(app, registry, sharing)
    finally:
        await pool.close()


def _key() -> Any:
    key = jwk.ECKey.generate_key("P-256")
    return jwk.ECKey.import_key({**key.as_dict(private=True), "kid": secrets.token_hex(4)})


@dataclass
class Service:
    """A client with its private parts."""

    client: Client
    key: Any = field(default_factory=_key)
    proof_key: Any = field(default_factory=_key)

    @property
    def id(self) -> str:
        return self.client.client_id

    def sign(self, claims: dict[str, Any], *, typ: str = "JWT", key: Any = None, **header: Any) -> str:
        key = key or self.key
        return jws.serialize_compact(
            {"alg": "ES256", "typ": typ, "kid": key.kid, **header}, _json(claims), key, algorithms=["ES256"]
        )

    def assertion(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.id, "sub": self.id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": secrets.token_hex(8)}
        return self.sign({k: v for k, v in {**claims, **changes}.items() if v is not None})

    def credentials(self, **changes: Any) -> dict[str, str]:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": self.assertion(**changes)}

    def proof(self, path: str, method: str = "POST", *, token: str = "", key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        from dancu.oidc.jose import b64u

        key = key or self.proof_key
        claims = {"jti": secrets.token_hex(8), "htm": method, "htu": ISSUER + path, "iat": int(time.time())}
        if token:
            claims["ath"] = b64u(hashlib.sha256(token.encode()).digest())
        public = {k: v for k, v in key.as_dict(private=False).items() if k in ("kty", "crv", "x", "y")}
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": public, **(header or {})}
        return jws.serialize_compact(head, _json({k: v for k, v in {**claims, **changes}.items() if v is not None}), key, algorithms=["ES256"])


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


Make = Callable[..., Awaitable[Service]]


@pytest.fixture
def make_service(site: Site) -> Make:
    async def make(profile: str = "fapi2", **changes: Any) -> Service:
        return await register(site, profile, **changes)

    return make


async def register(site: Site, profile: str = "fapi2", *, agreement: Agreement | None = None, **changes: Any) -> Service:
    """A client of this profile, with an agreement for everything unless said otherwise."""
    key = _key()
    client_id = f"c-{secrets.token_hex(6)}"
    ways: dict[str, dict[str, Any]] = {
        "fapi2": {
            "auth_method": AuthMethod.PRIVATE_KEY_JWT, "bound": "dpop", "jwks": {"keys": [_public(key)]},
        },
        "basic": {"auth_method": AuthMethod.SECRET_BASIC, "secret_hash": hash_secret(SECRET)},
        "public": {"auth_method": AuthMethod.NONE},
    }  # fmt: skip
    values: dict[str, Any] = {
        "client_no": 0, "client_id": client_id, "name": "Cổng dịch vụ công tỉnh", "org_code": "ubnd-tinh",
        "profile": Profile(profile), "state": ClientState.LIVE, "sector": client_id, "redirect_uris": (BACK,),
        "grant_types": frozenset({"authorization_code", "refresh_token", "client_credentials"} - ({"client_credentials"} if profile == "public" else set())),
        "scopes": ("registry.statistics",), **ways[profile], **changes,
    }  # fmt: skip
    client = Client(**values)
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("app")) as conn:
        number = await client_store.insert(conn, client)
    site.sharing.agreements[number] = agreement or Agreement()
    return Service(replace(client, client_no=number), key)


def _public(key: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.kid, "use": "sig"}


def verifier() -> tuple[str, str]:
    """(code_verifier, code_challenge)."""
    from dancu.oidc.jose import b64u

    secret = secrets.token_urlsafe(40)
    return secret, b64u(hashlib.sha256(secret.encode()).digest())


def soon(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)
