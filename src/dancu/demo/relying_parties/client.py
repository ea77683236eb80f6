"""The OpenID Connect client of a service: authlib's, as it comes for the electricity company; with the two steps that FAPI 2.0
adds for the portal (pushed requests, tokens bound to a key), which the library does not have yet."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc import jwt
from joserfc.jwk import ECKey

from dancu.demo.relying_parties.config import Config

SCOPE = {"portal": "openid profile personal_id address", "electricity": "openid profile personal_id"}
ACTING = " organisations"  # asked of those who say that they come for an organisation
_DISCOVERY = "/.well-known/openid-configuration"


def make(config: Config) -> Any:
    """The client; it reads the provider's metadata at its first use."""
    registry = OAuth()
    common = {"client_id": config.client_id, "server_metadata_url": config.issuer + _DISCOVERY}
    kwargs = {"scope": SCOPE[config.service], "code_challenge_method": "S256"}
    if config.key is None:
        return registry.register("dancu", client_secret=config.secret, client_kwargs=kwargs, **common)
    made = registry.register(
        "dancu", client_cls=FapiApp, client_secret=ECKey.import_key(config.key), client_auth_methods=[_Assertion(config.issuer)],
        client_kwargs={**kwargs, "token_endpoint_auth_method": "private_key_jwt"}, **common,
    )  # fmt: skip
    made.proof_key = ECKey.import_key(config.proof_key or config.key)
    return made


class _Assertion(PrivateKeyJWT):  # type: ignore[misc]
    """FAPI 2.0: for the issuer, whatever endpoint it is sent to, and short-lived (the library's lives for an hour)."""

    def sign(self, auth: Any, token_endpoint: str) -> str:
        header = {"kid": auth.client_secret.kid, "typ": "JWT"}
        made: str = private_key_jwt_sign(
            auth.client_secret, client_id=auth.client_id, token_endpoint=token_endpoint, header=header, alg="ES256", expires_in=60
        )
        return made


class FapiApp(StarletteOAuth2App):  # type: ignore[misc]
    """authlib's application, the request pushed (RFC 9126) and the token bound to a key (RFC 9449)."""

    proof_key: ECKey

    async def create_authorization_url(self, redirect_uri: str | None = None, **kwargs: Any) -> dict[str, Any]:
        made: dict[str, Any] = await super().create_authorization_url(redirect_uri, **kwargs)
        metadata = await self.load_server_metadata()
        asked = dict(parse_qsl(urlsplit(made["url"]).query))
        async with self._get_oauth_client(**metadata) as client:
            answer = await client.request(
                "POST", metadata["pushed_authorization_request_endpoint"], data=asked, withhold_token=True,
                auth=client.client_auth("private_key_jwt"),
            )  # fmt: skip
        answer.raise_for_status()
        query = {"client_id": self.client_id, "request_uri": answer.json()["request_uri"]}
        return {**made, "url": f"{metadata['authorization_endpoint']}?{urlencode(query)}"}

    async def fetch_access_token(self, redirect_uri: str | None = None, **kwargs: Any) -> Any:
        metadata = await self.load_server_metadata()
        headers = {"DPoP": self._proof("POST", metadata["token_endpoint"]), "Accept": "application/json"}
        return await super().fetch_access_token(redirect_uri, headers=headers, **kwargs)

    async def userinfo(self, *, token: dict[str, Any]) -> dict[str, Any]:
        metadata = await self.load_server_metadata()
        url, text = metadata["userinfo_endpoint"], token["access_token"]
        headers = {"Authorization": f"DPoP {text}", "DPoP": self._proof("GET", url, text)}
        async with self._get_session() as client:
            answer = await client.request("GET", url, headers=headers, withhold_token=True)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _proof(self, method: str, url: str, token: str = "") -> str:
        claims: dict[str, Any] = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        public = {name: value for name, value in self.proof_key.as_dict(private=False).items() if name in ("kty", "crv", "x", "y")}
        return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": public}, claims, self.proof_key)
