"""Registering clients, and what an organisation or the platform's operator does with them afterwards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import AuthMethod, Client, ClientState, Profile
from dancu.oidc.models.client import SECRET_METHODS, TLS_METHODS
from dancu.oidc.service import published, sectors
from dancu.oidc.service.authenticate import hash_secret
from dancu.oidc.service.clients import check, good_redirect
from dancu.oidc.service.keys import ID_TOKEN_ALGS
from dancu.oidc.store import clients as store

REGISTER, APPROVE = "client.register", "client.approve"
OLD_SECRET_DAYS = 7
_TWICE = timedelta(minutes=1)
_MOST_TYPES = 20
_WORDS_ASCII = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organisation wants to register. `auth_method` None: what the profile and the keys suggest; `bound` likewise
    ("dpop", "mtls" or "" for none). `grant_types` empty: the usual ones of the profile. `client_id`: of the form it came by, if any."""

    name: str
    redirect_uris: tuple[str, ...]
    org_code: str
    profile: Profile = Profile.FAPI2
    name_en: str = ""
    org_name: str = ""
    auth_method: AuthMethod | None = None
    bound: str | None = None
    jwks: dict[str, Any] | None = None
    tls_subject: str = ""
    subject_type: str = "pairwise"
    sector: str = ""
    grant_types: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    userinfo_signed: bool = False
    home_uri: str = ""
    contact: str = ""
    jwks_uri: str = ""
    ciba_notification_uri: str = ""
    detail_types: tuple[str, ...] = ()
    id_token_alg: str = "ES256"  # noqa: S105
    sector_identifier_uri: str = ""
    client_id: str = ""


async def register(conn: Conn, actor: Actor, wish: Wish, *, by: str = "") -> tuple[Client, str]:
    """A client in state test and its secret ("" where it proves itself with a key); the secret is shown here and never
    again. `by`: who typed the command, for the evidence. Raises Invalid `oidc.client.invalid`, NotAllowed."""
    _own(actor, wish.org_code)
    if wish.jwks_uri:
        wish = replace(wish, jwks=await published.instead_of(conn, wish.jwks, wish.jwks_uri))
    client = _client(wish)
    secret = ""
    if client.auth_method in SECRET_METHODS:
        secret = secrets.token_urlsafe(32)
        client = replace(client, secret_hash=hash_secret(secret))
    _check(client)
    client = await sectors.settled(conn, client, wish.sector)
    if (number := await store.insert(conn, client)) is None:  # the same form, sent again: its client, and a secret that can be shown
        return await rotate_secret(conn, actor, client.client_id, by=by) if secret else (await changeable(conn, actor, client.client_id), "")
    client = replace(client, client_no=number)
    await recorded(conn, actor, "oidc.client.register", client, by)
    return client, secret


async def changeable(conn: Conn, actor: Actor, client_id: str, *, lock: bool = False) -> Client:
    """A client the actor may change: the organisation's own; `lock` to do it now. Raises NotFound for all others: nobody learns which exist."""
    found = await store.by_id(conn, client_id, lock=lock)
    if found is None or (actor.kind is ActorKind.STAFF and actor.org_code != found.org_code):
        raise NotFound("oidc.client.none", N_("Không có ứng dụng này."))
    return found


async def registered(conn: Conn, actor: Actor, org_code: str | None = None) -> list[Client]:
    """Clients of one organisation, oldest first; of all of them only for the operator and who approves."""
    everywhere = actor.kind is ActorKind.SYSTEM or APPROVE in actor.permissions
    if not everywhere:
        access.require(actor, REGISTER)
    return await store.of_organisation(conn, org_code if everywhere else actor.org_code)


async def rotate_secret(conn: Conn, actor: Actor, client_id: str, *, by: str = "") -> tuple[Client, str]:
    """A new secret; the one in use works beside it for OLD_SECRET_DAYS, also where the button is pressed twice. Raises Conflict for a
    client without secrets."""
    client = await changeable(conn, actor, client_id, lock=True)
    _own(actor, client.org_code)
    if client.auth_method not in SECRET_METHODS:
        raise Conflict("oidc.client.no_secret", N_("Ứng dụng này chứng minh bằng khóa, không có mật khẩu."))
    secret = secrets.token_urlsafe(32)
    until = datetime.now(UTC) + timedelta(days=OLD_SECRET_DAYS)
    if client.old_secret_until is None or until - client.old_secret_until > _TWICE:
        client = replace(client, old_secret_hash=client.secret_hash, old_secret_until=until)
    client = replace(client, secret_hash=hash_secret(secret))
    await store.update(conn, client)
    await recorded(conn, actor, "oidc.client.rotate_secret", client, by)
    return client, secret


async def replace_keys(conn: Conn, actor: Actor, client_id: str, jwks: dict[str, Any], *, by: str = "") -> Client:
    """Another key set; during a change it holds the old key and the new. Raises Invalid."""
    client = await changeable(conn, actor, client_id, lock=True)
    _own(actor, client.org_code)
    client = replace(client, jwks=jwks, jwks_uri="")
    _check(client)
    await store.update(conn, client)
    await recorded(conn, actor, "oidc.client.replace_keys", client, by)
    return client


async def name_in_english(conn: Conn, actor: Actor, client_id: str, name_en: str, *, by: str = "") -> Client:
    """The name that who reads English sees from now on; "" takes it away. For the platform's operator: nobody reviews a name after the
    client was approved. Raises Invalid, NotAllowed, NotFound."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("oidc.client.other_organisation", N_("Bạn chỉ đăng ký được ứng dụng của cơ quan mình."))
    client = replace(await changeable(conn, actor, client_id, lock=True), name_en=" ".join(name_en.split()))
    _check(client)
    await store.update(conn, client)
    await recorded(conn, actor, "oidc.client.name", client, by)
    return client


async def suspend(conn: Conn, actor: Actor, client_id: str, *, by: str = "") -> Client:
    """Nothing works for this client any more, within seconds; its organisation or the reviewers may do it."""
    client = await reviewable(conn, actor, client_id, lock=True)
    return await _move(conn, actor, client, ClientState.SUSPENDED, "oidc.client.suspend", by)


async def resume(conn: Conn, actor: Actor, client_id: str, *, by: str = "") -> Client:
    """A suspended client works again, for trials; going live is approved anew."""
    client = await reviewable(conn, actor, client_id, lock=True)
    if client.state is not ClientState.SUSPENDED:
        raise Conflict("oidc.client.not_suspended", N_("Ứng dụng này không bị tạm dừng."))
    return await _move(conn, actor, client, ClientState.TEST, "oidc.client.resume", by)


async def stand(conn: Conn, actor: Actor, client_id: str, *, live: bool) -> Client:
    """On trial or live, for a program whose standing the system itself keeps (a partner's: it has no sign-in to approve). One that is
    suspended stays so. Raises NotAllowed for anybody else."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("oidc.client.other_organisation", N_("Bạn chỉ đăng ký được ứng dụng của cơ quan mình."))
    client, state = await changeable(conn, actor, client_id, lock=True), ClientState.LIVE if live else ClientState.TEST
    if client.state in (ClientState.SUSPENDED, state):
        return client
    return await _move(conn, actor, client, state, "oidc.client.stand", "")


async def reviewable(conn: Conn, actor: Actor, client_id: str, *, lock: bool = False) -> Client:
    """A client the actor may see, suspend and resume: the organisation's own, and any for a reviewer. Raises NotFound."""
    if actor.kind is ActorKind.STAFF and APPROVE in actor.permissions:
        found = await store.by_id(conn, client_id, lock=lock)
        if found is None:
            raise NotFound("oidc.client.none", N_("Không có ứng dụng này."))
        return found
    client = await changeable(conn, actor, client_id, lock=lock)
    _own(actor, client.org_code)
    return client


async def _move(conn: Conn, actor: Actor, client: Client, state: ClientState, verb: str, by: str) -> Client:
    client = replace(client, state=state)
    await store.update(conn, client)
    await recorded(conn, actor, verb, client, by)
    return client


def _own(actor: Actor, org_code: str) -> None:
    """The platform's operator registers for anybody, staff for their own organisation."""
    if actor.kind is ActorKind.SYSTEM:
        return
    access.require(actor, REGISTER)
    if actor.org_code != org_code:
        raise NotAllowed("oidc.client.other_organisation", N_("Bạn chỉ đăng ký được ứng dụng của cơ quan mình."))


def _client(wish: Wish) -> Client:
    method = wish.auth_method or _method(wish)
    bound = wish.bound if wish.bound is not None else _bound(wish.profile, method)
    client_id = wish.client_id or secrets.token_hex(12)
    grants = {"authorization_code", "refresh_token"} | (set() if method is AuthMethod.NONE else {"client_credentials"})
    return Client(
        client_no=0, client_id=client_id, name=" ".join(wish.name.split()), name_en=" ".join(wish.name_en.split()),
        org_code=wish.org_code, org_name=wish.org_name, profile=wish.profile, state=ClientState.TEST, auth_method=method,
        sector=wish.sector or sectors.by_host(client_id, wish.redirect_uris), redirect_uris=wish.redirect_uris,
        post_logout_redirect_uris=wish.post_logout_redirect_uris, backchannel_logout_uri=wish.backchannel_logout_uri,
        grant_types=wish.grant_types or frozenset(grants), scopes=wish.scopes, jwks=wish.jwks, tls_subject=wish.tls_subject,
        subject_type=wish.subject_type, bound=bound, userinfo_signed=wish.userinfo_signed, home_uri=wish.home_uri,
        contact=wish.contact, jwks_uri=wish.jwks_uri, ciba_notification_uri=wish.ciba_notification_uri,
        detail_types=wish.detail_types, id_token_alg=wish.id_token_alg, sector_identifier_uri=wish.sector_identifier_uri,
    )  # fmt: skip


def _method(wish: Wish) -> AuthMethod:
    if wish.profile is Profile.PUBLIC:
        return AuthMethod.NONE
    if wish.tls_subject:
        return AuthMethod.TLS
    return AuthMethod.PRIVATE_KEY_JWT if wish.jwks is not None or wish.profile is Profile.FAPI2 else AuthMethod.SECRET_BASIC


def _bound(profile: Profile, method: AuthMethod) -> str:
    if profile is not Profile.FAPI2:
        return ""
    return "mtls" if method in TLS_METHODS else "dpop"


def _check(client: Client) -> None:
    """Raises Invalid `oidc.client.invalid` with every field that must be mended."""
    errors: list[FieldError] = []
    try:
        check(client)
    except Invalid as error:
        errors += error.fields
    for field, name in (("name", client.name), ("name_en", client.name_en or "-")):
        # What citizens read must read as it is: no letter that is not seen, or turns what follows around (U+202E).
        if not 0 < len(name) <= 120 or not name.isprintable():
            errors.append(FieldError(field, "oidc.client.name", N_("Cần tên ứng dụng, tối đa 120 chữ, không có ký tự ẩn.")))
    if client.auth_method in (AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS) and client.jwks is None:
        errors.append(FieldError("jwks", "oidc.jwks.missing", N_("Cần bộ khóa công khai (JWKS) của ứng dụng.")))
    if client.auth_method is AuthMethod.TLS and not client.tls_subject:
        errors.append(FieldError("tls_subject", "oidc.tls_subject.missing", N_("Cần tên chủ thể của chứng thư.")))
    weak = client.auth_method in SECRET_METHODS or client.auth_method is AuthMethod.NONE
    if client.fapi and (weak or client.bound not in ("dpop", "mtls")):
        errors.append(FieldError("profile", "oidc.profile.weak", N_("FAPI 2.0 cần khóa hoặc chứng thư, và mã truy cập gắn với khóa (DPoP) hoặc chứng thư.")))
    if (client.profile is Profile.PUBLIC) != (client.auth_method is AuthMethod.NONE):
        errors.append(FieldError("profile", "oidc.profile.public", N_("Ứng dụng công khai, và chỉ ứng dụng công khai, không có khóa riêng.")))
    if client.subject_type not in ("pairwise", "public"):
        errors.append(FieldError("subject_type", "oidc.subject_type", N_("Loại mã người dùng là pairwise hoặc public.")))
    for name, uris in (("post_logout_redirect_uris", client.post_logout_redirect_uris), ("backchannel_logout_uri", (client.backchannel_logout_uri,)), ("ciba_notification_uri", (client.ciba_notification_uri,))):
        if any(uri and not good_redirect(uri, client) for uri in uris):
            errors.append(FieldError(name, "oidc.redirect_uri", N_("Địa chỉ quay lại phải là https đầy đủ, không có dấu # và ký tự thay thế.")))
    if client.id_token_alg not in ID_TOKEN_ALGS or (client.fapi and client.id_token_alg != ID_TOKEN_ALGS[0]):
        errors.append(FieldError("id_token_alg", "oidc.id_token_alg", N_("Chữ ký của ID token là ES256; loại cơ bản dùng được cả RS256.")))
    if len(client.detail_types) > _MOST_TYPES or any(not 0 < len(one) <= 100 or not one.isascii() or not one.isprintable() or " " in one for one in client.detail_types):
        errors.append(FieldError("detail_types", "oidc.detail_types", N_("Tên loại yêu cầu chi tiết viết liền, không dấu, tối đa {count} loại."), (("count", _MOST_TYPES),)))
    if any(not scope or len(scope) > 100 or set(scope) - _WORDS_ASCII for scope in client.scopes):
        errors.append(FieldError("scopes", "oidc.scopes", N_("Tên phạm vi chỉ có chữ không dấu, số và . _ : -")))
    if errors:
        raise Invalid("oidc.client.invalid", N_("Thông tin đăng ký chưa đúng. Xin xem lại từng mục."), fields=tuple(errors))


async def recorded(conn: Conn, actor: Actor, verb: str, client: Client, by: str = "") -> None:
    """The evidence of a change of a client; `by`: who typed the command."""
    note = {"verb": verb, "client_no": client.client_no, **({"os_user": by} if by else {})}
    await audit.record(conn, actor, access.choose_purpose("administration"), action="write", subjects=[None], fields=None, note=note)


def metadata(client: Client, secret: str = "") -> dict[str, Any]:
    """As RFC 7591 names it, with the secret where there is one to show."""
    made: dict[str, Any] = {"client_id": client.client_id}
    if secret:
        made |= {"client_secret": secret, "client_secret_expires_at": 0}
    made |= {
        "client_name": client.name, "redirect_uris": list(client.redirect_uris), "response_types": ["code"] if client.redirect_uris else [],
        "grant_types": sorted(client.grant_types), "token_endpoint_auth_method": str(client.auth_method),
        "subject_type": client.subject_type, "id_token_signed_response_alg": client.id_token_alg,
        "dpop_bound_access_tokens": client.bound == "dpop", "tls_client_certificate_bound_access_tokens": client.bound == "mtls",
        "require_pushed_authorization_requests": client.fapi, "profile": str(client.profile), "state": str(client.state),
        "organisation": client.org_code, "scope": " ".join(client.scopes),
    }  # fmt: skip
    if client.jwks_uri:
        made["jwks_uri"] = client.jwks_uri
    elif client.jwks is not None:
        made["jwks"] = client.jwks
    if client.ciba_notification_uri:
        made |= {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": client.ciba_notification_uri}
    more = {
        "client_name#en": client.name_en, "tls_client_auth_subject_dn": client.tls_subject, "authorization_details_types": list(client.detail_types),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris), "userinfo_signed_response_alg": "ES256" if client.userinfo_signed else "",
        "sector_identifier_uri": client.sector_identifier_uri,
    }  # fmt: skip
    made |= {name: value for name, value in more.items() if value}
    if client.backchannel_logout_uri:
        made |= {"backchannel_logout_uri": client.backchannel_logout_uri, "backchannel_logout_session_required": True}
    return made


