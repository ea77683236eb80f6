"""The doorstep kit: what a laptop or tablet does without the network.

Each enrolment is sealed at once to the centre's public key (X25519, HKDF-SHA256, AES-256-GCM), so that the kit itself cannot
open what it took; the kit signs it (Ed25519). A queue is a file of one trip: a line per enrolment, whole or not there.
Needs no database and no network.

A sealed record is `version(1) | ephemeral public key(32) | nonce(12) | ciphertext and tag`, bound to its trip and its id.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.kit.i18n import N_
from dancu.kit.keys import secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VERSION: Final = b"\x01"
_NONCE: Final = 12
_INFO: Final = b"dancu doorstep v1"
#: Characters of a sealed record that are taken; a portrait and a print are some hundred kilobytes.
LARGEST: Final = 12_000_000


@dataclass(frozen=True, slots=True)
class SealedRecord:
    record_id: str
    sealed: bytes
    signature: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.sealed).digest()


def _cipher(shared: bytes, ephemeral: bytes, centre: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(hashes.SHA256(), 32, ephemeral + centre, _INFO).derive(shared))


def _bound(trip: str, record_id: str) -> bytes:
    return f"{trip}|{record_id}".encode()


def seal(centre: bytes, trip: str, record_id: str, content: Mapping[str, Any]) -> bytes:
    """Seal a record to the centre's public key (32 bytes)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    once = X25519PrivateKey.generate()
    ephemeral = once.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    cipher = _cipher(once.exchange(X25519PublicKey.from_public_bytes(centre)), ephemeral, centre)
    nonce = secrets.token_bytes(_NONCE)
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return VERSION + ephemeral + nonce + bytes(cipher.encrypt(nonce, plain, _bound(trip, record_id)))


def unseal(private: bytes, trip: str, record_id: str, sealed: bytes) -> dict[str, Any]:
    """What a record says, with the centre's private key (32 bytes). Raises Invalid("doorstep.unreadable") for one that was
    altered, moved to another trip or sealed to another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    mine = X25519PrivateKey.from_private_bytes(private)
    centre = mine.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    ephemeral, nonce, rest = sealed[1:33], sealed[33 : 33 + _NONCE], sealed[33 + _NONCE :]
    try:
        if sealed[:1] != VERSION:
            raise ValueError("version")
        cipher = _cipher(mine.exchange(X25519PublicKey.from_public_bytes(ephemeral)), ephemeral, centre)
        content = json.loads(cipher.decrypt(nonce, rest, _bound(trip, record_id)))
        if not isinstance(content, dict):
            raise ValueError("content")
    except (InvalidTag, ValueError):
        raise Invalid("doorstep.unreadable", N_("Bản ghi không mở được bằng khóa của trung tâm.")) from None
    return content


def record_message(trip: str, record_id: str, sealed: bytes) -> bytes:
    """What a kit signs of a record."""
    return b"dancu doorstep record|" + _bound(trip, record_id) + b"|" + hashlib.sha256(sealed).digest()


def trip_message(trip: str, manifest: Sequence[str]) -> bytes:
    """What a kit signs of a trip: every record it brings, in an order of their ids."""
    return f"dancu doorstep trip|{trip}|{','.join(sorted(manifest))}".encode()


def signed_by(public_key: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _record(row: Mapping[str, Any] | None) -> SealedRecord | None:
    """A line of the queue as a record; None for the head and for a damaged line."""
    try:
        return SealedRecord(str(row["id"]), base64.b64decode(row["sealed"], validate=True), bytes.fromhex(row["signature"])) if row else None
    except (KeyError, TypeError, ValueError):
        return None


class Kit:
    """A kit's folder: `kit.key` (its own signing key, 0600), `centre.json` (the centre's public key), `trip.jsonl` (the trip
    under way), `done/` (trips that came home)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def queue(self) -> Path:
        return self.folder / "trip.jsonl"

    @property
    def signing(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(secret(self.folder, "kit.key"))

    @property
    def public_key(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def centre(self) -> bytes:
        path = self.folder / "centre.json"
        if not path.exists():
            raise NotFound("doorstep.not_ready", N_("Bộ thiết bị chưa có khóa của trung tâm. Hãy chạy: dancu doorstep init"))
        return bytes.fromhex(json.loads(path.read_text())["public_key"])

    def init(self, centre: bytes) -> bytes:
        """Make the kit's key, where there is none, and remember the centre's; the kit's public key."""
        if len(centre) != 32:
            raise Invalid("doorstep.centre_key", N_("Khóa của trung tâm phải là 64 ký tự thập lục phân."))
        if self.queue.exists() and (self.folder / "centre.json").exists() and self.centre != centre:
            raise Conflict("doorstep.queue_waits", N_("Còn chuyến chưa đồng bộ theo khóa cũ. Hãy đồng bộ trước."))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self.public_key
        (self.folder / "centre.json").write_text(json.dumps({"public_key": centre.hex()}))
        return made

    def enrol(self, content: Mapping[str, Any]) -> str:
        """Seal one enrolment into the trip under way; its id. On disk when this returns."""
        centre = self.centre
        trip = self.trip() or self._begin()
        record_id = str(uuid.uuid4())
        sealed = seal(centre, trip, record_id, {**content, "captured_at": SYSTEM_CLOCK.now().isoformat()})
        signature = self.signing.sign(record_message(trip, record_id, sealed))
        self._append({"id": record_id, "trip": trip, "sealed": base64.b64encode(sealed).decode(), "signature": signature.hex()})
        return record_id

    def trip(self) -> str | None:
        """The trip under way; None where there is none. Every line names it: one that is damaged does not lose the others."""
        return next((str(row["trip"]) for row in self._lines() if row and "trip" in row), None)

    def records(self) -> Iterator[SealedRecord]:
        """What was enrolled on this trip and can be read (see `damaged`)."""
        yield from (record for record in map(_record, self._lines()) if record)

    def damaged(self) -> int:
        """Lines that are neither a record nor the head: one cut off by the battery was never promised, another was lost."""
        return sum(1 for row in self._lines() if _record(row) is None and not (row and set(row) == {"trip", "kit"}))

    def _lines(self) -> Iterator[dict[str, Any] | None]:
        """The queue's lines as objects; None for one that is none."""
        if not self.queue.exists():
            return
        with self.queue.open("rb") as file:
            for line in file:
                try:
                    row = json.loads(line)
                except ValueError:
                    row = None
                yield row if isinstance(row, dict) else None

    def manifest(self) -> tuple[list[str], bytes]:
        """The ids of the trip's records and the kit's signature over them."""
        trip, ids = self.trip(), [record.record_id for record in self.records()]
        assert trip is not None
        return ids, self.signing.sign(trip_message(trip, ids))

    def finished(self) -> Path:
        """Put the trip under way away; where it went. Nothing of it is deleted before the centre has settled it."""
        trip = self.trip()
        away = self.folder / "done"
        away.mkdir(mode=0o700, exist_ok=True)
        target = away / f"{trip}.jsonl"
        self.queue.rename(target)
        return target

    def _begin(self) -> str:
        trip = str(uuid.uuid4())
        self._append({"trip": trip, "kit": self.public_key.hex()})
        return trip

    def _append(self, row: Mapping[str, Any]) -> None:
        handle = os.open(self.queue, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            if file.tell() and not self._whole():
                file.write(b"\n")
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _whole(self) -> bool:
        """Does the file end with a whole line?"""
        with self.queue.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
