"""Requests and answers, without input or output: both clients, the one that waits and the one that does not, share this."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from dancu_client import signing
from dancu_client.config import Config
from dancu_client.errors import AnswerLost, CallRefused, DancuClientError, NotGenuine, NotReached
from dancu_client.log import CallLog

_RESIGN_SECONDS = 30
# Answered by the server itself, which signs nothing, when no data service was asked.
_NOT_THERE = frozenset({404, 405, 413})
_KEYS_SECONDS = 3600


@dataclass(frozen=True)
class Context:
    """Why, on what basis, for which case, by whom: every call states all four."""

    purpose: str
    legal_basis: str
    case_ref: str
    officer: str


@dataclass(frozen=True)
class Answer:
    """`body`: the service's members. `receipt`: what the platform signed for, `receipt_jws` as it came; keep it."""

    message_id: str
    status: int
    body: dict[str, Any]
    receipt: dict[str, Any]
    receipt_jws: str


@dataclass
class Asking:
    """A call under way."""

    path: str
    service: str
    content: bytes
    context: Context
    message_id: str
    attempts: int = 0
    sent: bool = False
    request: httpx.Request | None = None
    signed_at: float = 0.0
    tried_nonce: bool = False
    tried_token: bool = False

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


@dataclass
class Core:
    """Keys, token and log of one program."""

    config: Config
    http: httpx.Client | httpx.AsyncClient
    token: str = ""
    token_until: float = 0.0
    nonce: str = ""
    keys: dict[str, signing.PublicKey] = field(default_factory=dict)
    keys_until: float = 0.0

    def __post_init__(self) -> None:
        self.log = CallLog(self.config.log)

    def url(self, path: str) -> str:
        return self.config.base_url + path

    # Token ---------------------------------------------------------------------------------------------------------------

    def token_request(self) -> httpx.Request:
        key, now = self.config.private_key, int(time.time())
        claims = {
            "iss": self.config.client_id, "sub": self.config.client_id, "aud": self.config.audience, "iat": now, "exp": now + 60,
            "jti": signing.message_id(),
        }  # fmt: skip
        form = {
            "grant_type": "client_credentials", "scope": "exchange",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": signing.jws(key, claims, {"typ": "JWT"}), "client_id": self.config.client_id,
        }  # fmt: skip
        headers = {"DPoP": self.proof("POST", self.url("/oidc/token"))} if self.config.bound == "dpop" else {}
        return self.http.build_request("POST", self.url("/oidc/token"), data=form, headers=headers)

    def take_token(self, response: httpx.Response) -> bool:
        """True when there is a token now, False to ask again with the nonce the platform gave. Raises CallRefused."""
        self._take_nonce(response)
        body = _json(response)
        if response.status_code == 200 and "access_token" not in body:
            raise NotReached("the token endpoint answered without a token: base_url is not the platform's")
        if response.status_code == 200:
            self.token, self.token_until = str(body["access_token"]), time.time() + float(body.get("expires_in", 60)) - 20
            return True
        if body.get("error") == "use_dpop_nonce":
            return False
        problem = {"code": f"token.{body.get('error', response.status_code)}", "detail": body.get("error_description", "")}
        raise CallRefused(response.status_code, problem, _retry_after(response))

    def proof(self, method: str, url: str, token: str = "") -> str:
        key = self.config.private_key
        claims: dict[str, Any] = {"jti": signing.message_id(), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = signing.b64u(hashlib.sha256(token.encode()).digest())
        if self.nonce:
            claims["nonce"] = self.nonce
        return signing.jws(key, claims, {"typ": "dpop+jwt", "jwk": signing.jwk_of(key.public_key())})

    def _take_nonce(self, response: httpx.Response) -> None:
        self.nonce = response.headers.get("dpop-nonce", self.nonce)

    # Keys of the platform -------------------------------------------------------------------------------------------------

    def take_keys(self, response: httpx.Response) -> None:
        found = {str(jwk["kid"]): signing.key_of(jwk) for jwk in _json(response).get("keys", []) if "kid" in jwk}
        if not found:
            raise NotReached("the platform's keys cannot be read")
        self.keys, self.keys_until = found, time.time() + _KEYS_SECONDS

    # Calls ----------------------------------------------------------------------------------------------------------------

    def asking(self, service: str, members: Mapping[str, Any], context: Context, *, path: str = "", message_id: str = "") -> Asking:
        content = json.dumps({"context": asdict(context), **members}, ensure_ascii=False, separators=(",", ":")).encode()
        return Asking(path or f"/api/v1/exchange/{service}", service.partition("/")[0], content, context, message_id or signing.message_id())

    def request(self, asking: Asking) -> httpx.Request:
        """The signed request; the same one again while its time holds, so that a repeated message is the same message."""
        asking.attempts += 1
        if asking.request is not None and time.time() - asking.signed_at < _RESIGN_SECONDS and self.config.bound == "mtls":
            return asking.request
        url, mtls = self.url(asking.path), self.config.bound == "mtls"
        headers = {
            "content-digest": signing.content_digest(asking.content), "content-type": "application/json",
            "authorization": f"{'Bearer' if mtls else 'DPoP'} {self.token}",
        }  # fmt: skip
        headers |= signing.sign_request(self.config.private_key, self.config.thumbprint, "POST", url, headers, asking.message_id)
        if not mtls:
            headers["dpop"] = self.proof("POST", url, self.token)
        asking.request = self.http.build_request("POST", url, content=asking.content, headers=headers)
        asking.signed_at = time.time()
        if not asking.sent:
            self.log.asked(asking.message_id, asking.service, asking.digest, asking.context.officer, asking.context.purpose)
            asking.sent = True
        return asking.request

    def take(self, asking: Asking, response: httpx.Response) -> Answer | None:
        """The answer, checked; None to send again (a nonce or a token was wanted, or the platform was busy). Raises CallRefused,
        AnswerLost, NotGenuine."""
        self._take_nonce(response)
        self.check(response)
        body = _json(response)
        if response.status_code // 100 == 2:
            return self._answer(asking, response, body)
        code, challenge = str(body.get("code", "")), response.headers.get("www-authenticate", "")
        if code == "exchange.token" and "use_dpop_nonce" in challenge and not asking.tried_nonce:
            asking.tried_nonce = True
            return None
        if code == "exchange.token" and not asking.tried_token:
            asking.tried_token, self.token = True, ""
            return None
        if response.status_code == 503 and asking.attempts < self.config.attempts:
            return None
        if code == "exchange.replay" and asking.attempts > 1:
            raise AnswerLost(asking.message_id)
        self.log.refused(asking.message_id, code)
        raise CallRefused(response.status_code, body, _retry_after(response))

    def check(self, response: httpx.Response) -> None:
        """The answer's signature: by the platform's key, over status, content and our own signature. Raises NotGenuine."""
        if response.status_code in (429, 502, 503, 504) and "signature" not in response.headers:
            return  # refused before anything of the call was read
        if response.status_code in _NOT_THERE and "signature" not in response.headers:
            raise NotReached("HTTP {status}, unsigned: no data service at this path, or the message is far too large", status=response.status_code)
        values = {'"@status"': str(response.status_code), '"content-digest"': response.headers.get("content-digest", "")}
        must, asked = set(values), response.request.headers.get("signature")
        if asked:
            values['"signature";req'] = asked
            must.add('"signature";req')
        signing.check_signed(self.keys, values, response.headers, must, response.content)

    def _answer(self, asking: Asking, response: httpx.Response, body: dict[str, Any]) -> Answer:
        receipt_jws = body.pop("receipt", "")
        if not isinstance(receipt_jws, str) or not receipt_jws:
            raise NotGenuine("the answer has no receipt")
        receipt = self.read_receipt(receipt_jws)
        plain = response.content.rpartition(b'"receipt":')[0].rstrip(b",") + b"}"
        expected = {
            "aud": self.config.client_id, "message_id": asking.message_id, "request_digest": signing.b64u(asking.digest),
            "answer_digest": signing.b64u(hashlib.sha256(plain).digest()),
        }  # fmt: skip
        if wrong := [name for name, value in expected.items() if receipt.get(name) != value]:
            raise NotGenuine("the receipt is of another call: {members}", members=", ".join(wrong))
        self.log.answered(asking.message_id, receipt_jws)
        return Answer(asking.message_id, response.status_code, body, receipt, receipt_jws)

    def read_receipt(self, text: str) -> dict[str, Any]:
        """The claims of a receipt the platform signed. Raises NotGenuine."""
        try:
            head, claims, signature = text.split(".")
            header = json.loads(signing.unb64u(head))
            key = self.keys.get(header.get("kid", ""))
            if header.get("alg") != "ES256" or header.get("typ") != "exchange-receipt+jwt" or key is None:
                raise NotGenuine("not a receipt of the platform")
            signing.verify_raw(key, f"{head}.{claims}".encode(), signing.unb64u(signature))
            found: dict[str, Any] = json.loads(signing.unb64u(claims))
        except ValueError as error:
            raise NotGenuine("not a receipt") from error
        return found

    def failed(self, asking: Asking, error: Exception) -> None:
        """The network failed. Raises NotReached when it was tried often enough."""
        if asking.attempts >= self.config.attempts:
            raise NotReached("{kind}: {error}", kind=type(error).__name__, error=error) from error


def pause(attempt: int) -> float:
    """Seconds before the next try."""
    return min(0.2 * 2.0 ** (attempt - 1), 5.0)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise NotReached("HTTP {status} without JSON", status=response.status_code) from error
    if not isinstance(body, dict):
        raise NotReached("HTTP {status} without an object", status=response.status_code)
    return body


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


__all__ = ["Answer", "Asking", "Context", "Core", "DancuClientError", "pause"]
