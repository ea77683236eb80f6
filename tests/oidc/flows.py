"""A client's way through the protocol, step by step, so that a test can spoil one of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.oidc.conftest import BACK, SECRET, Citizen, Service, Site, verifier


@dataclass
class Journey:
    """One citizen, one service, one sign-in. `answer` of each step is the response itself."""

    site: Site
    service: Service
    citizen: Citizen | None
    scope: str = "openid"
    verifier: str = ""
    challenge: str = ""
    state: str = field(default_factory=lambda: secrets.token_hex(6))

    def __post_init__(self) -> None:
        self.verifier, self.challenge = verifier()

    def request(self, **changes: Any) -> dict[str, str]:
        params = {
            "client_id": self.service.id, "response_type": "code", "redirect_uri": BACK, "scope": self.scope,
            "state": self.state, "code_challenge": self.challenge, "code_challenge_method": "S256", "nonce": "n", **changes,
        }  # fmt: skip
        return {name: value for name, value in params.items() if value is not None}

    def credentials(self) -> dict[str, str]:
        method = self.service.client.auth_method
        if method == "private_key_jwt":
            return self.service.credentials()
        if method in ("client_secret_basic", "client_secret_post"):
            return {"client_id": self.service.id, "client_secret": SECRET}
        return {"client_id": self.service.id}

    async def push(self, credentials: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
        async with self.site.http() as http:
            body = {**self.request(**changes), **(self.credentials() if credentials is None else credentials)}
            return await http.post("/oidc/par", data=body)

    async def authorize(self, params: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
        if params is None and self.service.client.fapi:
            pushed = await self.push(**changes)
            assert pushed.status_code == 201, pushed.text
            params = {"client_id": self.service.id, "request_uri": pushed.json()["request_uri"]}
        async with self.site.browser(self.citizen) as browser:
            return await browser.get("/oidc/authorize", params=params or self.request(**changes))

    async def code(self, **changes: Any) -> str:
        answer = await self.authorize(**changes)
        assert answer.status_code == 303, answer.text
        found = sent_back(answer)
        assert "code" in found, found
        return found["code"]

    async def token(self, code: str, /, **changes: Any) -> httpx.Response:
        body = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": self.verifier,
            **self.credentials(), **changes,
        }  # fmt: skip
        return await self.ask({k: v for k, v in body.items() if v is not None})

    async def ask(self, body: dict[str, str], *, proof: str | None = None) -> httpx.Response:
        headers = {}
        if self.service.client.bound == "dpop":
            headers["DPoP"] = self.service.proof("/oidc/token") if proof is None else proof
        async with self.site.http() as http:
            return await http.post("/oidc/token", data=body, headers={k: v for k, v in headers.items() if v})

    async def signed_in(self, **changes: Any) -> dict[str, Any]:
        answer = await self.token(await self.code(**changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def refresh(self, token: str, **changes: Any) -> httpx.Response:
        return await self.ask({"grant_type": "refresh_token", "refresh_token": token, **self.credentials(), **changes})

    async def userinfo(self, token: str, **changes: Any) -> httpx.Response:
        bound = self.service.client.bound == "dpop"
        headers = {"Authorization": f"{'DPoP' if bound else 'Bearer'} {token}"}
        if bound:
            headers["DPoP"] = self.service.proof("/oidc/userinfo", "GET", token=token, **changes)
        async with self.site.http() as http:
            return await http.get("/oidc/userinfo", headers=headers)


def sent_back(answer: httpx.Response) -> dict[str, str]:
    """What came back at the client's address."""
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK, answer.headers["location"]
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def error_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"])
