"""The company's counter: who stands there says yes on their own phone (CIBA), having read there who asks and for what. A bank's
counter, a telephone line and a cash machine ask in the same way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dancu.demo.relying_parties.config import Config
from dancu.demo.relying_parties.customers import Customers
from dancu.demo.relying_parties.web import Service
from dancu.kit.i18n import N_, gettext

GRANT = "urn:openid:params:grant-type:ciba"
SECONDS = 180
# What a counter may ask for: code -> the words the clerk chooses by and the customer reads on the phone.
MATTERS = {
    "deposit": N_("nhận lại tiền đặt cọc công tơ 500.000 đồng"),
    "owner": N_("đổi tên chủ hợp đồng mua điện"),
}
_TEXT = N_("Quầy 3, mã {code}: {matter}")
# The word of the token endpoint -> how the page says it; another word is a fault of ours.
_ENDS = {"access_denied": "denied", "expired_token": "late"}


class Counter:
    """`transport`: how the provider is reached, where that is not the network."""

    def __init__(self, config: Config, service: Service, customers: Customers, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._config, self._service, self._customers, self._transport = config, service, customers, transport

    def routes(self) -> list[Route]:
        return [Route("/counter", self.show), Route("/counter", self.ask, methods=["POST"]), Route("/counter/next", self.next, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The form; while an answer is waited for, that, asked for once more; then the answer."""
        asked = request.session.get("counter")
        if asked and asked["state"] == "pending" and time.time() >= asked["again"]:
            asked = request.session["counter"] = {**asked, **await self._poll(asked)}
        accounts = self._customers.of(asked["sub"]) if asked and asked.get("sub") else []
        return self._service.page(
            request, "counter.html", asked=asked, accounts=accounts, matters=MATTERS, wrong=request.query_params.get("wrong", ""), forms=True,
        )  # fmt: skip

    async def ask(self, request: Request) -> Response:
        form = await self._service.form(request)
        number, matter = form.get("number", ""), form.get("matter", "")
        if not form or not number or matter not in MATTERS:
            return RedirectResponse("/counter?wrong=form", 303)
        drawn = f"{secrets.randbelow(10_000):04d}"
        text = gettext(_TEXT, "vi", code=f"{drawn[:2]} {drawn[2:]}", matter=gettext(MATTERS[matter], "vi"))
        body = {"scope": "openid profile", "login_hint": number, "binding_message": text, "requested_expiry": str(SECONDS)}
        status, said = await self._call("/oidc/bc-authorize", body)
        if status != httpx.codes.OK:
            return RedirectResponse(f"/counter?wrong={'many' if status == httpx.codes.TOO_MANY_REQUESTS else 'busy'}", 303)
        request.session["counter"] = {
            "state": "pending", "text": text, "id": said["auth_req_id"], "pause": said.get("interval", 5), "again": time.time() + said.get("interval", 5),
        }  # fmt: skip
        return RedirectResponse("/counter", 303)

    async def next(self, request: Request) -> Response:
        if await self._service.form(request):
            request.session.pop("counter", None)
        return RedirectResponse("/counter", 303)

    async def _poll(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        status, said = await self._call("/oidc/token", {"grant_type": GRANT, "auth_req_id": asked["id"]})
        error, pause = said.get("error", ""), asked["pause"]
        if status == httpx.codes.OK:
            return await self._who(said)
        if error in ("authorization_pending", "slow_down", "temporarily_unavailable"):
            pause += 5 if error == "slow_down" else 0
            return {"pause": pause, "again": time.time() + pause}
        return {"state": _ENDS.get(error, "trouble")}

    async def _who(self, token: dict[str, Any]) -> dict[str, Any]:
        """Whose yes it was: the ID token says so, and the rest is what this person let the company see before."""
        try:
            who = await self._service.client.parse_id_token(token, nonce=None)
            status, claims = await self._call("/oidc/userinfo", None, token["access_token"])
        except (AuthlibBaseError, JoseError, KeyError, httpx.HTTPError):
            return {"state": "trouble"}
        known = claims if status == httpx.codes.OK and claims.get("sub") == who["sub"] else {}
        return {"state": "approved", "sub": who["sub"], "name": str(known.get("name") or "")}

    async def _call(self, path: str, body: Mapping[str, str] | None, token: str = "") -> tuple[int, dict[str, Any]]:
        """(status, answer); 503 where the provider does not answer."""
        proof: dict[str, Any] = {"headers": {"Authorization": f"Bearer {token}"}} if token else {"auth": (self._config.client_id, self._config.secret)}
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=10) as http:
                answer = await http.request("GET" if body is None else "POST", self._config.issuer + path, data=body, **proof)
            return answer.status_code, dict(answer.json())
        except (httpx.HTTPError, ValueError):
            return 503, {"error": "temporarily_unavailable"}
