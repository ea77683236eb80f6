"""Finding clients, and what a client may be registered as."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.jose import JoseError, public_keys
from dancu.oidc.models import AuthMethod, Client, ClientState
from dancu.oidc.policy import GRANT_TYPES
from dancu.oidc.store import clients as store

LOOPBACK = frozenset({"127.0.0.1", "[::1]", "::1", "localhost"})
_SECONDS, _MOST = 5.0, 5_000
#: Every request for a sign-in is compared with all of them, and no answer header of ours should outgrow what servers and browsers take.
MOST_ADDRESSES, LONGEST_ADDRESS = 20, 2000


async def find(conn: Conn, client_id: str) -> Client | None:
    """A client that may be used now; None for unknown and suspended ones."""
    if not 0 < len(client_id) <= 200 or "\x00" in client_id:
        return None
    client = await store.by_id(conn, client_id)
    return client if client is not None and client.state is not ClientState.SUSPENDED else None


async def known(conn: Conn, client_id: str) -> Client | None:
    """A client, suspended or not: for who must tell a suspended one what it is."""
    return await store.by_id(conn, client_id) if 0 < len(client_id) <= 200 and "\x00" not in client_id else None


class ClientCache:
    """Clients of the last seconds: the same few ask again and again. A suspension works after `seconds` at the latest."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, Client]] = OrderedDict()
        self._looking: dict[str, asyncio.Task[Client | None]] = {}

    async def look(self, client_id: str, find: Callable[[], Awaitable[Client | None]]) -> Client | None:
        """From memory, or what `find` says: asked once for all who want the same client at the same moment, or a burst of one
        client's requests would be a burst of the same query. One of them going away does not take it from the others."""
        known = self.get(client_id)
        if known is not None:
            return known
        task = self._looking.get(client_id)
        if task is None:
            task = self._looking[client_id] = asyncio.create_task(self._find(client_id, find))
        return await asyncio.shield(task)

    async def _find(self, client_id: str, find: Callable[[], Awaitable[Client | None]]) -> Client | None:
        me = asyncio.current_task()
        try:
            found = await find()
            # Forgotten meanwhile: what was found may be older than the change.
            current = self._looking.get(client_id) is me
            return self.keep(found) if found is not None and current else found
        finally:
            if self._looking.get(client_id) is me:
                del self._looking[client_id]

    def get(self, client_id: str) -> Client | None:
        found = self._known.get(client_id)
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def keep(self, client: Client) -> Client:
        self._known[client.client_id] = (time.monotonic() + self._seconds, client)
        self._known.move_to_end(client.client_id)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return client

    def forget(self, client_id: str) -> None:
        self._known.pop(client_id, None)
        self._looking.pop(client_id, None)


def check(client: Client) -> None:
    """Raises Invalid `oidc.client.invalid` with every field of a registration that must be mended."""
    errors: list[FieldError] = []
    for field, uris in (("redirect_uris", client.redirect_uris), ("post_logout_redirect_uris", client.post_logout_redirect_uris)):
        if len(uris) > MOST_ADDRESSES:
            errors.append(FieldError(field, "oidc.redirect_uri.many", N_("Tối đa {most} địa chỉ; ở đây có {count}."), (("most", MOST_ADDRESSES), ("count", len(uris)))))
        if any(len(uri) > LONGEST_ADDRESS for uri in uris):
            errors.append(FieldError(field, "oidc.redirect_uri.long", N_("Mỗi địa chỉ dài tối đa {most} ký tự."), (("most", LONGEST_ADDRESS),)))
    if not all(good_redirect(uri, client) for uri in client.redirect_uris if len(uri) <= LONGEST_ADDRESS):
        errors.append(FieldError("redirect_uris", "oidc.redirect_uri", N_("Địa chỉ quay lại phải là https đầy đủ, không có dấu # và ký tự thay thế.")))
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        errors.append(FieldError("redirect_uris", "oidc.redirect_uri.missing", N_("Cần ít nhất một địa chỉ quay lại.")))
    if unknown := client.grant_types - {*GRANT_TYPES, *_EXTENSIONS}:
        errors.append(FieldError("grant_types", "oidc.grant_type", N_("Loại cấp quyền này chưa dùng được."), (("count", len(unknown)),)))
    if client.auth_method is AuthMethod.NONE and "client_credentials" in client.grant_types:
        errors.append(FieldError("grant_types", "oidc.grant_type.public", N_("Ứng dụng không có khóa thì không tự xin quyền được.")))
    if client.jwks is not None:
        try:
            public_keys(client.jwks)
        except JoseError:
            errors.append(FieldError("jwks", "oidc.jwks", N_("Bộ khóa công khai chưa đúng: chỉ nhận khóa công khai EC P-256, Ed25519 hoặc RSA từ 2048 bit.")))
    if errors:
        raise Invalid("oidc.client.invalid", N_("Thông tin đăng ký chưa đúng. Xin xem lại từng mục."), fields=tuple(errors))


_EXTENSIONS = (
    "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)  # fmt: skip


def good_redirect(uri: str, client: Client) -> bool:
    """May this be registered? An absolute https address without fragment or user part; on this machine (development and
    demonstration) plain http too, as RFC 8252 has it."""
    if len(uri) > LONGEST_ADDRESS or not uri.isascii() or not uri.isprintable() or any(ch in uri for ch in '*#\\ "<>^`{|}'):
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or ".." in parts.path:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def redirect_matches(uri: str, client: Client) -> bool:
    """Is `uri` one of the client's? Character by character; only an application on the citizen's own device may come back
    on another loopback port (RFC 8252 §7.3)."""
    if uri in client.redirect_uris:
        return True
    if client.auth_method is not AuthMethod.NONE:
        return False
    return any(_same_but_port(uri, known) for known in client.redirect_uris)


def _same_but_port(uri: str, known: str) -> bool:
    try:
        a, b = urlsplit(uri), urlsplit(known)
        ports = (a.port, b.port)
    except ValueError:
        return False
    if a.hostname not in ("127.0.0.1", "::1") or ports[0] is None:
        return False
    at = f"[{a.hostname}]" if a.hostname == "::1" else a.hostname
    plain = a.netloc == f"{at}:{ports[0]}" and "#" not in uri and uri.isascii() and uri.isprintable()
    return plain and (a.scheme, a.hostname, a.path, a.query) == ("http", b.hostname, b.path, b.query) and b.scheme == "http"
