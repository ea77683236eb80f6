"""The log's signing key, kept outside the database: `audit.key` (0600) in the folder of keys, in the encoding of Go's
note.NewSigner. Whoever holds it can sign a forged log, whoever loses it can never append again under this name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dancu.audit import note
from dancu.kernel.errors import Unavailable
from dancu.kit.keys import secret

KEY = "audit.key"
VKEY = "audit.vkey"


def _new_name() -> str:
    """DANCU_LOG_ORIGIN, else a name nobody else has: two logs of one name would look like a fork."""
    return os.environ.get("DANCU_LOG_ORIGIN") or f"dancu.local/log/{secrets.token_hex(6)}"


def load_signer(directory: Path) -> note.Signer:
    """The signing key in `directory`, made at first use; its public key is written beside it. Unavailable where the
    file is not a key or others can read it."""
    raw = secret(directory, KEY, lambda: (note.new_signer(_new_name()).skey + "\n").encode())
    try:
        signer = note.parse_skey(raw.decode())
    except ValueError as error:
        raise Unavailable("audit.key.broken", "Tệp khóa ký nhật ký {name} không đọc được.", name=KEY) from error
    public = directory / VKEY
    if not public.exists():
        temporary = public.with_name(f".{VKEY}.{os.getpid()}")
        temporary.write_text(signer.verifier.vkey + "\n")
        temporary.replace(public)
    return signer


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


def parse_vkey(text: str) -> note.Verifier:
    """Read a public key. Unavailable where it is malformed."""
    try:
        return note.parse_vkey(text)
    except note.BadNote as error:
        raise Unavailable("audit.vkey.broken", "Khóa công khai của nhật ký không đúng dạng.") from error
