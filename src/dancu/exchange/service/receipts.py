"""What the platform signs in data exchange: answers (RFC 9421) and receipts (JWS), with a key of its own that is never
dropped, since receipts are read years later; the newest signs. And the names of entries in receipts, which say nothing."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from base64 import b64encode, urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from dancu.exchange.models.call import Call
from dancu.kit import httpsig
from dancu.kit import keys as files

TYP = "exchange-receipt+jwt"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_NAME = re.compile(r"answer-(\d{1,6})\.pem", re.ASCII)
_LOOK_SECONDS = 5.0
_SIGNATURE = httpsig.Component("signature")
_PUSHED = tuple(map(httpsig.Component, ("@method", "@target-uri", "content-digest", "content-type")))
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


def b64u(data: bytes) -> str:
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode()


def _unb64u(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Key:
    def __init__(self, pem: bytes) -> None:
        private = serialization.load_pem_private_key(pem, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("not an EC private key")
        self.signer = httpsig.Signer(private)
        numbers = private.public_key().public_numbers()
        members = {"crv": "P-256", "kty": "EC", "x": b64u(numbers.x.to_bytes(32, "big")), "y": b64u(numbers.y.to_bytes(32, "big"))}
        self.kid = b64u(hashlib.sha256(orjson.dumps(members)).digest())
        self.jwk = {**members, "use": "sig", "alg": "ES256", "kid": self.kid}
        self.head = b64u(orjson.dumps({"alg": "ES256", "kid": self.kid, "typ": TYP}))


class AnswerKeys:
    """Keys under `directory` ($DATA/keys/exchange): `answer-<n>.pem`, and the key of entry names. Looks for new files every few
    seconds, so a rotation needs no restart."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._looked = directory, float("-inf")
        self._known: dict[int, _Key] = {}
        self._newest: _Key | None = None
        self._names: tuple[CipherContext, CipherContext] | None = None

    def current(self) -> _Key:
        if self._newest is None or time.monotonic() - self._looked > _LOOK_SECONDS:
            numbers = sorted(int(found[1]) for path in self._directory.glob("answer-*.pem") if (found := _NAME.fullmatch(path.name)))
            for number in numbers or [1]:
                if number not in self._known:
                    self._known[number] = _Key(files.secret(self._directory, f"answer-{number}.pem", _new))
            self._newest, self._looked = self._known[max(self._known)], time.monotonic()
        return self._newest

    def jwks(self) -> dict[str, Any]:
        self.current()
        return {"keys": [key.jwk for _, key in sorted(self._known.items())]}

    def rotate(self) -> None:
        """A new key, which signs from now on."""
        self.current()
        files.secret(self._directory, f"answer-{max(self._known) + 1}.pem", _new)
        self._looked = float("-inf")

    def sign_answer(self, status: int, body: bytes, asked: httpsig.Message | None) -> dict[str, str]:
        """Content-Digest, Signature-Input and Signature of an answer; bound to the signature of the request where it has one."""
        key, digest = self.current(), httpsig.content_digest(body)
        covered, lines = '"@status" "content-digest"', f'"@status": {status}\n"content-digest": {digest}\n'
        if asked is not None and asked.headers.get("signature"):
            # Written out and not by httpsig.sign, which costs three times as much; the client package checks every one in the tests.
            try:
                lines += f'"signature";req: {asked.value(_SIGNATURE)}\n'
                covered += ' "signature";req'
            except httpsig.Malformed:  # the request's signature is no field that can be covered
                pass
        params = f'({covered});created={int(time.time())};keyid="{key.kid}";alg="{key.signer.alg}"'
        signature = b64encode(key.signer.sign(f'{lines}"@signature-params": {params}'.encode())).decode()
        return {"content-digest": digest, "signature-input": f"sig1={params}", "signature": f"sig1=:{signature}:"}

    def sign_request(self, method: str, url: str, kind: str, body: bytes) -> dict[str, str]:
        """Headers of a request of ours (a webhook): what it holds, and our signature over method, address and content. `kind`: its
        content type."""
        key = self.current()
        headers = {"content-digest": httpsig.content_digest(body), "content-type": kind}
        message = httpsig.Message({name: [value] for name, value in headers.items()}, method, url)
        params: dict[str, httpsig.Bare] = {
            "created": int(time.time()), "keyid": key.kid, "nonce": secrets.token_urlsafe(18), "alg": key.signer.alg,
        }  # fmt: skip
        return {**headers, **httpsig.sign(message, _PUSHED, params, key.signer)}

    def receipt(self, claims: dict[str, Any]) -> str:
        """A compact JWS (ES256)."""
        key = self.current()
        signed = f"{key.head}.{b64u(orjson.dumps(claims))}"
        return f"{signed}.{b64u(key.signer.sign(signed.encode()))}"

    def is_receipt(self, text: str, message_id: str, digest: bytes) -> bool:
        """Did we sign this receipt, for a message of this id and these bytes?"""
        self.current()
        try:
            head, body, signature = text.split(".")
            kid = orjson.loads(_unb64u(head)).get("kid")
            key = next(key for key in self._known.values() if key.kid == kid)
            key.signer.verifier.verify(f"{head}.{body}".encode(), _unb64u(signature))
            said = orjson.loads(_unb64u(body))
            return bool(said["message_id"] == message_id and said["request_digest"] == b64u(digest))
        except (ValueError, StopIteration, KeyError, AttributeError, TypeError):
            return False

    def entry_name(self, entry_id: int, client_no: int) -> str:
        """An entry of the log as one program may name it: 22 letters that say nothing and cannot be guessed."""
        block = entry_id.to_bytes(8, "big") + client_no.to_bytes(8, "big")
        return b64u(self._cipher()[0].update(block))

    def entry_of(self, name: str) -> tuple[int, int] | None:
        """(entry_id, client_no); None for what cannot be such a name. Whether the pair exists the log says."""
        if not _OPAQUE.fullmatch(name):
            return None
        plain = self._cipher()[1].update(_unb64u(name))
        entry_id, client_no = int.from_bytes(plain[:8], "big"), int.from_bytes(plain[8:], "big")
        return (entry_id, client_no) if entry_id < 1 << 63 and client_no < 1 << 63 else None

    def _cipher(self) -> tuple[CipherContext, CipherContext]:
        """To name and to read names. One block, never two alike under one meaning: the plain block cipher is what is wanted here,
        and one that keeps no state between blocks."""
        if self._names is None:
            cipher = Cipher(algorithms.AES(files.secret(self._directory, "entry-names.key")), modes.ECB())  # noqa: S305
            self._names = cipher.encryptor(), cipher.decryptor()
        return self._names


def _new() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def claims(
    keys: AnswerKeys, issuer: str, origin: str, call: Call, answer: bytes, entries: Sequence[tuple[int, str]],
    about: Mapping[int, str] = MappingProxyType({}),
) -> dict[str, Any]:  # fmt: skip
    """What a receipt says. `about`: entry -> the position in the answer of whom it is about ("members/0"), never a name. `answer`: the bytes of the answer without its receipt. `entries`: (entry_id, record hash) of each
    person the call was about; more than 20 are only counted."""
    named = [(keys.entry_name(entry_id, call.client_no), digest, about.get(entry_id, "")) for entry_id, digest in entries[:20]]
    return {
        "iss": issuer, "aud": call.client_id, "iat": int(time.time()), "at": round(call.received, 3), "message_id": call.message_id,
        "service": call.service, "environment": call.environment, "purpose": call.purpose, "legal_basis": call.legal_basis,
        "case_ref": call.case_ref, "request_digest": b64u(call.digest), "answer_digest": b64u(hashlib.sha256(answer).digest()),
        "log": origin, "count": len(entries),
        "entries": [
            {"id": name, "record_hash": digest, "proof_url": f"{issuer}/api/v1/exchange/proof/{name}", **({"about": place} if place else {})}
            for name, digest, place in named
        ],
    }  # fmt: skip
