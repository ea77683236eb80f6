"""Letting calls of partners' programs in: token, signature, time, context, agreement, quota, in this order. Until the signature
has proved who asks, every refusal is one of two and says nothing about who is known here; afterwards each is a line of the
call log."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dancu.exchange.models.call import Call, Certificate, Line, System, not_agreed, refused
from dancu.exchange.service import sandbox
from dancu.exchange.service.directory import FRESH_SECONDS, Directory, Snapshot
from dancu.exchange.service.lane import Lane
from dancu.exchange.service.quota import Quota
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.service.unanswered import Unanswered
from dancu.exchange.store import calls as store
from dancu.kernel.errors import DancuError, Unavailable
from dancu.kit import httpsig
from dancu.kit.db import Conn
from dancu.oidc.models import Client, ClientState
from dancu.oidc.service import bearer, clients, tokens
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.wire import Wire
from dancu.sharing.models import DataAgreement

SCOPE = "exchange"
# What a connected program may call without an agreement: nothing of a citizen goes in or out.
UNAGREED = frozenset({"log"})
SKEW_SECONDS = 60
LABEL = "sig1"
COVERED = frozenset({"@method", "@target-uri", "content-digest", "content-type", "authorization"})
CONTEXT = ("purpose", "legal_basis", "case_ref", "officer")
_LONGEST = {"purpose": 40, "legal_basis": 120, "case_ref": 80, "officer": 120}
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_KEYID = re.compile(r"[0-9a-f]{64}", re.ASCII)
# Headers that must come once: two readers of a message could otherwise read two messages.
_ONCE = (
    "authorization", "client-cert", "content-digest", "content-encoding", "content-length", "content-type", "dpop", "host",
    "signature", "signature-input", "transfer-encoding",
)  # fmt: skip
_MOST_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came. `certificate`: the caller's, where a proxy of ours vouches for it."""

    issuer: str
    message: httpsig.Message
    path: str
    query: bytes
    body: bytes
    certificate: bytes | None = None
    request_id: str = ""


@dataclass(slots=True)
class Known:
    """Who asks, proved by the signature. `line`: what the call log will say, filled in as more is known."""

    client: Client
    system: System
    certificate: Certificate
    inner: httpsig.Inner
    line: Line


class Exchange:
    """Data exchange of one application process."""

    def __init__(self, directory: Path, provider: Provider) -> None:
        self.provider = provider
        self.connect: Callable[[], AbstractAsyncContextManager[Any]] = provider.connect
        self.keys = AnswerKeys(directory / "exchange")
        self.directory, self.quota = Directory(self.connect), Quota(self.connect)
        self.lane = Lane(self.connect)
        self.unanswered = Unanswered(self.connect)
        self._clients = clients.ClientCache(FRESH_SECONDS)
        self._tokens: OrderedDict[str, tuple[float, tokens.Access]] = OrderedDict()

    async def caller(self, arrived: Arrived, service: str, now: float) -> tuple[Known, Snapshot]:
        """Who asks. Raises Refused; whatever is wrong before the signature is proved sounds alike."""
        headers = arrived.message.headers
        if any(len(headers.get(name, ())) > 1 for name in _ONCE) or "content-encoding" in headers:
            raise refused("exchange.malformed")
        client = await self._client(arrived, now)
        try:
            signed = httpsig.read(arrived.message, LABEL)
        except httpsig.Malformed as error:
            raise refused("exchange.signature") from error
        thumbprint, snapshot = signed.inner.text("keyid"), await self.directory.current()
        if client.client_no not in snapshot.systems or thumbprint not in snapshot.certificates:
            snapshot = await self.directory.as_of_now()
        system = snapshot.systems.get(client.client_no)
        certificate = snapshot.certificates.get(thumbprint) if _KEYID.fullmatch(thumbprint) else None
        if system is None or certificate is None or certificate.client_no != client.client_no:
            raise refused("exchange.signature")
        key = snapshot.key(thumbprint)
        if key is None or not signed.inner.names() >= COVERED or signed.inner.text("alg") != key.alg:
            raise refused("exchange.signature")
        try:
            signed.verify(arrived.message, key)
        except (httpsig.Malformed, httpsig.WrongSignature) as error:
            raise refused("exchange.signature") from error
        digest = hashlib.sha256(arrived.body).digest()
        line = Line(client.client_no, "", system.org_code, system.environment, service, digest)
        return Known(client, system, certificate, signed.inner, line), snapshot

    async def _client(self, arrived: Arrived, now: float) -> Client:
        """Whose token it is. Raises Refused `exchange.token`, with the words of RFC 6750 and RFC 9449 in the header."""
        headers = arrived.message.headers
        text = next(iter(headers.get("authorization", ())), "")
        wire = Wire(
            arrived.issuer, arrived.message.method, arrived.path, {}, text, tuple(headers.get("dpop", ())), arrived.certificate,
            arrived.request_id,
        )  # fmt: skip
        try:
            scheme, token_text = bearer.taken(wire)
            client, token = await self.holder(arrived.issuer, token_text, now)
            # What came once is known by the message's own id: a proof without a fresh signed message opens nothing.
            bearer.bound(self.provider, wire, token, scheme, token_text)
        except tokens.JoseError as error:
            raise refused("exchange.token", {"WWW-Authenticate": f'DPoP realm="dancu", error="invalid_token", error_description="{error}"'}) from error
        except OAuthError as error:
            raise refused("exchange.token", error.headers) from error
        return client

    async def holder(self, issuer: str, text: str, now: float) -> tuple[Client, tokens.Access]:
        """Whose token of ours for data exchange it is, and what it says; who asks must check its binding (`cnf`) still. Raises
        JoseError, OAuthError."""
        token = self._token(issuer, text, now)
        client = await self._clients.look(token.text("client_id"), lambda: self._find(token.text("client_id")))
        if client is None or token.claims.get("aud") != issuer or "dnc" in token.claims:
            raise OAuthError("invalid_token", "the token is not for this resource", 401)
        if SCOPE not in token.text("scope").split():
            raise OAuthError("insufficient_scope", "the token has no exchange scope", 401)
        if not isinstance(token.claims.get("cnf"), dict):
            raise OAuthError("invalid_token", "the token is not bound to its holder", 401)
        return client, token

    async def _find(self, client_id: str) -> Client | None:
        async with self.connect() as conn, conn.transaction():
            return await clients.known(conn, client_id)

    def _token(self, issuer: str, text: str, now: float) -> tokens.Access:
        """A token of ours in time, read once: the same one comes with every call of five minutes."""
        known = self._tokens.get(text)
        if known is not None and now < known[0] and known[1].claims.get("iss") == issuer:
            return known[1]
        token = tokens.read_access_token(self.provider, issuer, text, now=now)
        self._tokens[text] = (float(token.claims["exp"]), token)
        while len(self._tokens) > _MOST_TOKENS:
            self._tokens.popitem(last=False)
        return token

    async def admit(self, known: Known, snapshot: Snapshot, arrived: Arrived, service: str, now: float) -> Call:
        """The call of a known caller. Raises Refused, Exceeded or Invalid; `known.line` tells what was known by then."""
        self._check_message(known, arrived, now)
        context, body = self._read(known, arrived)
        line = known.line
        line.purpose, line.legal_basis, line.case_ref, line.officer = context
        purpose, basis = line.purpose, line.legal_basis
        moment = datetime.fromtimestamp(now, UTC)
        if service in UNAGREED:
            return self._call(known, sandbox.nothing(known.system.org_code, service, moment), now, body)
        agreement = snapshot.agreements.get((known.system.org_code, service))
        if agreement is None and not known.system.live:
            agreement = sandbox.agreement(known.system.org_code, service, moment)
        elif agreement is None:
            agreement = (await self.directory.as_of_now()).agreements.get((known.system.org_code, service))
        if agreement is None:
            raise refused("agreement.none")
        if word := agreement.permits(service, (), purpose, basis, moment):
            raise not_agreed(word, agreement, purpose)
        await self.quota.take(agreement)
        return self._call(known, agreement, now, body)

    @staticmethod
    def _call(known: Known, agreement: DataAgreement, now: float, body: Mapping[str, Any]) -> Call:
        client, line = known.client, known.line
        return Call(
            client.client_no, client.client_id, line.org_code, client.org_name, line.environment, line.service, line.message_id,
            line.digest, now, line.purpose, line.legal_basis, line.case_ref, line.officer, agreement, body,
        )  # fmt: skip

    def _check_message(self, known: Known, arrived: Arrived, now: float) -> None:
        """Message id, state of the partner, certificate, time, digest. Raises Refused."""
        nonce = known.inner.text("nonce")
        if not _MESSAGE_ID.fullmatch(nonce):
            raise refused("exchange.message_id")
        known.line.message_id = nonce
        if known.system.state in ("suspended", "revoked", "refused") or known.client.state is ClientState.SUSPENDED:
            raise refused("exchange.suspended")
        held = known.system.held_until
        if held is not None and now < held.timestamp():
            raise refused("exchange.held", {"Retry-After": str(max(1, round(held.timestamp() - now)))})
        if known.system.live and known.system.state != "live":
            raise refused("exchange.environment")
        if not known.certificate.holds(datetime.fromtimestamp(now, UTC)):
            raise refused("exchange.certificate")
        created, expires = known.inner.number("created"), known.inner.number("expires")
        if created is None or abs(now - created) > SKEW_SECONDS or (expires is not None and expires <= now):
            raise refused("exchange.clock")
        try:
            whole = httpsig.digest_matches(arrived.message.headers["content-digest"][0], arrived.body)
        except httpsig.Malformed:
            whole = False
        if not whole:
            raise refused("exchange.digest")
        if arrived.query:
            raise refused("exchange.malformed")

    def _read(self, known: Known, arrived: Arrived) -> tuple[tuple[str, str, str, str], Mapping[str, Any]]:
        """(context, the service's own members). Raises Refused."""
        kind = arrived.message.headers["content-type"][0].partition(";")[0].strip().lower()
        if kind != "application/json":
            raise refused("exchange.malformed")
        try:
            body = orjson.loads(arrived.body)
        except orjson.JSONDecodeError as error:
            raise refused("exchange.malformed") from error
        context = body.get("context") if isinstance(body, dict) else None
        if not isinstance(context, dict):
            raise refused("exchange.context.purpose" if isinstance(body, dict) else "exchange.malformed")
        said = [context.get(name) for name in CONTEXT]
        for name, value in zip(CONTEXT, said, strict=True):
            if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST[name] or not value.isprintable():
                raise refused(f"exchange.context.{name}")
        return tuple(" ".join(str(value).split()) for value in said), {k: v for k, v in body.items() if k != "context"}  # type: ignore[return-value]

    def failed(self, environment: str, org_code: str, service: str) -> None:
        """A call we could not answer, whatever the reason."""
        if environment == "live":
            self.unanswered.add(org_code, service)

    async def note_refusal(self, line: Line, error: DancuError) -> None:
        """Keep that a known caller was refused, on a connection of its own. What we cannot do now is no refusal: the same message
        may come again."""
        if isinstance(error, Unavailable):
            self.failed(line.environment, line.org_code, line.service)
            return
        async with self.connect() as conn, conn.transaction():
            await store.write_many(conn, [_refusal_line(line, error.code)])


def _refusal_line(line: Line, code: str) -> Line:
    """A replay cannot stand under the id it repeats, nor can a message without one."""
    if code == "exchange.replay" or not line.message_id:
        return replace(line, message_id=f"{line.message_id[:30]}!{secrets.token_hex(16)}", verdict=code)
    return replace(line, verdict=code)


async def early(conn: Conn, call: Call) -> None:
    """Raises Refused `exchange.replay` before any work is done for a message that was answered already."""
    if await store.seen(conn, call.client_no, call.message_id):
        raise refused("exchange.replay")


async def keep(conn: Conn, call: Call, verdict: str, entries: int) -> None:
    """The call's line, in the transaction of its work. Raises Refused `exchange.replay` where another of the same id was
    faster: then nothing of this one's work remains."""
    line = line_of(call, verdict, entries)
    if not await store.write(conn, line):
        raise refused("exchange.replay")


async def keep_refusal(conn: Conn, call: Call, error: DancuError) -> None:
    """What became of a call whose work was undone."""
    if isinstance(error, Unavailable):
        return
    await store.write_many(conn, [_refusal_line(line_of(call, error.code, 0), error.code)])


def line_of(call: Call, verdict: str = "ok", entries: int = 0) -> Line:
    micros = max(0, min(round((time.time() - call.received) * 1e6), 2**31 - 1))
    return Line(
        call.client_no, call.message_id, call.org_code, call.environment, call.service, call.digest, verdict, call.officer,
        call.purpose, call.legal_basis, call.case_ref, entries, micros,
    )  # fmt: skip


def hashes(entries: Sequence[tuple[int, bytes]]) -> list[tuple[int, str]]:
    """(entry_id, record hash) from canonical contents."""
    return [(entry_id, hashlib.sha256(content).hexdigest()) for entry_id, content in entries]
