"""The log's signing key, kept outside the database: `audit.key` (0600) in the folder of keys, in the encoding of Go's
note.NewSigner. Whoever holds it can sign a forged log, whoever loses it can never append again under this name; so a
key is read here, and made only where `ownership` knows that no log has begun."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dancu.audit import note
from dancu.kernel.errors import Unavailable
from dancu.kit.keys import secret

KEY = "audit.key"
VKEY = "audit.vkey"


def missing(directory: Path) -> Unavailable:
    """The key is not there although its log is."""
    return Unavailable(
        "audit.key.missing",
        "Thiếu khóa ký nhật ký {path}. Nhật ký đã được ký bằng khóa này nên không tạo khóa mới. Hãy chép lại tệp từ bản"
        " sao lưu gần nhất (keys/{name} trong thư mục bản sao lưu) vào đúng chỗ, rồi chạy lại.",
        path=str(directory / KEY), name=KEY,
    )  # fmt: skip


def foreign(directory: Path, own: str, log: str) -> Unavailable:
    """The key that is there is not the log's."""
    return Unavailable(
        "audit.key.foreign",
        "Khóa ký {path} mang tên {own}, còn nhật ký này do khóa tên {log} ký. Không ghi sổ bằng khóa khác. Hãy chép lại"
        " keys/{name} từ bản sao lưu của chính nhật ký này, rồi chạy lại.",
        path=str(directory / KEY), own=own, log=log, name=KEY,
    )  # fmt: skip


def _mismatch(directory: Path, own: str, public: str) -> Unavailable:
    return Unavailable(
        "audit.key.mismatch",
        "Khóa ký {path} (tên {own}) không đi cùng khóa công khai {public_name} (tên {public}) ở bên cạnh: một trong hai"
        " tệp đã bị thay. Hãy chép lại cả keys/{name} và keys/{public_name} từ bản sao lưu, rồi chạy lại.",
        path=str(directory / KEY), own=own, public=public, name=KEY, public_name=VKEY,
    )  # fmt: skip


def _new_name() -> str:
    """DANCU_LOG_ORIGIN, else a name nobody else has: two logs of one name would look like a fork."""
    return os.environ.get("DANCU_LOG_ORIGIN") or f"dancu.local/log/{secrets.token_hex(6)}"


def load_signer(directory: Path) -> note.Signer:
    """The signing key in `directory`. Never makes one. Unavailable where it is missing, is not a key, others can read
    it, or the public key beside it is another's."""
    if not (directory / KEY).exists():
        raise missing(directory)
    signer = _read(directory)
    if (directory / VKEY).exists():
        public = parse_vkey((directory / VKEY).read_text())
        if public != signer.verifier:
            raise _mismatch(directory, signer.name, public.name)
    return signer


def make_signer(directory: Path) -> note.Signer:
    """The key of a new log, its public key beside it; the key that is there where somebody was faster. Unavailable
    where only the public key is there: its log exists."""
    if not (directory / KEY).exists():
        if (directory / VKEY).exists():
            raise missing(directory)
        secret(directory, KEY, lambda: (note.new_signer(_new_name()).skey + "\n").encode())
    signer = load_signer(directory)
    publish(directory, signer)
    return signer


def publish(directory: Path, signer: note.Signer) -> None:
    """Write the public key beside the key, where it is not there yet."""
    public = directory / VKEY
    if not public.exists():
        temporary = public.with_name(f".{VKEY}.{os.getpid()}")
        temporary.write_text(signer.verifier.vkey + "\n")
        temporary.replace(public)


def load_verifier(directory: Path) -> note.Verifier:
    """The public key of the log, from `audit.vkey` or from the signing key where only that is there."""
    public = directory / VKEY
    if public.exists():
        return parse_vkey(public.read_text())
    if (directory / KEY).exists():
        return load_signer(directory).verifier
    raise Unavailable(
        "audit.vkey.missing",
        "Không tìm thấy khóa công khai của nhật ký ({name}). Hãy chỉ đúng thư mục dữ liệu.",
        name=VKEY,
    )


def matching_verifier(directory: Path) -> note.Verifier:
    """As `load_verifier`, and where the signing key is here too both must belong together (else Unavailable)."""
    return load_signer(directory).verifier if (directory / KEY).exists() else load_verifier(directory)


def parse_vkey(text: str) -> note.Verifier:
    """Read a public key. Unavailable where it is malformed."""
    try:
        return note.parse_vkey(text)
    except note.BadNote as error:
        raise Unavailable("audit.vkey.broken", "Khóa công khai của nhật ký không đúng dạng.") from error


def _read(directory: Path) -> note.Signer:
    raw = secret(directory, KEY, lambda: b"")
    try:
        return note.parse_skey(raw.decode())
    except ValueError as error:
        raise Unavailable("audit.key.broken", "Tệp khóa ký nhật ký {name} không đọc được.", name=KEY) from error
