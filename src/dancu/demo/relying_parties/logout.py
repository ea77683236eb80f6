"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider tells us that a sign-in ended."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SECONDS, _MOST = 300, 10_000


class Refused(ValueError):
    """Not a logout token for us."""


class LogoutTokens:
    """Reads logout tokens; one that came before is refused."""

    def __init__(self, client: Any, client_id: str) -> None:
        self._client, self._client_id = client, client_id
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def read(self, token: str, *, again: bool = False) -> tuple[str, str]:
        """(sid, sub), either may be empty but not both. Raises Refused (§2.6)."""
        metadata = await self._client.load_server_metadata()
        try:
            keys = KeySet.import_key_set(await self._client.fetch_jwk_set(force=again))
            read = jwt.decode(token, keys, algorithms=["ES256"])
        except JoseError as error:
            if not again:  # signed with a key made since we looked
                return await self.read(token, again=True)
            raise Refused(str(error)) from error
        claims = read.claims
        aud = claims.get("aud")
        if claims.get("iss") != metadata["issuer"] or self._client_id not in (aud if isinstance(aud, list) else [aud]):
            raise Refused("not from our provider or not for us")
        issued, now = claims.get("iat"), time.time()
        if not isinstance(issued, (int, float)) or not now - _SECONDS <= issued <= now + 60:
            raise Refused("too old")
        if not isinstance(claims.get("events"), dict) or _EVENT not in claims["events"] or "nonce" in claims:
            raise Refused("not a logout token")
        sid, sub, jti = str(claims.get("sid", "")), str(claims.get("sub", "")), str(claims.get("jti", ""))
        if not (sid or sub) or not jti or jti in self._seen:
            raise Refused("names nobody, or came before")
        self._seen[jti] = None
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return sid, sub
