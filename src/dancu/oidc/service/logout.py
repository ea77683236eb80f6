"""Signing out: at the request of a service (RP-Initiated Logout), and telling every other service where the same sign-in was
used (Back-Channel Logout)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from dancu.accounts.models import SignIn
from dancu.accounts.service import sign_in
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn
from dancu.oidc.jose import JoseError, split
from dancu.oidc.models import Client
from dancu.oidc.service.errors import OAuthError, invalid_request
from dancu.oidc.service.keys import UnknownKey
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.subjects import session_of, subject_of
from dancu.oidc.store import notices as store

_MOST_STATE = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to sign out, checked. `back`: where the browser goes afterwards, "" for our own page. `sid`, `sub`: of the
    ID token that came along, "" without one."""

    client: Client | None = None
    back: str = ""
    sid: str = ""
    sub: str = ""


async def read(provider: Provider, issuer: str, params: dict[str, str]) -> Asked:
    """Raises OAuthError for what is wrong with it; nobody is sent anywhere then."""
    client, sid, sub = None, "", ""
    if hint := params.get("id_token_hint", ""):
        client, sid, sub = await _hinted(provider, issuer, hint)
    if client_id := params.get("client_id", ""):
        if client is not None and client.client_id != client_id:
            raise invalid_request("id_token_hint is of another client")
        client = client or await provider.client(client_id)
        if client is None:
            raise invalid_request("client_id is not known")
    uri, state = params.get("post_logout_redirect_uri", ""), params.get("state", "")
    if not uri:
        return Asked(client, "", sid, sub)
    if client is None:
        raise invalid_request("post_logout_redirect_uri needs id_token_hint or client_id")
    if uri not in client.post_logout_redirect_uris:
        raise invalid_request("post_logout_redirect_uri is not registered for this client")
    if len(state) > _MOST_STATE:
        raise invalid_request("state is too long")
    joint = "&" if urlsplit(uri).query else "?"
    return Asked(client, f"{uri}{joint}{urlencode({'state': state})}" if state else uri, sid, sub)


async def _hinted(provider: Provider, issuer: str, hint: str) -> tuple[Client, str, str]:
    """Whose ID token it is; an expired one is as good (§2). Of one whose key is no longer in the set, as after some weeks at a
    service, only the service it names is taken, as if by `client_id`: the citizen is asked."""
    proved = True
    try:
        token = split(hint, most=8 * 1024)
        if token.typ != "jwt":
            raise JoseError("not an ID token")
        provider.keys.verify(token)
    except UnknownKey:
        proved = False
    except JoseError as error:
        raise invalid_request(f"id_token_hint: {error}") from error
    client = await provider.client(token.text("aud"))
    if token.text("iss") != issuer or client is None:
        raise invalid_request("id_token_hint is not one of ours")
    return (client, token.text("sid"), token.text("sub")) if proved else (client, "", "")


def same_person(provider: Provider, asked: Asked, stood: SignIn) -> bool:
    """Does the ID token that came along belong to who sits here? Then the service asks in their name; otherwise anybody's
    link could sign them out, and they are asked first."""
    if asked.client is None or not asked.sid:
        return False
    sealer = provider.sealer
    return asked.sid == session_of(sealer, asked.client, stood.sid) and asked.sub == subject_of(sealer, asked.client, stood.person_key)


async def end(conn: Conn, actor: Actor, stood: SignIn, issuer: str) -> int:
    """The session ends, and what was issued to live as long; how many services will be told."""
    told = await store.end_session(conn, stood.person_key, stood.sid, issuer)
    await sign_in.end_mine(conn, actor, actor.session_id)
    return told


def refuse_large(query: bytes, most: int = 16_000) -> None:
    if len(query) > most:
        raise OAuthError("invalid_request", "the request is too large", 414)
