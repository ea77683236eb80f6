"""A registered client: a service of an organisation that citizens sign in to, or a program of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Profile(StrEnum):
    """`FAPI2`: FAPI 2.0 Security Profile. `BASIC`: OpenID Connect Basic, for services that cannot do that yet. `PUBLIC`:
    no secret (browser or phone application), PKCE."""

    FAPI2 = "fapi2"
    BASIC = "basic"
    PUBLIC = "public"


class ClientState(StrEnum):
    """`TEST`: works at once, for the organisation's own trials. `LIVE`: approved. `SUSPENDED`: nothing works."""

    TEST = "test"
    LIVE = "live"
    SUSPENDED = "suspended"


class AuthMethod(StrEnum):
    """How the client proves itself at endpoints (RFC 7591, RFC 8705)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    SECRET_BASIC = "client_secret_basic"  # noqa: S105
    SECRET_POST = "client_secret_post"  # noqa: S105
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    NONE = "none"


SECRET_METHODS = (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST)
TLS_METHODS = (AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS)


@dataclass(frozen=True, slots=True)
class Client:
    """`client_no` names the client inside (evidence, agreements), `client_id` on the wire. `bound`: how its tokens are
    bound to their holder ("dpop", "mtls", "" where a stolen token works). `sector`: clients of one sector see the same
    pairwise `sub`. `scopes`: what the program itself may ask for with client_credentials. `jwks_uri`: where `jwks` is read
    from, "" where it was handed in. `ciba_notification_uri`: where it wants to hear that a citizen answered ("ping").
    `sector_identifier_uri`: where the redirect addresses of its sector are listed, read once, "" where that was not asked for.
    `detail_types`: the types of authorization_details it may ask for; `id_token_alg`: how its ID and logout tokens are signed."""

    client_no: int
    client_id: str
    name: str
    org_code: str
    profile: Profile
    state: ClientState
    auth_method: AuthMethod
    sector: str
    name_en: str = ""
    org_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    grant_types: frozenset[str] = frozenset({"authorization_code"})
    scopes: tuple[str, ...] = ()
    jwks: dict[str, Any] | None = None
    secret_hash: bytes | None = field(default=None, repr=False)
    old_secret_hash: bytes | None = field(default=None, repr=False)
    old_secret_until: datetime | None = None
    tls_subject: str = ""
    subject_type: str = "pairwise"
    bound: str = ""
    userinfo_signed: bool = False
    home_uri: str = ""
    contact: str = ""
    jwks_uri: str = ""
    ciba_notification_uri: str = ""
    detail_types: tuple[str, ...] = ()
    id_token_alg: str = "ES256"  # noqa: S105
    sector_identifier_uri: str = ""

    @property
    def fapi(self) -> bool:
        return self.profile is Profile.FAPI2

    @property
    def rotates(self) -> bool:
        """Are its refresh tokens replaced at every use? Not those bound to a key (FAPI 2.0 §5.3.2.1: rotation loses
        sessions with lost answers and protects nothing there)."""
        return not self.bound
