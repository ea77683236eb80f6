"""Files of agencies that cannot open an API: laid down on a schedule, each with a manifest, a detached signature and, once taken, a
receipt.

    merit/ncc-2026-11.jsonl            a line per person: the answer the agency would give to a connector, in its own shape
    merit/ncc-2026-11.manifest.json    {"connector", "drop_id", "as_of", "file", "sha256", "lines"}
    merit/ncc-2026-11.manifest.sig     Ed25519 over the manifest's bytes, base64; the agency's public key was agreed on before

Nothing of a file is taken unless all of it is what the manifest says. Taken again it changes nothing and gets the same receipt."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import heapq
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.exchange.connectors import reading
from dancu.exchange.connectors.catalogue import connector
from dancu.exchange.models.connectors import Connector, Content
from dancu.exchange.service.papers import seal
from dancu.exchange.store import papers as store
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, Invalid, Unavailable
from dancu.kit.db import Conn, data_dir
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.sharing.service.receipts import file_receipt

MANIFEST, SIGNATURE, RECEIPT, REFUSAL = ".manifest.json", ".manifest.sig", ".receipt.jwt", ".refused.json"
#: Files taken in one go: others wait for the worker as well.
AT_ONCE = 200
_LONGEST_LINE, _LARGEST_MANIFEST, _BATCH = 200_000, 10_000, 500
_ACTOR = replace(SYSTEM, request_id="exchange.drops")
Connect = Callable[[str], AbstractAsyncContextManager[Conn]]


@dataclass(frozen=True, slots=True)
class Manifest:
    connector: str
    drop_id: str
    as_of: date
    file: str
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file. `unknown`: numbers the registry does not know; `refused`: lines that could not be read. `receipt`: the
    signed statement that goes back; `again`: it had been taken before."""

    drop_id: str
    lines: int
    taken: int
    unknown: int
    refused: int
    receipt: str
    again: bool = False


def trusted(keys: Path, code: str) -> Path:
    """Where the public key (PEM, Ed25519) of the agency behind a connector lies."""
    return keys / "connectors" / f"{code}.sender.pem"


def folder() -> Path:
    """Where agencies lay their files down: `DANCU_DROPS`, or $DATA/drops."""
    return Path(os.environ.get("DANCU_DROPS") or data_dir() / "drops")


def waiting(folder: Path, most: int = AT_ONCE) -> list[Path]:
    """The `most` oldest manifests without an answer yet, oldest first. Nobody tidies the folders up: each is listed once."""
    return [path for _, path in heapq.nsmallest(most, _unanswered(folder))]


def _unanswered(folder: Path) -> Iterator[tuple[float, Path]]:
    """(time of the manifest, manifest)"""
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        with os.scandir(inner) as files:
            names = {file.name for file in files if file.name.endswith((MANIFEST, RECEIPT, REFUSAL))}
        for name in names:
            stem = name.removesuffix(MANIFEST)
            if stem != name and f"{stem}{RECEIPT}" not in names and f"{stem}{REFUSAL}" not in names:
                with contextlib.suppress(FileNotFoundError):  # taken back meanwhile
                    yield (inner / name).stat().st_mtime, inner / name


async def take(connect: Connect, path: Path, keys: Path) -> Taken:
    """Take one file (`path`: its manifest) and lay the receipt beside it. `connect(role)` opens a transaction. Raises Invalid, Conflict
    with a stable code; then nothing was taken."""
    manifest, one = _manifest(path, keys)
    file = path.parent / manifest.file
    digest = _checked(file, manifest)
    now, why = SYSTEM_CLOCK.now(), access.choose_purpose("data_sharing", "", f"{one.code}/{manifest.drop_id}")
    counts = {"taken": 0, "unknown": 0, "refused": 0}
    async with connect("worker") as conn, connect("app") as finder:
        before = await store.drop_receipt(conn, one.code, manifest.drop_id)
        if before is not None:
            if bytes(before[0]) != digest:
                raise Conflict("drop.other_content", N_("Đợt gửi này đã được nhận với nội dung khác. Hãy dùng số đợt gửi mới."))
            _lay_down(path, before[1])
            return Taken(manifest.drop_id, manifest.lines, 0, 0, 0, before[1], again=True)
        for batch in _batches(file):
            people: dict[int, Content] = {}
            for line in batch:
                content = _content(one, line)
                if content is None:
                    counts["refused"] += 1
                    continue
                key = await _key(finder, content)
                if key is None:
                    counts["unknown"] += 1
                else:
                    people[key] = content
                    counts["taken"] += 1
            keys_of = sorted(people)
            note = {"verb": "drop.take", "connector": one.code, "drop": manifest.drop_id}
            entries = await audit.record(conn, _ACTOR, why, action="write", subjects=keys_of, fields=[f"paper.{one.code}"], note=note)
            await store.keep_dropped(
                conn, [_row(key, one.code, people[key], manifest.as_of, now, entry) for key, entry in zip(keys_of, entries, strict=True)]
            )
        receipt = file_receipt(_claims(manifest, one.code, digest, now, counts))
        total = (manifest.lines, counts["taken"], counts["unknown"], counts["refused"])
        await store.add_drop(conn, one.code, manifest.drop_id, digest, manifest.as_of, total, now, receipt)
    _lay_down(path, receipt)
    return Taken(manifest.drop_id, *total, receipt)


async def take_all(connect: Connect, folder: Path, keys: Path, *, most: int = AT_ONCE) -> list[Taken | DancuError]:
    """The `most` oldest files that wait; a refusal is laid beside a file as well, and keeps the others from nothing. What is no fault of
    the file (the evidence log stands still) is no refusal: it waits for the next time. A refusal's note (`__notes__`) is the name of its manifest."""
    outcomes: list[Taken | DancuError] = []
    for path in waiting(folder, most):
        try:
            outcomes.append(await take(connect, path, keys))
        except Unavailable as error:
            outcomes.append(error)
            break
        except DancuError as error:
            error.add_note(path.name)
            _beside(path, REFUSAL).write_text(json.dumps({"code": error.code, "message": error.text()}, ensure_ascii=False), "utf-8")
            outcomes.append(error)
    return outcomes


def _manifest(path: Path, keys: Path) -> tuple[Manifest, Connector]:
    """The manifest, once its signature proved that the agency wrote it."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        body = _small(path)
        given = json.loads(body)
        found = Manifest(**{**given, "as_of": date.fromisoformat(str(given["as_of"]))})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Invalid("drop.manifest", N_("Không đọc được bản kê của đợt gửi. Xem mẫu trong tài liệu kết nối.")) from error
    one = connector(str(found.connector)) if len(body) <= _LARGEST_MANIFEST else None
    plain = isinstance(found.file, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", found.file) and not found.file.startswith(".")
    if one is None or path.parent.name != one.code or not plain or not re.fullmatch(r"[A-Za-z0-9._-]{4,80}", str(found.drop_id)):
        raise Invalid("drop.manifest", N_("Không đọc được bản kê của đợt gửi. Xem mẫu trong tài liệu kết nối."))
    try:
        public = load_pem_public_key(trusted(keys, one.code).read_bytes())
        signature = base64.b64decode(_small(_beside(path, SIGNATURE)), validate=False)
        if not isinstance(public, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")
        public.verify(signature, body)
    except FileNotFoundError as error:
        raise Invalid("drop.signature.missing", N_("Thiếu chữ ký của bản kê, hoặc cơ quan gửi chưa đăng ký khóa công khai.")) from error
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise Invalid("drop.signature", N_("Chữ ký của bản kê không đúng. Đợt gửi không được nhận.")) from error
    return found, one


def _small(path: Path) -> bytes:
    with path.open("rb") as read:
        return read.read(_LARGEST_MANIFEST + 1)


def _checked(file: Path, manifest: Manifest) -> bytes:
    """The file's digest, where file and manifest agree."""
    digest, lines = hashlib.sha256(), 0
    try:
        with file.open("rb") as read:
            while block := read.read(1 << 20):
                digest.update(block)
                lines += block.count(b"\n")
    except OSError as error:
        raise Invalid("drop.file", N_("Không có tệp dữ liệu mà bản kê nêu.")) from error
    if digest.hexdigest() != str(manifest.sha256).lower():
        raise Invalid("drop.digest", N_("Tệp dữ liệu khác với bản kê (SHA-256). Đợt gửi không được nhận."))
    if lines != manifest.lines:
        raise Invalid("drop.lines", N_("Tệp dữ liệu có {count} dòng, bản kê ghi {declared}."), count=lines, declared=manifest.lines)
    return digest.digest()


def _batches(file: Path) -> Iterator[list[bytes]]:
    """Lines in batches; memory stays flat however long the file is."""
    batch: list[bytes] = []
    with file.open("rb") as read:
        while line := read.readline(_LONGEST_LINE):
            batch.append(line)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _content(one: Connector, line: bytes) -> Content | None:
    try:
        answer = reading.parse(line, "json")
        return reading.content(one, [answer]) if reading.somebody(one, answer) else None
    except reading.Unreadable:
        return None


async def _key(conn: Conn, content: Content) -> int | None:
    try:
        found = await population.keys_by_number(conn, content.holder["number"])
    except Invalid:
        return None
    return found[0] if len(found) == 1 else None


def _row(key: int, code: str, content: Content, as_of: date, now: datetime, entry: int) -> tuple[int, str, bytes, date, datetime, int]:
    sealed = seal(key, code, replace(content, as_of=as_of))
    assert sealed is not None
    return key, code, sealed, as_of, now, entry


def _claims(manifest: Manifest, code: str, digest: bytes, now: datetime, counts: dict[str, int]) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(manifest).items() if name != "as_of"}, "connector": code, "as_of": manifest.as_of.isoformat(),
        "sha256": digest.hex(), "iat": int(now.timestamp()), **counts,
    }  # fmt: skip


def _beside(manifest: Path, suffix: str) -> Path:
    return manifest.with_name(manifest.name.removesuffix(MANIFEST) + suffix)


def _lay_down(manifest: Path, receipt: str) -> None:
    path = _beside(manifest, RECEIPT)
    path.with_suffix(".new").write_text(receipt, "ascii")
    path.with_suffix(".new").replace(path)
