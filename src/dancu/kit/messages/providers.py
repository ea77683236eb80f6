"""Who carries messages: gateways of text messages and of notices on devices over HTTP, a mail server, or, in a demonstration, nobody (the built-in outbox)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from dancu.kit.messages.signing import sign

_SECONDS = 10.0


class Refused(Exception):
    """The provider will never take this message; `args[0]` is its word."""


class Later(Exception):
    """Not now: try again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way. `message_id` is the same at every try: the provider takes it once."""

    message_id: int
    to: str
    text: str
    kind: str


class Provider(Protocol):
    """`keeps`: the text stays readable after it was handed over (a demonstration's outbox)."""

    keeps: bool

    async def hand_over(self, letter: Letter) -> str:
        """The provider's own reference, "" where no receipt will come. Raises Refused or Later."""
        ...


class BuiltIn:
    """A demonstration carries nothing anywhere: `/demo/outbox` shows the messages."""

    keeps = True

    async def hand_over(self, letter: Letter) -> str:
        return ""


class HttpGateway:
    """POST {id, to, text} and what the channel adds as JSON, signed; the answer is {"ref": …}. The same id is sent as Idempotency-Key.

    4xx (but 408, 425, 429) is a refusal for good, everything else is tried again."""

    def __init__(self, url: str, secret: str, *, keeps: bool = False) -> None:
        self._url, self._secret, self.keeps = url, secret, keeps

    def payload(self, letter: Letter) -> dict[str, object]:
        return {"id": letter.message_id, "to": letter.to, "text": letter.text}

    async def hand_over(self, letter: Letter) -> str:
        import httpx

        body = json.dumps(self.payload(letter), ensure_ascii=False).encode()
        headers = {
            "content-type": "application/json", "idempotency-key": f"dancu-{letter.message_id}", **sign(self._secret, body),
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Later(type(error).__name__) from error
        if 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429):
            raise Refused(f"http {answer.status_code}")
        if answer.status_code != 200 and answer.status_code != 202:
            raise Later(f"http {answer.status_code}")
        try:
            return str(answer.json().get("ref", ""))[:200]
        except (ValueError, AttributeError):
            return ""


class HttpSms(HttpGateway):
    """Text messages: `to` is a phone number with its country code."""


class HttpPush(HttpGateway):
    """Notices on devices: `to` is the thumbprint (RFC 7638) of the device's key, under which its application has told the gateway where
    to reach it (FCM, APNs, Web Push); we never hold that address. `kind` says which page to open. 404 and 410, for a device the gateway
    does not know any more, are refusals for good."""

    def payload(self, letter: Letter) -> dict[str, object]:
        return {**super().payload(letter), "kind": letter.kind}


class Mail:
    """A mail server: smtp://user:password@host:port or smtps://…; STARTTLS is used wherever it is offered."""

    def __init__(self, url: str, sender: str, *, keeps: bool = False) -> None:
        self._parts, self._sender, self.keeps = urlsplit(url), sender, keeps

    async def hand_over(self, letter: Letter) -> str:
        return await asyncio.to_thread(self._send, letter)

    def _send(self, letter: Letter) -> str:
        import smtplib
        import ssl
        from email.message import EmailMessage

        mail = EmailMessage()
        mail["From"], mail["To"] = self._sender, letter.to
        mail["Subject"] = letter.text.partition(".")[0][:70]
        mail["Message-ID"] = f"<{letter.message_id}@{self._sender.rpartition('@')[2]}>"
        mail.set_content(letter.text)
        host, secure = self._parts.hostname or "localhost", self._parts.scheme == "smtps"
        port = self._parts.port or (465 if secure else 587)
        context = ssl.create_default_context()
        try:
            server = (
                smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context) if secure else smtplib.SMTP(host, port, timeout=_SECONDS)
            )
            with server:
                server.ehlo()
                if not secure and server.has_extn("starttls"):
                    server.starttls(context=context)
                if self._parts.username:
                    server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
                server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            raise Refused(type(error).__name__) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Later(type(error).__name__) from error
        return ""


def providers(
    *, demo: bool, sms_url: str = "", sms_secret: str = "", smtp_url: str = "", mail_from: str = "", push_url: str = "",
    push_secret: str = "",
) -> Mapping[str, Provider]:  # fmt: skip
    """Who carries each channel. In a demonstration what is not set goes to the built-in outbox; elsewhere a channel
    without a provider is missing here, and its messages wait."""
    found: dict[str, Provider] = dict.fromkeys(("sms", "email", "push"), BuiltIn()) if demo else {}
    if sms_url:
        found["sms"] = HttpSms(sms_url, sms_secret, keeps=demo)
    if push_url:
        found["push"] = HttpPush(push_url, push_secret, keeps=demo)
    if smtp_url:
        found["email"] = Mail(smtp_url, mail_from, keeps=demo)
    return found
