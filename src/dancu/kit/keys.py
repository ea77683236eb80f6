"""Secrets that must not be in the database: files under $DATA/keys, and the field encryption they make
possible.

Two kinds of thing live here.

- `secret(directory, name, make)` reads a named secret file, making it at first use. Application and worker
  may start at the same moment: the file appears whole or not at all, and both read the same bytes.
- `KeyRing` encrypts single fields with AES-256-GCM. The place a value belongs to (table, row, column) and the
  key's id are authenticated, so a ciphertext copied into another row, column or table does not decrypt.
  Encryption is done here and not by pgcrypto because a key handed to SQL ends in the server's logs.

A field on disk is `version(1) | key id(4) | nonce(12) | ciphertext and tag`. Rotation: a new key file becomes
the one that encrypts; older files stay for decryption until no field names them.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from dancu.kernel.errors import Unavailable
from dancu.kit.keyed import Keyed

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
_HEAD_BYTES = 1 + KEY_ID_BYTES
_BODY_AT = _HEAD_BYTES + NONCE_BYTES
_PREFIX = "field-"
_SUFFIX = ".key"
_ID = ".id"


def secret(directory: Path, name: str, make: Callable[[], bytes] = lambda: secrets.token_bytes(32)) -> bytes:
    """The secret called `name` under `directory` (created 0700), made with `make()` when there is none yet.

    Raises Unavailable when others than the owner can read it: a leaked key is worse than a stopped service.
    """
    path = directory / name
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, make())
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Unavailable(
            "keys.mode",
            "Tệp khóa {name} đang cho người khác đọc. Hãy chạy: chmod 600 rồi khởi động lại.",
            name=name,
        )
    return path.read_bytes()


def _write_once(path: Path, content: bytes) -> None:
    """Write `content` to `path` unless somebody was faster; never a half-written file.

    `link` fails when the name exists, `rename` would overwrite the winner's key.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        temporary.unlink(missing_ok=True)


class KeyRing:
    """The field encryption keys of one installation. Immutable once opened."""

    def __init__(self, keys: dict[bytes, bytes], current: bytes, directory: Path) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # commands that only read start without it

        # By what a field they made begins with.
        self._ciphers = {VERSION + key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest, self._head = max(keys), VERSION + current
        # What was indexed before a rotation must be found after it.
        self._index = Keyed(hashlib.sha256(b"dancu blind index|" + keys[min(keys)]).digest())
        self.directory = directory

    @classmethod
    def open(cls, directory: Path) -> KeyRing:
        """The ring kept in `directory`; makes the first key of a new installation.

        File names are `field-<8 hex digits>.key`, 32 bytes each; the highest id encrypts. Beside each stands
        `field-….id`, a digest that is no secret: while it is there its key is never made anew, for what was encrypted
        with the lost one could never be read again. Unavailable where a key is missing or not the one it was.
        """
        if wrong := lost(directory):
            raise Unavailable(
                "keys.lost",
                "Thiếu hoặc sai tệp khóa mã hóa {names}. Không tạo khóa mới, vì dữ liệu đã mã hóa sẽ không đọc lại được."
                " Hãy chép lại tệp từ thư mục keys của bản sao lưu gần nhất, rồi khởi động lại.",
                names=", ".join(wrong),
            )
        names = sorted(path.name for path in directory.glob(f"{_PREFIX}*{_SUFFIX}"))
        keys = {_key_id(name): secret(directory, name) for name in names or [f"{_PREFIX}00000001{_SUFFIX}"]}
        if any(len(key) != 32 for key in keys.values()):
            raise Unavailable(
                "keys.length", "Tệp khóa mã hóa phải dài đúng 32 byte. Hãy khôi phục từ bản sao lưu."
            )
        _note_ids(directory, keys)
        return cls(keys, max(keys), directory)

    def rotated(self) -> KeyRing:
        """The ring with one more key, which encrypts from now on. Other processes see it when they reopen."""
        following = int.from_bytes(self._newest, "big") + 1
        secret(self.directory, f"{_PREFIX}{following:08x}{_SUFFIX}")
        return KeyRing.open(self.directory)

    def encrypt(self, plain: bytes, *, table: str, row: int | str, column: str) -> bytes:
        head, nonce = self._head, os.urandom(NONCE_BYTES)
        return head + nonce + self._ciphers[head].encrypt(nonce, plain, _aad(table, row, column, head))

    def decrypt(self, field: bytes, *, table: str, row: int | str, column: str) -> bytes:
        """The plain value, or Unavailable when the key is missing or the field was altered or moved."""
        head = field[:_HEAD_BYTES]
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise Unavailable(
                "keys.unknown", "Thiếu khóa giải mã của trường này. Hãy khôi phục thư mục keys."
            )
        try:
            return cipher.decrypt(field[_HEAD_BYTES:_BODY_AT], field[_BODY_AT:], _aad(table, row, column, head))
        except Exception as error:
            # Looked for only here: the import costs what deciphering does.
            from cryptography.exceptions import InvalidTag

            if not isinstance(error, InvalidTag):
                raise
            raise Unavailable(
                "keys.tampered", "Trường đã mã hóa bị thay đổi. Hãy báo người vận hành."
            ) from None

    def blind_index(self, value: bytes, *, table: str, column: str) -> bytes:
        """A keyed digest for exact-match search of an encrypted column.

        Always made with the first key: an index must find what was written before a rotation.
        """
        return self._index.digest(f"{table}|{column}|".encode() + value)

    def mac(self, purpose: str, message: bytes) -> bytes:
        """A digest only this installation can make, for things handed out and recognised later (a remembered
        device). Different purposes never agree."""
        return self._index.digest(f"mac|{purpose}|".encode() + message)


def lost(directory: Path) -> list[str]:
    """Names of the field keys that were here and are not, or are not what they were."""
    found = []
    for note in sorted(directory.glob(f"{_PREFIX}*{_ID}")):
        path = note.with_suffix(_SUFFIX)
        if not path.exists() or _digest(path.read_bytes()) != note.read_text().strip():
            found.append(path.name)
    return found


def _note_ids(directory: Path, keys: dict[bytes, bytes]) -> None:
    """Remember which keys these are. A folder that is only mounted to be read is minded by whoever fills it."""
    for key_id, key in keys.items():
        note = directory / f"{_PREFIX}{key_id.hex()}{_ID}"
        if not note.exists():
            with contextlib.suppress(OSError):
                _write_once(note, f"{_digest(key)}\n".encode())


def _digest(key: bytes) -> str:
    return hashlib.sha256(b"dancu key id|" + key).hexdigest()[:32]


def _key_id(name: str) -> bytes:
    return bytes.fromhex(name.removeprefix(_PREFIX).removesuffix(_SUFFIX))


def _aad(table: str, row: int | str, column: str, head: bytes) -> bytes:
    # Lengths first: no two different places give the same bytes. What stands around the row is made once: every field of every
    # request comes here.
    before, after = _around(table, column, head)
    place = str(row).encode()
    return before + len(place).to_bytes(4, "big") + place + after


@functools.lru_cache(1024)
def _around(table: str, column: str, head: bytes) -> tuple[bytes, bytes]:
    a, c, key_id = table.encode(), column.encode(), head[len(VERSION) :]
    return len(a).to_bytes(4, "big") + a, len(c).to_bytes(4, "big") + c + len(key_id).to_bytes(4, "big") + key_id
