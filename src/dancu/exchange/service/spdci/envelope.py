"""The envelope of the standard: headers of what we send, and the signature over header and message.

The standard gives the signature's form, taken from an early draft of HTTP signatures (`kidId`, `created`, `expires`, `headers`), and
says that it is over {header}+{message}; it leaves open how their bytes are made and which digest is meant. Here: each as JSON
with members in order and without spaces (RFC 8785 for what these messages hold), one after the other; the digest is SHA-256
as `SHA-256=…`, and BLAKE2b-512 as `BLAKE-512=…` is understood too, as the family of protocols writes it that the form comes
from. `kidId` names the sender, the key (hex thumbprint of a partner's certificate; of ours the id in our JWKS) and the algorithm.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dancu.exchange.service.receipts import AnswerKeys
from dancu.kit.httpsig import Verifier, WrongSignature

OURS: Final = "dancu"
SKEW_SECONDS: Final = 60
# Messages may be stored and forwarded; after this long nobody waits for the answer any more.
LIVES_SECONDS: Final = 24 * 3600
_MOST: Final = 2000
_PARAM = re.compile(r'\s*([A-Za-z]{1,20})="([^"]*)"\s*(?:,|$)', re.ASCII)
_COVERED: Final = "(created) (expires) digest"


class Unsigned(Exception):
    """No signature that we could check, or a wrong one. `code`: of the standard."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was written. `key`: which of the sender's."""

    sender: str
    key: str
    algorithm: str
    created: int
    expires: int
    value: bytes


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def header(action: str, status: str, *, sender: str, receiver: str, count: int = 1, code: str = "", message_id: str = "") -> dict[str, Any]:
    """The header of an answer or callback of ours."""
    made: dict[str, Any] = {
        "version": "1.0.0", "message_id": message_id or str(uuid.uuid4()), "message_ts": now(), "action": action, "status": status,
        "total_count": count, "completed_count": count if status == "succ" else 0, "sender_id": sender or OURS, "receiver_id": receiver,
        "is_msg_encrypted": False,
    }  # fmt: skip
    return {**made, "status_reason_code": code, "status_reason_message": code} if code else made


def signed(keys: AnswerKeys, head: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """The whole message, signed with the platform's key (`/exchange/jwks`)."""
    key, created = keys.current(), int(time.time())
    expires = created + LIVES_SECONDS
    base = _base(created, expires, "SHA-256", hashlib.sha256(_bytes(head, message)).digest())
    value = b64encode(key.signer.sign(base)).decode()
    named = f'{head["sender_id"]}|{key.kid}|{key.signer.alg}'
    line = (
        f'Signature: namespace="spdci", kidId="{named}", algorithm="{key.signer.alg}", created="{created}", expires="{expires}",'
        f' headers="{_COVERED}", signature="{value}"'
    )
    return {"signature": line, "header": dict(head), "message": dict(message)}


def read(text: str) -> Signature:
    """The signature of an envelope. Raises Unsigned."""
    if not text:
        raise Unsigned("err.signature.missing", "the message is not signed")
    if len(text) > _MOST or not text.startswith("Signature:"):
        raise _wrong("not a signature of the standard's form")
    found: dict[str, str] = {}
    rest = text.removeprefix("Signature:")
    while rest.strip():
        part = _PARAM.match(rest)
        if part is None or part[1] in found:
            raise _wrong("not a signature of the standard's form")
        found[part[1]] = part[2]
        rest = rest[part.end() :]
    named = found.get("kidId", "").split("|")
    times = [found.get(name, "") for name in ("created", "expires")]
    if len(named) != 3 or found.get("headers") != _COVERED or found.get("algorithm") != named[2]:
        raise _wrong("kidId, algorithm or headers")
    if not all(one.isascii() and one.isdigit() and len(one) < 12 for one in times):
        raise _wrong("created or expires")
    try:
        value = b64decode(found.get("signature", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("signature is not Base64") from error
    return Signature(named[0], named[1], named[2], int(times[0]), int(times[1]), value)


def check(said: Signature, key: Verifier, head: Mapping[str, Any], message: Mapping[str, Any], at: float) -> None:
    """Is this the sender's signature over this header and message, made for now? Raises Unsigned."""
    if said.sender != head.get("sender_id"):
        raise _wrong("kidId names another sender")
    if not (said.created <= at + SKEW_SECONDS and at < said.expires and said.expires - said.created <= LIVES_SECONDS):
        raise _wrong("created or expires")
    if said.algorithm != key.alg:
        raise _wrong("not the algorithm of this key")
    content = _bytes(head, message)
    for name, digest in (("SHA-256", hashlib.sha256(content).digest()), ("BLAKE-512", hashlib.blake2b(content).digest())):
        try:
            key.verify(_base(said.created, said.expires, name, digest), said.value)
        except WrongSignature:
            continue
        return
    raise _wrong("the signature is not of this header and message")


def _base(created: int, expires: int, name: str, digest: bytes) -> bytes:
    return f"(created): {created}\n(expires): {expires}\ndigest: {name}={b64encode(digest).decode()}".encode()


def _bytes(head: Mapping[str, Any], message: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() for part in (head, message))


def _wrong(text: str) -> Unsigned:
    return Unsigned("err.signature.invalid", text)
