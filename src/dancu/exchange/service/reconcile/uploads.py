"""Files of runs that partners' programs send in parts, kept under the data folder until their run has ended."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from dancu.exchange.models.reconcile import Run
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.db import data_dir
from dancu.kit.i18n import N_

#: Of a part as it travels, and of a whole file. A row takes about 200 bytes.
MOST_PART: Final = 4 << 20
_MOST_FILE: Final = 32 << 30


def most_file() -> int:
    """Bytes of the largest file taken: DANCU_RECONCILE_MOST_BYTES, or 32 GiB."""
    given = os.environ.get("DANCU_RECONCILE_MOST_BYTES", "")
    return int(given) if given.isascii() and given.isdigit() else _MOST_FILE


def _folder() -> Path:
    folder = data_dir() / "exchange" / "reconcile"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def file_of(run: Run) -> Path:
    """Where the whole file of a run lies."""
    return _folder() / f"{run.run_no}.{run.kind}"


def _part_of(run: Run) -> Path:
    return _folder() / f"{run.run_no}.part"


def received(run: Run) -> int:
    """Bytes that are here: where the next part begins."""
    for path in (file_of(run), _part_of(run)):
        if path.exists():
            return path.stat().st_size
    return 0


def take(run: Run, offset: int, part: bytes, *, last: bool) -> tuple[int, bool]:
    """Append a part; (bytes that are here, whether the file is whole). A part that is here already is passed over. Raises
    Conflict `reconcile.upload.offset` for a part out of order, Invalid `reconcile.upload.too_large`, `reconcile.upload.digest`
    (the whole is not what was announced: what was sent is thrown away)."""
    if file_of(run).exists():
        return received(run), True
    path = _part_of(run)
    here = received(run)
    if offset + len(part) > most_file():
        path.unlink(missing_ok=True)
        raise Invalid("reconcile.upload.too_large", N_("Tệp lớn quá {most} byte. Hãy chia thành nhiều tệp."), most=most_file())
    if offset != here:
        if offset + len(part) <= here and not last:
            return here, False
        raise Conflict("reconcile.upload.offset", N_("Phần gửi lên không nối tiếp: đã nhận {received} byte."), received=here)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(part)
        file.flush()
        os.fsync(file.fileno())
    if not last:
        return here + len(part), False
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    if digest != run.digest:
        path.unlink()
        raise Invalid("reconcile.upload.digest", N_("Tệp nhận được khác với tệp đã báo (SHA-256). Hãy gửi lại từ đầu."))
    path.replace(file_of(run))
    return here + len(part), True


def forget(run: Run) -> None:
    """Throw the file away."""
    file_of(run).unlink(missing_ok=True)
    _part_of(run).unlink(missing_ok=True)
