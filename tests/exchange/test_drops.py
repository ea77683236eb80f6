"""Files of agencies: taken whole or not at all, once, with a receipt."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dancu.exchange.service import drop_keys, drops
from dancu.kernel.errors import DancuError, Unavailable
from tests.credentials.conftest import Citizen, Transaction, _ring, hoa, officers, registry, transaction
from tests.exchange.ministries import HOA

__all__ = ["_ring", "hoa", "officers", "registry", "transaction"]
KEY = Ed25519PrivateKey.generate()
GOOD = {
    "status": 1,
    "duLieu": {
        "doiTuong": {"soDinhDanh": HOA, "hoTen": "Trần Thị Hoà", "ngaySinh": "12/04/1990"},
        "hoSo": [{"maHoSo": "NCC-49-00001", "loai": "LS", "tuNam": "1976", "conHuong": "1"}], "ngay": "20/11/2026",
    },
}  # fmt: skip
STRANGER = json.loads(json.dumps(GOOD).replace(HOA, "049099999999"))


class Agency:
    """An agency that lays files down."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder, self.keys = folder / "merit", keys
        self.folder.mkdir(parents=True)
        public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (folder / "agency.pem").write_bytes(public)
        drop_keys.trust(keys, "merit", folder / "agency.pem")

    def lay(self, drop_id: str, rows: list[Any], key: Ed25519PrivateKey = KEY, **changes: Any) -> Path:
        body = b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)
        (self.folder / f"{drop_id}.jsonl").write_bytes(body)
        manifest = {
            "connector": "merit", "drop_id": drop_id, "as_of": "2026-11-20", "file": f"{drop_id}.jsonl", "sha256": hashlib.sha256(body).hexdigest(),
            "lines": len(rows), **changes,
        }  # fmt: skip
        path = self.folder / f"{drop_id}.manifest.json"
        path.write_text(json.dumps(manifest))
        (self.folder / f"{drop_id}.manifest.sig").write_bytes(base64.b64encode(key.sign(path.read_bytes())))
        return path


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path / "drops", tmp_path / "keys")


async def test_a_file_is_taken_once_with_a_receipt(agency: Agency, hoa: Citizen, transaction: Transaction) -> None:
    path = agency.lay("NCC-2026-11", [GOOD, STRANGER, b"{}", b"not json"])
    taken = await drops.take(transaction, path, agency.keys)
    assert (taken.lines, taken.taken, taken.unknown, taken.refused, taken.again) == (4, 1, 1, 2, False)
    claims = json.loads(base64.urlsafe_b64decode(taken.receipt.split(".")[1] + "=="))
    assert claims["drop_id"] == "NCC-2026-11" and claims["taken"] == 1 and claims["sha256"] == hashlib.sha256((agency.folder / "NCC-2026-11.jsonl").read_bytes()).hexdigest()
    assert (agency.folder / "NCC-2026-11.receipt.jwt").read_text() == taken.receipt
    again = await drops.take(transaction, path, agency.keys)
    assert again.again and again.receipt == taken.receipt
    assert drops.waiting(agency.folder.parent) == []
    async with transaction("verify") as conn:
        row = await (await conn.execute("SELECT how, as_of::text FROM exchange.paper WHERE connector = 'merit' AND person_key = %s", (hoa.key,))).fetchone()
        entry = await (await conn.execute("SELECT purpose, case_ref FROM audit.pending WHERE subject = %s AND fields = '{paper.merit}'", (hoa.key,))).fetchone()
    assert row == ("drop", "2026-11-20") and entry == ("data_sharing", "merit/NCC-2026-11")


async def test_of_two_who_take_a_file_at_once_the_second_gets_the_receipt(agency: Agency, hoa: Citizen, transaction: Transaction) -> None:
    path = agency.lay("NCC-both", [GOOD])
    first, second = await asyncio.gather(*(drops.take(transaction, path, agency.keys) for _ in range(2)))
    assert {first.again, second.again} == {True, False} and first.receipt == second.receipt
    async with transaction("verify") as conn:
        row = await (await conn.execute("SELECT count(*) FROM audit.pending WHERE case_ref = 'merit/NCC-both'")).fetchone()
    assert row == (1,)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"sha256": "0" * 64}, "drop.digest"), ({"lines": 2}, "drop.lines"), ({"file": "../../etc/passwd"}, "drop.manifest"), ({"connector": "land"}, "drop.manifest"),
     ({"as_of": "soon"}, "drop.manifest"), ({"extra": 1}, "drop.manifest"), ({"file": "none.jsonl"}, "drop.file"), ({"file": ".hidden"}, "drop.manifest")],
)  # fmt: skip
async def test_what_is_not_as_its_manifest_says_is_refused(agency: Agency, hoa: Citizen, transaction: Transaction, changes: dict[str, Any], code: str) -> None:
    path = agency.lay("NCC-bad", [GOOD], **changes)
    with pytest.raises(DancuError) as refused:
        await drops.take(transaction, path, agency.keys)
    assert refused.value.code == code
    (outcome,) = await drops.take_all(transaction, agency.folder.parent, agency.keys)
    assert outcome.__notes__ == ["NCC-bad.manifest.json"]  # which of the files it was
    assert isinstance(outcome, DancuError) and json.loads((agency.folder / "NCC-bad.refused.json").read_text())["code"] == code
    assert await drops.take_all(transaction, agency.folder.parent, agency.keys) == []


async def test_signatures(agency: Agency, hoa: Citizen, transaction: Transaction) -> None:
    async def code(path: Path) -> str:
        with pytest.raises(DancuError) as refused:
            await drops.take(transaction, path, agency.keys)
        return refused.value.code

    assert await code(agency.lay("NCC-other", [GOOD], key=Ed25519PrivateKey.generate())) == "drop.signature"
    unsigned = agency.lay("NCC-unsigned", [GOOD])
    (agency.folder / "NCC-unsigned.manifest.sig").unlink()
    assert await code(unsigned) == "drop.signature.missing"
    changed = agency.lay("NCC-changed", [GOOD])
    changed.write_text(changed.read_text().replace("2026-11-20", "2026-11-21"))
    assert await code(changed) == "drop.signature"
    first = agency.lay("NCC-twice", [GOOD])
    await drops.take(transaction, first, agency.keys)
    assert await code(agency.lay("NCC-twice", [GOOD, GOOD])) == "drop.other_content"


async def test_what_is_no_fault_of_the_file_leaves_it_waiting(agency: Agency, hoa: Citizen, transaction: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    agency.lay("NCC-later", [GOOD])

    async def stands_still(*_: Any, **__: Any) -> list[int]:
        raise Unavailable("audit.not_sequenced", "x")

    with monkeypatch.context() as patch:
        patch.setattr(drops.audit, "record", stands_still)
        (outcome,) = await drops.take_all(transaction, agency.folder.parent, agency.keys)
        assert isinstance(outcome, Unavailable) and len(drops.waiting(agency.folder.parent)) == 1
    (taken,) = await drops.take_all(transaction, agency.folder.parent, agency.keys)
    assert isinstance(taken, drops.Taken) and taken.taken == 1


def test_of_many_files_the_oldest_wait_first_and_answered_ones_no_more(agency: Agency) -> None:
    for number in range(30):
        path = agency.lay(f"NCC-{number:04d}", [GOOD])
        os.utime(path, (1_000_000 - number, 1_000_000 - number))
    (agency.folder / "NCC-0029.receipt.jwt").write_text("taken")
    (agency.folder / "NCC-0028.refused.json").write_text("refused")
    names = [path.name.removesuffix(".manifest.json") for path in drops.waiting(agency.folder.parent, 3)]
    assert names == ["NCC-0027", "NCC-0026", "NCC-0025"]
    assert len(drops.waiting(agency.folder.parent)) == 28 and drops.waiting(agency.folder / "none") == []
