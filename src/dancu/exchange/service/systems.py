"""A partner's programs and their certificates. Each program is an OIDC client of its own that proves itself with the key of its
certificates; a revoked certificate is worthless at the door within seconds and its key leaves the client."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dancu.exchange import keys
from dancu.exchange.models.partner import SANDBOX_OPEN, Certificate, Environment, PartnerState, System
from dancu.exchange.policy import joining as policy
from dancu.exchange.service import record
from dancu.exchange.store import partners as store
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
from dancu.oidc.service import registration
from dancu.sharing.service.data_agreements import check_reason

SCOPE = "exchange"
BOUND = ("dpop", "mtls")


async def add_system(
    conn: Conn, actor: Actor, org_code: str, org_name: str, name: str, csr: str | bytes, *,
    environment: Environment = Environment.SANDBOX, bound: str = "dpop", by: str = "",
) -> tuple[System, Client, Certificate | None]:  # fmt: skip
    """A program with its OIDC client and certificate (None where an outside authority signs). Raises Invalid for the request or
    the name, Conflict for a name or key that is in use."""
    policy.own(actor, org_code)
    await _still_joined(conn, org_code)
    name = " ".join(name.split())
    if not 0 < len(name) <= 64:
        message = N_("Cần tên chương trình, tối đa 64 chữ.")
        raise Invalid("exchange.system.name", message, fields=(FieldError("system", "exchange.system.name", message),))
    if bound not in BOUND:
        message = N_("Mã truy cập gắn với một trong: {valid}.")
        raise Invalid("exchange.system.bound", message, fields=(FieldError("bound", "exchange.system.bound", message, (("valid", ", ".join(BOUND)),)),), valid=", ".join(BOUND))
    request = keys.read_request(csr)
    await _unused(conn, request.spki, None)
    client = await _client(conn, actor, org_code, org_name, name, request.jwk, bound)
    if not await store.add_system(conn, client.client_no, org_code, name, environment):
        message = N_("Cơ quan đã có chương trình mang tên này. Hãy chọn tên khác.")
        raise Conflict("exchange.system.exists", message, fields=(FieldError("system", "exchange.system.exists", message),))
    await record.step(conn, actor, org_code, "system", reason=name, by=by, client_no=client.client_no)
    system = await one(conn, client.client_no)
    await _stand(conn, actor, system)
    certificate = await _certify(conn, actor, system, client, org_name, request, by)
    return system, client, certificate


async def with_key(conn: Conn, org_code: str, name: str, csr: str | bytes, bound: str) -> tuple[System, Client, Certificate | None] | None:
    """The organisation's program that was added with this very key before, and its certificate (None while an outside authority
    signs); None where there is none, it goes by another name or binds otherwise, or its certificate no longer holds."""
    request = keys.read_request(csr)
    await store.lock_key(conn, request.spki)
    for system in await store.systems(conn, org_code):
        if name not in ("", system.name):
            continue
        held = [one for one in await store.certificates(conn, [system.client_no]) if one.spki == request.spki and one.holds(SYSTEM_CLOCK.now())]
        waits = bool(system.request) and keys.read_request(system.request).spki == request.spki
        if held or waits:
            client = await client_of(conn, system)
            if client.bound == bound:
                return system, client, max(held, key=lambda one: one.not_before, default=None)
    return None


async def issue_certificate(conn: Conn, actor: Actor, client_no: int, csr: str | bytes, *, org_name: str = "", by: str = "") -> Certificate | None:
    """Renew: one more certificate, beside those that still hold; None where an outside authority signs the request. For a key whose
    certificate has more than half of its time before it, that one: the same was asked again."""
    request = keys.read_request(csr)
    await _unused(conn, request.spki, client_no)
    system = await one(conn, client_no)
    policy.own(actor, system.org_code)
    await _still_joined(conn, system.org_code)
    now = SYSTEM_CLOCK.now()
    fresh = [c for c in await store.certificates(conn, [client_no]) if c.spki == request.spki and c.holds(now) and c.not_after - now > now - c.not_before]
    if fresh:
        return max(fresh, key=lambda c: c.not_before)
    if system.request == request.pem and keys.outside_bundle() is not None:
        return None  # it waits already
    client = await client_of(conn, system)
    return await _certify(conn, actor, system, client, org_name or client.org_name, request, by)


async def accept_certificate(conn: Conn, actor: Actor, client_no: int, pem: str | bytes) -> Certificate:
    """The certificate an outside authority issued for the program's last request. Raises Invalid, Conflict."""
    system = await one(conn, client_no)
    policy.own(actor, system.org_code)
    await _still_joined(conn, system.org_code)
    if keys.outside_bundle() is None or not system.request:
        raise Conflict("exchange.certificate.not_asked", N_("Không có yêu cầu nào chờ chứng thư từ cơ quan cấp bên ngoài."))
    made = keys.read_outside(pem, keys.read_request(system.request), client_no, SYSTEM_CLOCK.now())
    return await _keep(conn, actor, system, await client_of(conn, system), made)


async def revoke_certificate(conn: Conn, actor: Actor, serial: str, reason: str, *, by: str = "") -> Certificate:
    """By the organisation itself (a key is lost) or by a reviewer. Raises NotFound, also for another organisation's, Invalid without a
    reason, Conflict where it was revoked before."""
    found = await store.certificate(conn, serial)
    system = await store.system(conn, found.client_no) if found else None
    reviewer = policy.REVIEW in actor.permissions
    if found is None or system is None or not (reviewer or actor.kind is ActorKind.SYSTEM or actor.org_code == system.org_code):
        raise NotFound("exchange.certificate.none", N_("Không có chứng thư này."))
    if not reviewer:
        policy.own(actor, system.org_code)
    check_reason(reason)
    if not await store.revoke_certificates(conn, [serial], reason.strip()[:500], SYSTEM_CLOCK.now()):
        raise Conflict("exchange.certificate.revoked", N_("Chứng thư này đã bị thu hồi."))
    await _publish_keys(conn, actor, system)
    await record.step(conn, actor, system.org_code, "certificate_revoked", reason=reason.strip()[:500], by=by, serial=serial)
    return replace(found, revoked_at=SYSTEM_CLOCK.now(), reason=reason)


async def put_environment(conn: Conn, actor: Actor, client_no: int, environment: Environment, *, by: str = "") -> System:
    """A reviewer lets a program of a live partner be answered about real people; the partner takes it back to the sandbox itself."""
    system = await one(conn, client_no)
    partner = await store.one(conn, system.org_code)
    if environment is Environment.LIVE:
        if partner is None or partner.state is not PartnerState.LIVE:
            raise Conflict("exchange.system.not_live", N_("Cơ quan chưa được đưa vào hoạt động."))
        policy.may(actor, replace(partner, escalated_at=None), "suspend")
        if partner.applied_by and actor.actor_id == partner.applied_by:
            raise NotAllowed("exchange.partner.own", N_("Người nộp hồ sơ không tự duyệt."))
    elif policy.REVIEW not in actor.permissions:
        policy.own(actor, system.org_code)
    await store.put_environment(conn, client_no, environment)
    await _stand(conn, actor, replace(system, environment=environment))
    await record.step(conn, actor, system.org_code, f"system_{environment}", reason=system.name, by=by, client_no=client_no)
    return await one(conn, client_no)


async def one(conn: Conn, client_no: int) -> System:
    """Raises NotFound."""
    found = await store.system(conn, client_no)
    if found is None:
        raise NotFound("exchange.system.none", N_("Không có chương trình này."))
    return found


async def client_of(conn: Conn, system: System) -> Client:
    clients = {client.client_no: client for client in await registration.registered(conn, SYSTEM, system.org_code)}
    return clients[system.client_no]


async def stop_clients(conn: Conn, actor: Actor, org_code: str, *, again: bool = False) -> None:
    """Suspend the OIDC clients of a partner's programs, or let those work again that still have a certificate that holds."""
    ours = {system.client_no for system in await store.systems(conn, org_code)}
    if again:
        ours = {one.client_no for one in await store.certificates(conn, list(ours)) if one.holds(SYSTEM_CLOCK.now())}
    for client in await registration.registered(conn, SYSTEM, org_code):
        if client.client_no in ours and (client.state is ClientState.SUSPENDED) == again:
            change = registration.resume if again else registration.suspend
            await change(conn, platform(actor), client.client_id)
            if again:
                await _stand(conn, actor, await one(conn, client.client_no))


def platform(actor: Actor) -> Actor:
    """The system itself, at this actor's request: what follows from a step that was allowed is not judged again."""
    return replace(SYSTEM, request_id=actor.request_id, channel=actor.channel)


async def _certify(
    conn: Conn, actor: Actor, system: System, client: Client, org_name: str, request: keys.Requested, by: str
) -> Certificate | None:
    if keys.outside_bundle() is not None:
        await store.put_request(conn, system.client_no, request.pem)
        await record.step(conn, actor, system.org_code, "certificate_asked", by=by, client_no=system.client_no)
        return None
    made = keys.authority().issue(
        request, client_no=system.client_no, client_id=client.client_id, system=system.name, organisation=org_name or system.org_code,
        now=SYSTEM_CLOCK.now(),
    )  # fmt: skip
    return await _keep(conn, actor, system, client, made, by)


async def _keep(conn: Conn, actor: Actor, system: System, client: Client, made: Certificate, by: str = "") -> Certificate:
    if not await store.add_certificate(conn, made):
        raise Conflict("exchange.certificate.exists", N_("Chứng thư này đã có."))
    await _publish_keys(conn, actor, system)
    await record.step(conn, actor, system.org_code, "certificate", by=by, serial=made.serial, client_no=client.client_no)
    return made


async def _publish_keys(conn: Conn, actor: Actor, system: System) -> None:
    """The client proves itself with the keys of the certificates that hold, and no other; with none it is suspended."""
    now = SYSTEM_CLOCK.now()
    standing = [one for one in await store.certificates(conn, [system.client_no]) if one.holds(now)]
    client = await client_of(conn, system)
    if not standing:
        await registration.suspend(conn, platform(actor), client.client_id)
        return
    jwks: dict[str, Any] = {"keys": []}
    for one_ in standing:
        jwk = keys.jwk_of_spki(one_.spki)
        if jwk not in jwks["keys"]:
            jwks["keys"].append(jwk)
    if jwks != client.jwks:
        await registration.replace_keys(conn, platform(actor), client.client_id, jwks)
    partner = await store.one(conn, system.org_code)
    if client.state is ClientState.SUSPENDED and partner is not None and partner.state in SANDBOX_OPEN:
        await registration.resume(conn, platform(actor), client.client_id)
        await _stand(conn, actor, system)


async def _stand(conn: Conn, actor: Actor, system: System) -> None:
    """The client says what the program is: on trial in the sandbox, live where it is answered about real people."""
    client = await client_of(conn, system)
    await registration.stand(conn, platform(actor), client.client_id, live=system.environment is Environment.LIVE)


async def _unused(conn: Conn, spki: bytes, client_no: int | None) -> None:
    """One key, one program, also while an outside authority has not signed yet: otherwise nobody could say whose message it was."""
    await store.lock_key(conn, spki)
    waiting = {one.client_no for one in await store.systems(conn) if one.request and keys.read_request(one.request).spki == spki}
    if (waiting | await store.key_holders(conn, spki)) - {client_no}:
        message = N_("Khóa này đã dùng cho chương trình khác. Hãy tạo khóa mới cho mỗi chương trình.")
        raise Conflict("exchange.csr.key_used", message, fields=(FieldError("csr", "exchange.csr.key_used", message),))


async def _still_joined(conn: Conn, org_code: str) -> None:
    partner = await store.one(conn, org_code)
    if partner is None or partner.state not in SANDBOX_OPEN:
        raise Conflict("exchange.partner.stopped", N_("Cơ quan đang bị tạm dừng hoặc chưa được kết nối."))


async def _client(conn: Conn, actor: Actor, org_code: str, org_name: str, name: str, jwk: dict[str, str], bound: str) -> Client:
    wish = registration.Wish(
        name=name, redirect_uris=(), org_code=org_code, org_name=org_name, profile=Profile.FAPI2, auth_method=AuthMethod.PRIVATE_KEY_JWT,
        bound=bound, jwks={"keys": [jwk]}, grant_types=frozenset({"client_credentials"}), scopes=(SCOPE,),
    )  # fmt: skip
    try:
        client, _ = await registration.register(conn, platform(actor), wish)
    except DancuError as error:
        raise Invalid("exchange.system", N_("Không đăng ký được chương trình. Hãy kiểm tra tên và khóa."), fields=error.fields) from error
    return client
