"""A document shown to a checking officer: a screen that lives a minute, a code that is checked once. A photograph of the screen is
worth nothing after the minute, and nothing once the code was checked."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from dancu.audit import service as audit
from dancu.credentials import keys
from dancu.credentials.models import Document, Screen, Standing, Verdict
from dancu.credentials.rules import SHOWN_SECONDS
from dancu.credentials.service import documents
from dancu.credentials.store import documents as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.limits import Rate, TokenBuckets
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service.look import opened

PERMISSION = "document.check"
_DIGITS = 8
_LONGEST = 1_000
# Guessing digits: an officer types a few a minute, not thousands.
_typed = TokenBuckets(Rate(0.2, 10), capacity=5_000)


@dataclass(frozen=True, slots=True)
class Checked:
    """What an officer learns. `document`, `view`: for `OK` alone; `used_at`: when the code was checked before."""

    verdict: Verdict
    document: Document | None = None
    view: PersonView | None = None
    used_at: datetime | None = None
    at: datetime | None = None


async def show(conn: Conn, actor: Actor, purpose: Purpose, document_id: str) -> Screen:
    """A new screen of one of the citizen's own documents. Raises NotFound, Conflict where it is not integrated."""
    one = await documents.one_of_mine(conn, actor, purpose, document_id)
    if one.standing is not Standing.INTEGRATED:
        raise Conflict("document.not_integrated", N_("Giấy tờ này chưa tích hợp được nên chưa xuất trình được."))
    made, nonce = int(time.time()), secrets.token_urlsafe(16)
    digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    until = datetime.fromtimestamp(made + SHOWN_SECONDS, UTC)
    code = keys.sign({"jti": nonce, "exp": made + SHOWN_SECONDS})
    await store.add_screen(conn, actor.actor_id, hashlib.sha256(nonce.encode()).digest(), _short(digits), one.document_id, until)
    return Screen(one, code, digits, until)


async def check(conn: Conn, actor: Actor, purpose: Purpose, given: str) -> Checked:
    """Check what was scanned (the code, or the address that carries it) or typed. The look at the person is recorded for the
    officer's purpose before anything is shown; a refusal leaves its trace too. Raises NotAllowed where the purpose does not carry it."""
    found = await _taken(conn, actor, given)
    if found[0] is not Verdict.OK:
        await audit.record(
            conn, actor, purpose, action="denied", subjects=[None], fields=[documents.FIELD], note={"verb": "document.check", "verdict": found[0].value}
        )
        return Checked(found[0], used_at=found[3])
    _, key, document_id, at = found
    assert key is not None
    await population.open_person(conn, actor, purpose, key, ("number", "name", "birth", "sex", documents.FIELD), PERMISSION)
    document = next((one for one in await documents.of(conn, key) if one.document_id == document_id), None)
    if document is None:  # taken out of the account within the minute
        return Checked(Verdict.UNKNOWN)
    return Checked(Verdict.OK, document, await opened(conn, key), at=at)


async def _taken(conn: Conn, actor: Actor, given: str) -> tuple[Verdict, int | None, str | None, datetime | None]:
    text = given.strip()[:_LONGEST]
    digits = "".join(text.split())
    code: bytes | None = None
    if digits.isascii() and digits.isdigit():
        if _typed.take(actor.actor_id) or len(digits) != _DIGITS:
            return Verdict.UNKNOWN, None, None, None
    else:
        claims = keys.read(text.rpartition("code=")[2])
        if claims is None or not isinstance(claims.get("jti"), str):
            return Verdict.FORGED, None, None, None
        if not isinstance(claims.get("exp"), int) or claims["exp"] <= time.time():
            return Verdict.EXPIRED, None, None, None
        code = hashlib.sha256(claims["jti"].encode()).digest()
    session = bytes.fromhex(actor.session_id) if actor.session_id else b""
    verdict, key, document_id, at = await store.take(conn, actor.actor_id, session, actor.org_code, code, _short(digits))
    return Verdict(verdict), key, document_id, at


def _short(digits: str) -> bytes:
    """Eight digits are few: only this installation can tell their digest."""
    return ring().mac("document-digits", digits.encode())
