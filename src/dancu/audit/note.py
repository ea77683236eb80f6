"""C2SP signed-note and tlog-checkpoint with Ed25519: read, write, verify. Pure but for `cryptography`.

A note may carry signatures of others (witnesses): they are kept, and verified where their key is known.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
_DASH = "— "
_MAX_NOTE = 1 << 20


class BadNote(ValueError):
    """Not a note, not signed by a known key, or signed wrongly."""


def key_id(name: str, public: bytes, kind: bytes = ED25519) -> bytes:
    """First four bytes of SHA-256(name || 0x0A || signature type || public key)."""
    return sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def valid_name(name: str) -> bool:
    """A key's name: not empty, no space, no plus, no control character."""
    return bool(name) and not any(c.isspace() or c == "+" or ord(c) < 0x20 for c in name)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A trusted public key under its name."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.public)

    @property
    def vkey(self) -> str:
        """name+hex key id+base64(type || public key): what Go's note.NewVerifier reads."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    def verify(self, text: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


def parse_vkey(vkey: str) -> Verifier:
    """BadNote where it is malformed or its key id does not belong to the key."""
    parts = vkey.strip().split("+", 2)
    try:
        name, wanted, encoded = parts
        key = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadNote("malformed verifier key") from error
    verifier = Verifier(name, key[1:])
    if not valid_name(name) or key[:1] != ED25519 or len(key) != 33 or verifier.id.hex() != wanted:
        raise BadNote("malformed verifier key")
    return verifier


class Signer:
    """An Ed25519 key under its name. `skey` is the encoding Go's note.NewSigner reads."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        if not valid_name(name):
            raise BadNote("malformed key name")
        self._key = key
        self.verifier = Verifier(name, key.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def skey(self) -> str:
        secret = base64.b64encode(ED25519 + self._key.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{secret}"

    def sign(self, text: str) -> str:
        """The note: `text` (ending in a newline), a blank line, one signature line."""
        if not text.endswith("\n"):
            raise BadNote("a note's text ends in a newline")
        signature = self.verifier.id + self._key.sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {base64.b64encode(signature).decode()}\n"


def new_signer(name: str) -> Signer:
    """A fresh random key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(name, Ed25519PrivateKey.generate())


def parse_skey(skey: str) -> Signer:
    """Read what `Signer.skey` wrote. BadNote where it is malformed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        private, word, name, wanted, encoded = skey.strip().split("+", 4)
        secret = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadNote("malformed signing key") from error
    if (private, word) != ("PRIVATE", "KEY") or secret[:1] != ED25519 or len(secret) != 33:
        raise BadNote("malformed signing key")
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(secret[1:]))
    if signer.verifier.id.hex() != wanted:
        raise BadNote("malformed signing key")
    return signer


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes


def split_note(note: str) -> tuple[str, list[Signature]]:
    """A note's text and its signature lines. BadNote where it is malformed."""
    at = note.rfind("\n\n")
    if at < 0 or len(note) > _MAX_NOTE or not note.endswith("\n"):
        raise BadNote("malformed note")
    text, lines = note[: at + 1], note[at + 2 : -1].split("\n")
    if any(ord(c) < 0x20 and c != "\n" for c in note) or len(lines) > 64:
        raise BadNote("malformed note")
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise BadNote("malformed signature line") from error
        if not line.startswith(_DASH) or not valid_name(name) or len(raw) < 5:
            raise BadNote("malformed signature line")
        signatures.append(Signature(name, raw[:4], raw[4:]))
    return text, signatures


def open_note(note: str, known: Iterable[Verifier]) -> tuple[str, list[Verifier]]:
    """The text of a note signed by at least one of `known`, and who of them signed it. BadNote where none did or one
    of them did so wrongly."""
    text, signatures = split_note(note)
    by_name = {(v.name, v.id): v for v in known}
    signed = []
    for line in signatures:
        verifier = by_name.get((line.name, line.key_id))
        if verifier is None or verifier in signed:
            continue
        if not verifier.verify(text.encode(), line.signature):
            raise BadNote(f"wrong signature of {line.name}")
        signed.append(verifier)
    if not signed:
        raise BadNote("no signature by a known key")
    return text, signed


def split_notes(text: str) -> list[str]:
    """Cut a file of notes written one after the other."""
    notes: list[str] = []
    current: list[str] = []
    signed = False
    for line in text.splitlines(keepends=True):
        if signed and not line.startswith(_DASH):
            notes.append("".join(current))
            current, signed = [], False
        if line == "\n" and not current:
            continue
        current.append(line)
        signed = signed or line.startswith(_DASH)
    if "".join(current).strip():
        notes.append("".join(current))
    return notes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: `note` is the signed text it came from ("" for one not signed)."""

    origin: str
    size: int
    root: bytes
    note: str = ""

    def text(self) -> str:
        """The note text of tlog-checkpoint: origin, size, root, one line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> Checkpoint:
    """The origin of our log is the name of its key."""
    unsigned = Checkpoint(signer.name, size, root)
    return Checkpoint(signer.name, size, root, signer.sign(unsigned.text()))


def open_checkpoint(note: str, known: Sequence[Verifier]) -> Checkpoint:
    """Read a checkpoint signed by one of `known`, whose name must be its origin. BadNote otherwise."""
    text, signed = open_note(note, known)
    lines = text.split("\n")
    if len(lines) < 4 or any(not line for line in lines[:-1]):
        raise BadNote("malformed checkpoint")
    origin, size, encoded = lines[:3]
    try:
        root = base64.b64decode(encoded, validate=True)
        leaves = int(size)
    except ValueError as error:
        raise BadNote("malformed checkpoint") from error
    if len(root) != 32 or str(leaves) != size or leaves < 0:
        raise BadNote("malformed checkpoint")
    if origin not in {v.name for v in signed}:
        raise BadNote("the checkpoint's origin did not sign it")
    return Checkpoint(origin, leaves, root, note)
