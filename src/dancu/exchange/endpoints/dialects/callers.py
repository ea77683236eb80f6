"""Who calls in a dialect that has no signatures of its own.

A program proves itself by its certificate, as a trusted proxy states it (RFC 9440), and needs an agreement for the data
service of the dialect. The dialect's plain client header says only a name: it counts as identity on this machine, in a demonstration.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

from dancu.exchange.endpoints.door import exchange_of
from dancu.exchange.models.call import not_agreed, refused
from dancu.exchange.service.registries import Reader
from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Channel, Purpose
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import Request
from dancu.oidc.service import mtls

SERVICE = "registry"
_NAME = re.compile(r"[^/\s]{1,60}(/[^/\s]{1,60}){3}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_DEMO_FIELDS = frozenset({"personal_id", "name", "birth", "sex", "life", "address", "household", "head", "members", "parents", "marital"})
DEMO_REASON = Purpose("data_sharing", "278/2025/NĐ-CP")


async def reader_of(request: Request, name: str, service: str = SERVICE, *, count: int = 1) -> Reader:
    """The caller. `name`: what the dialect's own header says; `service`: which data service it needs an agreement for; `count`: how many
    questions of the day's quota this is. Raises Invalid without a name, Refused, Exceeded."""
    address = request.client.host if request.client else ""
    stated = request.headers.getlist("client-cert")
    if stated:
        return await _certified(request, address, stated, name, service, count)
    if not (request.app.state.demo and address in _LOOPBACK) or "x-forwarded-for" in request.headers:
        raise refused("exchange.token", {"WWW-Authenticate": 'DPoP realm="dancu"'})
    words, snapshot = frozenset(name.split("/")), await exchange_of(request).directory.current()
    if any(one.org_code in words and one.state in ("suspended", "revoked") for one in snapshot.systems.values()):
        raise refused("exchange.suspended")  # also a name taken at its word stops with the organisation it names
    actor = replace(SYSTEM, request_id=request.state.request_id, channel=Channel.API)
    return Reader(actor, DEMO_REASON, name, _DEMO_FIELDS)


def mediator_client(request: Request) -> str:
    """The header Information-Mediator-Client: INSTANCE/CLASS/MEMBER/SUBSYSTEM. Raises Invalid."""
    name = request.headers.get("information-mediator-client", "")
    if not _NAME.fullmatch(name):
        raise Invalid("registry.client", N_("Thiếu tiêu đề Information-Mediator-Client dạng INSTANCE/CLASS/MEMBER/SUBSYSTEM."))
    return name


async def _certified(request: Request, address: str, stated: list[str], name: str, service: str, count: int) -> Reader:
    if address not in request.app.state.settings.trusted_proxies or len(stated) > 1:
        raise refused("exchange.certificate")
    der = mtls.from_header(stated[0])
    directory = exchange_of(request).directory
    snapshot, thumbprint = await directory.current(), hashlib.sha256(der).hexdigest() if der else ""
    if thumbprint and thumbprint not in snapshot.certificates:
        snapshot = await directory.as_of_now()
    certificate = snapshot.certificates.get(thumbprint)
    if certificate is None or certificate.client_no not in snapshot.systems or not certificate.holds(datetime.now(UTC)):
        raise refused("exchange.certificate")
    return await reader_for(request, certificate.client_no, name, service, count)


async def reader_for(request: Request, client_no: int, name: str, service: str, count: int) -> Reader:
    """The program that proved itself to be this one, if it may ask now. Raises Refused, Exceeded."""
    directory, now = exchange_of(request).directory, datetime.now(UTC)
    snapshot = await directory.current()
    system = snapshot.systems.get(client_no) or (await directory.as_of_now()).systems.get(client_no)
    if system is None:
        raise refused("exchange.token")
    if system.state != "live" or not system.live:  # a program of the sandbox hears of nobody here: dialects have no invented people
        raise refused("exchange.suspended" if system.state in ("suspended", "revoked") else "exchange.environment")
    if system.held_until is not None and now < system.held_until:
        raise refused("exchange.held", {"Retry-After": str(max(1, round((system.held_until - now).total_seconds())))})
    agreement = snapshot.agreements.get((system.org_code, service)) or (await directory.as_of_now()).agreements.get((system.org_code, service))
    if agreement is None:
        raise refused("agreement.none")
    # Dialects have no word for a purpose: the first agreed one, and what it reaches.
    purpose, basis = next(iter(sorted(agreement.purposes.items())))
    reached = agreement.fields_for(purpose)
    if word := agreement.permits(service, reached, purpose, basis, now):
        raise not_agreed(word, agreement, purpose)
    await exchange_of(request).quota.take(agreement, count)
    actor = Actor(ActorKind.CLIENT, system.client_no, system.org_code, request_id=request.state.request_id, channel=Channel.API,
                  permissions=frozenset({"person.release", "person.verify"}))  # fmt: skip
    return Reader(actor, Purpose(purpose, basis), name, reached)
