"""One citizen's way to a service, as a browser and the service's library go it; and the citizens who go it."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from journey_http import Answer, Browser
from oidc_clients import BenchClient, b64, signed
from province import Running

BACK = "https://bench.example/back"
PASSCODE = "482915"


@dataclass(frozen=True)
class Citizen:
    number: str
    phone: str


class Journey:
    """One citizen at one client. `acr` 2: passcode and code; 1: passcode alone."""

    def __init__(self, running: Running, client: BenchClient, fapi: bool, outbox: Any) -> None:
        self.running, self.client, self.fapi, self.outbox = running, client, fapi, outbox
        self.proof_key = ec.generate_private_key(ec.SECP256R1())
        point = self.proof_key.public_key().public_numbers()
        self.proof_header = {
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big"))},
        }  # fmt: skip

    async def go(self, citizen: Citizen, *, acr: int) -> dict[str, Any]:
        async with Browser(self.running.url) as http:
            verifier = secrets.token_urlsafe(40)
            page = await http.get(await self._authorize(http, verifier, acr))
            while not page.location.startswith(BACK):
                page = await self._step(http, page, citizen)
            code = parse_qs(urlsplit(page.location).query)["code"][0]
            return await self._release(http, code, verifier)

    async def _authorize(self, http: Browser, verifier: str, acr: int) -> str:
        asked = {
            "client_id": self.client.client_id, "redirect_uri": BACK, "response_type": "code", "scope": "openid profile", "state": "s",
            "nonce": "n", "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256",
            "acr_values": f"urn:vn:eid:acr:{acr}",
        }  # fmt: skip
        if not self.fapi:
            return f"/oidc/authorize?{urlencode(asked)}"
        answer = await http.post("/oidc/par", data={**asked, **self._assertion()}, headers=self._proof("POST", "/oidc/par"))
        return f"/oidc/authorize?{urlencode({'client_id': self.client.client_id, 'request_uri': answer.json()['request_uri']})}"

    async def _step(self, http: Browser, page: Answer, citizen: Citizen) -> Answer:
        if page.location:
            return await http.get(page.location)
        text = page.text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
        if 'name="number"' in text:
            return await http.post("/eid/sign-in", data={**hidden, "number": citizen.number, "passcode": PASSCODE})
        if 'name="code"' in text:
            return await http.post("/eid/sign-in/code", data={**hidden, "way": "sms", "code": await self.outbox(citizen.phone)})
        if 'name="share"' in text:
            shared = re.findall(r'name="share" value="([^"]+)"', text)
            return await http.post("/oidc/consent", data={"csrf_token": hidden["csrf_token"], "flow": hidden["flow"], "share": shared, "term": "year", "answer": "yes"})
        raise SystemExit(f"the journey stops at {page.status} {page.path.partition('?')[0]}: " + re.sub(r"<[^>]+>|\s+", " ", text)[-900:])

    async def _release(self, http: Browser, code: str, verifier: str) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier}
        if self.fapi:
            answer = await http.post("/oidc/token", data={**form, **self._assertion()}, headers=self._proof("POST", "/oidc/token"))
            token = answer.json()["access_token"]
            headers = {"Authorization": f"DPoP {token}", **self._proof("GET", "/oidc/userinfo", token)}
        else:
            answer = await http.post("/oidc/token", data=form, headers={"Authorization": self.client.basic})
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        found = await http.get("/oidc/userinfo", headers=headers)
        claims: dict[str, Any] = found.json()
        if "name" not in claims:
            raise SystemExit(f"no name at the end of the journey: {answer.text[:200]} {found.text[:200]}")
        return claims

    def _assertion(self) -> dict[str, str]:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": self.client.assertion(self.running.url)}

    def _proof(self, method: str, path: str, token: str = "") -> dict[str, str]:
        claims: dict[str, Any] = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": self.running.url + path, "iat": int(time.time())}
        if token:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        return {"DPoP": signed(self.proof_key, self.proof_header, claims)}


async def citizens(running: Running, count: int) -> list[Citizen]:
    """Activated accounts of this many grown people, all with one passcode."""
    import psycopg

    from dancu.accounts.service import demo
    from dancu.kit.authn import passwords

    hashed = await passwords.hash_password(PASSCODE)

    async def once(password: str) -> str:
        return hashed

    passwords.hash_password = once  # one hash for everybody: making them is no part of the figure
    async with await psycopg.AsyncConnection.connect(running.dsn("admin")) as conn:
        rows = await (
            await conn.execute(
                "SELECT d.number FROM population.directory d JOIN population.person_birth b USING (person_key) JOIN population.person p USING (person_key)"
                " WHERE d.kind = 'personal_id' AND d.state = 'active' AND b.birth_year BETWEEN 1950 AND 2005 AND upper_inf(b.recorded)"
                " AND p.alive_until = 'infinity' AND p.merged_into IS NULL AND NOT EXISTS (SELECT FROM accounts.account a WHERE a.person_key = d.person_key)"
                " ORDER BY d.number DESC LIMIT %s",
                (count,),
            )
        ).fetchall()
    found = []
    async with await psycopg.AsyncConnection.connect(running.dsn("app")) as conn:
        for (number,) in rows:
            async with conn.transaction():
                made = await demo.account(conn, number, level=2, passcode=PASSCODE)
            found.append(Citizen(number, made.phone))
    return found
