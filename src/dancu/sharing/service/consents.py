"""Consents: given by the citizen in their own session, for claim groups, a purpose and a time; never by default."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_
from dancu.sharing import policy
from dancu.sharing.catalogue import ordered
from dancu.sharing.events import CONSENT_GIVEN, CONSENT_WITHDRAWN
from dancu.sharing.models import AgreementState, Consent, KeptConsent
from dancu.sharing.service.receipts import receipt
from dancu.sharing.store import agreements, consents

_MOST_SHOWN = 200
# A form sent several times, by a button pressed twice or a connection that broke, says the same within this time.
_SAME = timedelta(minutes=1)


async def consent(conn: Conn, key: int, client_no: int, purpose: str) -> Consent | None:
    """The consent of this citizen that covers a release to the client for the purpose now; None where none stands."""
    return await consents.standing(conn, key, client_no, purpose)


async def ends_of(conn: Conn, key: int, client_no: int, purpose: str) -> dict[str, datetime]:
    """What that consent covers now: group -> when it ends."""
    return await consents.ends(conn, key, client_no, purpose)


async def give(
    conn: Conn, actor: Actor, client_no: int, claims: Iterable[str], purpose: Purpose, until: datetime, *,
    ends: Mapping[str, datetime] | None = None, client_name: str = "", org_code: str = "", org_name: str = "",
    client_name_en: str = "",
) -> Consent:  # fmt: skip
    """Keep what the citizen ticked; a consent for the same client and purpose is replaced, or is the one that stands where the same is
    said again at once. The names say who receives where no agreement does (a client on trial). `ends`: groups that end before `until`. Raises Invalid for no claims or a time past a year, NotAllowed where the
    claims go beyond the agreement or the session is not a citizen's."""
    groups, now = frozenset(claims), SYSTEM_CLOCK.now()
    session = _session(actor)
    policy.check_consent(groups, until, now, ends or {})
    agreed = await agreements.in_state(conn, client_no, AgreementState.IN_FORCE)
    if agreed is not None and not groups <= agreed.claims:
        raise NotAllowed("sharing.consent.beyond", N_("Ứng dụng này không được nhận loại thông tin đó."))
    await consents.lock(conn, actor.actor_id)
    for one in await consents.of_person(conn, actor.actor_id, session, _MOST_SHOWN):
        if one.stands(now) and (one.client_no, one.purpose, one.legal_basis) == (client_no, purpose.code, purpose.legal_basis) and _same(one, groups, until, ends or {}):
            return Consent(one.consent_id, one.claims, one.given_at, one.until, one.receipt)
    kept = KeptConsent(
        consent_id=str(uuid4()), client_no=client_no, client_name=agreed.client_name if agreed else client_name or f"#{client_no}",
        org_code=agreed.org_code if agreed else org_code, org_name=agreed.org_name if agreed else org_name, claims=groups,
        purpose=purpose.code, legal_basis=purpose.legal_basis, given_at=now, until=until, receipt="", ended_at=None, ended_by="",
        ends=dict(ends or {}), client_name_en=(agreed.client_name_en if agreed else "") or client_name_en,
    )  # fmt: skip
    version = agreed.version if agreed else None
    kept = replace(kept, receipt=receipt(actor.actor_id, kept, version))
    digest = hashlib.sha256(kept.receipt.encode()).hexdigest()
    entry = await _record(
        conn, actor, "consent.give", kept.consent_id, ordered(groups), client_no=client_no, receipt=digest
    )
    if not await consents.give(conn, actor.actor_id, session, kept, version, entry):
        raise _no_session()
    await emit(conn, CONSENT_GIVEN, actor.actor_id, {"client_no": client_no, "purpose": purpose.code})
    return Consent(kept.consent_id, groups, now, until, kept.receipt)


def _same(kept: KeptConsent, groups: frozenset[str], until: datetime, ends: Mapping[str, datetime]) -> bool:
    """Does it cover these groups, each until the same moment but for a little?"""
    return kept.claims == groups and all(abs(kept.ends.get(one, kept.until) - ends.get(one, until)) < _SAME for one in groups)


async def withdraw(conn: Conn, actor: Actor, consent_id: str) -> None:
    """Take a consent back; nothing more goes out from now on. Raises NotFound where nothing stands by that id."""
    session = _session(actor)
    entry = await _record(conn, actor, "consent.withdraw", consent_id, None)
    client_no = await consents.withdraw(conn, actor.actor_id, session, _uuid(consent_id), SYSTEM_CLOCK.now(), entry)
    if client_no is None:
        raise _none()
    await emit(conn, CONSENT_WITHDRAWN, actor.actor_id, {"client_no": client_no})


async def consents_of(conn: Conn, actor: Actor) -> list[KeptConsent]:
    """The citizen's own consents, ended ones too: those that stand first."""
    return await consents.of_person(conn, actor.actor_id, _session(actor), _MOST_SHOWN)


async def receipt_of(conn: Conn, actor: Actor, consent_id: str) -> str:
    """The signed receipt of one of the citizen's own consents. Raises NotFound."""
    wanted = str(_uuid(consent_id))
    for kept in await consents_of(conn, actor):
        if kept.consent_id == wanted:
            return kept.receipt
    raise _none()


def _session(actor: Actor) -> bytes:
    if actor.kind is not ActorKind.CITIZEN or not actor.session_id:
        raise _no_session()
    return bytes.fromhex(actor.session_id)


def _no_session() -> NotAllowed:
    return NotAllowed("sharing.consent.session", N_("Xin đăng nhập lại: chỉ chính bạn mới đồng ý hay rút đồng ý được."))


def _none() -> NotFound:
    return NotFound("sharing.consent.none", N_("Không còn đồng ý này. Có thể bạn đã rút trước đó."))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _none() from error


async def _record(
    conn: Conn, actor: Actor, verb: str, consent_id: str, fields: list[str] | None, **note: object
) -> int:
    written = {"verb": verb, "consent": str(_uuid(consent_id)), **note}
    why = access.choose_purpose("own_record")
    return (
        await audit.record(conn, actor, why, action="write", subjects=[actor.actor_id], fields=fields, note=written)
    )[0]
