"""The partner's whole connection, step by step; each step that fails says what to mend, and what depends on it is not tried."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from dancu_client import advice, reach, signing
from dancu_client.advice import Wrong
from dancu_client.calls import Answer, Context
from dancu_client.client import Client
from dancu_client.config import Config
from dancu_client.errors import CallRefused, ConfigError, DancuClientError, NotGenuine
from dancu_client.words import say, told

# Somebody of the sandbox; a live program is told that nobody has this number, which is an answer too.
NUMBER, NAME = "000190000001", "Trần Thị Mẫu"
_EXPIRES_SOON_DAYS = 30


@dataclass(frozen=True)
class Step:
    """`state`: "ok", "warn", "fail", "skip". `mend`: what to do, "" where nothing."""

    name: str
    state: str
    said: str
    mend: str = ""


@dataclass
class Doctor:
    """`context`: why the test call is made; it must fit the agreement of a live program. `http`: for tests. `lang`: "vi" or "en"."""

    config: Config
    context: Context
    service: str = "verify"
    http: httpx.Client | None = None
    lang: str = "vi"
    steps: list[Step] = field(default_factory=list)
    _answer: Answer | None = None
    _refusal: CallRefused | None = None
    _failure: DancuClientError | None = None

    @property
    def sound(self) -> bool:
        """Nothing failed, and what was not tried depends on nothing that did."""
        return all(step.state in ("ok", "warn") or (step.state == "skip" and not step.mend) for step in self.steps)

    def run(self) -> list[Step]:
        own = self.http is None
        client: Client | None = None
        if self._step("config", self._config):
            reached = not own or (self._step("dns", lambda: self._found(reach.name(self.config))) and self._step("tls", lambda: self._found(reach.tls(self.config))))
            client = Client(self.config, self.http)
            if own:
                client._http.cookies.set("lang", self.lang)  # the language of the platform's own sentences
            try:
                if reached and self._step("clock", lambda: self._found(reach.clock(client._http, client.core.url("/exchange/jwks")))):
                    self._speak(client)
            finally:
                if own:
                    client.__exit__(None, None, None)
        for name in ("dns", "tls", "clock", "token", "binding", "signature", "agreement", "call", "receipt", "proof", "webhook"):
            if all(step.name != name for step in self.steps) and (own or name not in ("dns", "tls")):
                self.steps.append(Step(name, "skip", self._say("an earlier step failed"), self._say("Mend the step above first.")))
        return self.steps

    def _speak(self, client: Client) -> None:
        if not self._step("token", lambda: self._token(client)) or not self._step("binding", lambda: self._binding(client)):
            return
        self._call(client)
        for name, work in (("signature", self._signature), ("agreement", self._agreement), ("call", self._called)):
            if not self._step(name, work):
                return
        if self._answer is None:  # refused for want of the citizen's consent: the connection itself is sound
            self.steps += [Step(name, "skip", self._say("no answer, so no receipt")) for name in ("receipt", "proof")]
        elif self._step("receipt", self._receipt):
            self._step("proof", lambda: self._proof(client))
        self._step("webhook", self._webhook)

    def _step(self, name: str, work: Callable[[], str]) -> bool:
        try:
            self.steps.append(Step(name, "ok", work()))
        except Wrong as wrong:
            self.steps.append(Step(name, wrong.state, self._say(wrong.said, **wrong.params), self._say(wrong.mend, **wrong.params)))
            return wrong.state == "warn"
        except DancuClientError as error:
            self.steps.append(Step(name, "fail", told(self.lang, error), self._say("See the message; the guide lists every code.")))
            return False
        return True

    def _say(self, template: str, **params: Any) -> str:
        return say(self.lang, template, **params)

    def _found(self, found: reach.Found) -> str:
        return self._say(found[0], **found[1])

    def _config(self) -> str:
        config = self.config
        try:
            if signing.jwk_of(config.private_key.public_key()) != signing.jwk_of(config.x509.public_key()):  # type: ignore[arg-type]
                raise Wrong("key and certificate are not a pair", "Use the key with which the certificate request was made.")
            config.tls()
            if config.log is not None:
                config.log.open("a").close()
        except OSError as error:
            raise Wrong("log {log}: {error}", "Name a file this program may write to.", log=config.log, error=error) from error
        except ConfigError as error:
            raise Wrong(told(self.lang, error), "Mend the path or the file.") from error
        left = (config.x509.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).days
        if left < 0:
            raise Wrong("the certificate has expired", "Ask for a new one on the partner portal.")
        if left < _EXPIRES_SOON_DAYS:
            raise Wrong("the certificate expires in {days} days", "Ask for a new one now; both hold until then.", "warn", days=left)
        return self._say("key and certificate fit, {days} days left", days=left)

    def _token(self, client: Client) -> str:
        try:
            client.prepare()
        except CallRefused as refused:
            means, mend = advice.of_token(refused, self.config.bound)
            why = {"means": self._say(means), "code": refused.code, "detail": refused.problem.get("detail", "")}
            raise Wrong("{means} ({code}: {detail})", mend, **why) from refused
        return self._say("valid for {seconds} s", seconds=f"{client.core.token_until - time.time() + 20:.0f}")

    def _binding(self, client: Client) -> str:
        claims = json.loads(signing.unb64u(client.core.token.split(".")[1]))
        bound = claims.get("cnf", {})
        wanted = "jkt" if self.config.bound == "dpop" else "x5t#S256"
        if wanted not in bound:
            raise Wrong("the token is not bound as configured", "Register the client for {bound}, or change bound.", bound=self.config.bound)
        return self._say("to the key (DPoP)" if wanted == "jkt" else "to the certificate (RFC 8705)")

    def _call(self, client: Client) -> None:
        """One test call; the steps that follow read what came of it."""
        members: dict[str, Any] = (
            {"number": NUMBER, "fields": ["name"]} if self.service == "lookup" else {"number": NUMBER, "fields": {"name": NAME}}
        )
        try:
            self._answer = client.call(self.service, members, self.context)
        except CallRefused as refused:
            self._refusal = refused
        except DancuClientError as error:
            self._failure = error

    def _signature(self) -> str:
        if mend := advice.of_signature(self._code):
            raise Wrong(self._refused(), mend)
        if self._failure is not None:
            genuine = not isinstance(self._failure, NotGenuine)
            mend = "The connection broke during the call: see the message." if genuine else "Something between changes answers, or base_url is not the platform's."
            raise Wrong(told(self.lang, self._failure), mend)
        return self._say("ours accepted, the platform's checked")

    def _refused(self) -> str:
        return told(self.lang, self._refusal) if self._refusal is not None else ""

    @property
    def _code(self) -> str:
        return self._refusal.code if self._refusal else ""

    def _agreement(self) -> str:
        if mend := advice.of_agreement(self._code):
            raise Wrong(self._refused(), mend)
        return self._say("covers {service} for {purpose}", service=self.service, purpose=self.context.purpose)

    def _called(self) -> str:
        if self._refusal is not None and self._refusal.code == "exchange.consent":
            raise Wrong(self._refused(), "The connection works; a call about a citizen who consented in their account is answered.", "warn")
        if self._answer is None:
            raise Wrong(self._refused(), "See the code in the guide.")
        environment = self._answer.receipt.get("environment")
        return self._say("answered in the {environment} environment", environment=environment)

    def _receipt(self) -> str:
        assert self._answer is not None
        if self.config.log is None:
            raise Wrong("checked, but no log is kept", "Set log: both sides owe a log of calls.", "warn")
        return self._say("signed for this call, message {message_id}", message_id=self._answer.message_id)

    def _proof(self, client: Client) -> str:
        assert self._answer is not None
        if not self._answer.receipt["entries"]:
            return self._say("the sandbox is about nobody and leaves no evidence")
        began = time.monotonic()
        (proved, *_) = client.proof(self._answer)
        found = {"index": proved.index, "size": proved.size, "seconds": f"{time.monotonic() - began:.1f}"}
        if not self.config.vkey:
            raise Wrong(
                "entry {index} of {size} after {seconds} s, by the key the platform itself stated",
                'Set vkey = "{vkey}" after comparing it with the published one.', "warn", vkey=client.vkey().strip(), **found,
            )  # fmt: skip
        return self._say("entry {index} of {size} after {seconds} s", **found)

    def _webhook(self) -> str:
        if not self.config.webhook:
            return self._say("none configured")
        origin = urlsplit(self.config.audience).netloc
        try:
            with httpx.Client(timeout=self.config.timeout) as http:
                agreed = http.options(self.config.webhook, headers={"WebHook-Request-Origin": origin})
                response = http.post(self.config.webhook, content=b"{}", headers={"content-type": "application/json"})
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Wrong(
                "{kind}: {error}", "The address must be reachable from the platform, not only from here.", kind=type(error).__name__, error=error
            ) from error
        if not agreed.is_success or agreed.headers.get("webhook-allowed-origin") not in ("*", origin):
            raise Wrong(
                "it does not agree to take events (OPTIONS: HTTP {status})", "Answer OPTIONS with WebHook-Allowed-Origin: {origin}.",
                status=agreed.status_code, origin=origin,
            )  # fmt: skip
        if response.is_success:
            raise Wrong("it takes what nobody signed", "Check deliveries with WebhookVerifier and answer 401 to others.")
        if response.status_code not in (400, 401, 403):
            raise Wrong(
                "what is not signed is answered HTTP {status}", "Deliveries are POSTed there: answer 401 to what is not signed.", status=response.status_code
            )
        return self._say("agrees to take events, refuses what is not signed (HTTP {status})", status=response.status_code)
