#!/usr/bin/env python3
"""Kiểm tra một bằng chứng tra cứu dữ liệu do Dancu cấp. / Checks one proof of access issued by Dancu.

    python3 verify_proof.py bang-chung.json [--vkey KHOA_CONG_KHAI]

Chỉ cần Python 3.9 trở lên và gói `cryptography`; không cần mạng. / Needs only Python 3.9 and `cryptography`, no
network. It imports nothing of Dancu: it is written against RFC 9162, C2SP signed-note and C2SP tlog-checkpoint, so
that the one who checks need not believe the one who is checked.

Mã thoát / exit code: 0 đúng (sound), 1 sai (refuted), 2 không đọc được (unreadable).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from typing import Any

FORMAT = "dancu-proof/1"


class Refuted(Exception):
    """The proof does not prove; holds a Vietnamese and an English sentence."""


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def demand(true: bool, vietnamese: str, english: str) -> None:
    if not true:
        raise Refuted(f"{vietnamese} / {english}")


def read_vkey(vkey: str) -> tuple[str, bytes, bytes]:
    """(name, key id, public key) of `name+hex id+base64(0x01 || key)` (C2SP signed-note)."""
    name, wanted, encoded = vkey.strip().split("+", 2)
    key = base64.b64decode(encoded, validate=True)
    identifier = sha256(name.encode(), b"\n", key)[:4]
    demand(len(key) == 33 and key[0] == 1 and identifier.hex() == wanted,
           "Khóa công khai không đúng dạng", "the public key is malformed")  # fmt: skip
    return name, identifier, key[1:]


def check_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    """Signature of the tree head; returns (size, root)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, identifier, public = read_vkey(vkey)
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if dash == "\N{EM DASH}" and signer == name and raw[:4] == identifier:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
            except InvalidSignature:
                raise Refuted("Chữ ký của sổ không đúng / the log's signature is wrong") from None
            origin, size, root, *_ = *text.split("\n"), "", ""
            demand(size.isdecimal(), "Mốc ký hỏng", "the checkpoint is broken")
            demand(origin == name, "Mốc ký thuộc sổ khác", "the checkpoint is of another log")
            return int(size), base64.b64decode(root, validate=True)
    raise Refuted("Không có chữ ký của khóa này / there is no signature by this key")


def check_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2."""
    demand(isinstance(index, int) and 0 <= index < size, "Số thứ tự nằm ngoài sổ", "the index lies outside the log")
    fn, sn, computed = index, size - 1, sha256(b"\x00", leaf)
    for sibling in path:
        demand(sn > 0, "Đường băm quá dài", "the path is too long")
        if fn % 2 or fn == sn:
            computed = sha256(b"\x01", sibling, computed)
            while fn and not fn % 2:
                fn, sn = fn // 2, sn // 2
        else:
            computed = sha256(b"\x01", computed, sibling)
        fn, sn = fn // 2, sn // 2
    demand(sn == 0 and computed == root, "Mục này không có trong sổ đã ký", "this entry is not in the signed log")


def check_openings(leaf: dict[str, str], opened: dict[str, dict[str, str]]) -> dict[str, str]:
    """Every disclosed value is the one the leaf committed to; returns them."""
    values = {}
    for label, opening in opened.items():
        key, value = base64.b64decode(opening["key"], validate=True), opening["value"]
        committed = base64.b64decode(leaf[label], validate=True)
        demand(len(key) == 32 and sha256(key, value.encode()) == committed,
               f"Phần '{label}' không khớp với sổ", f"the part '{label}' is not what the log holds")  # fmt: skip
        values[label] = value
    return values


def check(proof: dict[str, Any], vkey: str) -> tuple[dict[str, str], dict[str, str], int, str]:
    """Raises Refuted, or returns (leaf, disclosed values, size, name of the log)."""
    demand(proof.get("format") == FORMAT, "Không phải bằng chứng của Dancu", "not a proof of this format")
    size, root = check_checkpoint(proof["checkpoint"], vkey)
    leaf = proof["leaf"].encode()
    path = [base64.b64decode(part, validate=True) for part in proof["path"]]
    demand(all(len(part) == 32 for part in path), "Đường băm hỏng", "the path is broken")
    check_inclusion(leaf, proof["index"], size, path, root)
    said = json.loads(leaf)
    return said, check_openings(said, proof["opened"]), size, vkey.split("+")[0]


def tell(leaf: dict[str, str], values: dict[str, str], index: int, size: int, log: str, trusted: bool) -> None:
    """What was proved, in both languages."""
    # A key that came with the proof proves only that the file agrees with itself: anybody can make such a file.
    verdict = (
        ("ĐÚNG: sổ bằng chứng chứa mục này", "SOUND: the evidence log holds this entry", "")
        if trusted
        else ("KHỚP với khóa trong tệp, CHƯA biết khóa của ai", "CONSISTENT with the key in the file, whose it is is NOT known", "")
    )
    lines = [
        verdict,
        ("Sổ", "Log", log),
        ("Mục số", "Entry", f"{index} / {size}"),
        ("Lúc (UTC)", "At (UTC)", leaf["t"]),
        ("Cơ quan", "Organisation", leaf["org"] or "không / none"),
        ("Việc", "Action", leaf["action"]),
    ]
    if "subject" in values:
        lines.append(("Về người (khóa nội bộ)", "About person (internal key)", values["subject"] or "-"))
    if "seq" in values:
        lines.append(("Lần tra cứu thứ", "Number in that person's list", values["seq"] or "-"))
    if "officer" in values:
        lines.append(("Người thực hiện", "Officer", values["officer"]))
    if "content" in values:
        content = json.loads(values["content"])
        for key, vietnamese, english in (
            ("purpose", "Mục đích", "Purpose"), ("legal_basis", "Căn cứ pháp lý", "Legal basis"),
            ("case_ref", "Hồ sơ", "Case"), ("fields", "Trường dữ liệu", "Fields"),
            ("entry_id", "Mã mục", "Entry id"), ("note", "Ghi chú", "Remark"),
        ):  # fmt: skip
            if content.get(key) not in (None, "", []):
                value = content[key]
                lines.append((vietnamese, english, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    for vietnamese, english, value in lines:
        # Nothing a file says may move the cursor or begin a line: it could write a verdict of its own.
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
        print(f"{vietnamese} / {english}" + (f": {shown}" if shown else ""))
    if not trusted:
        print(
            "Lưu ý: khóa công khai lấy từ chính tệp này. Hãy so với khóa do cơ quan công bố và chạy lại với --vkey."
            " / Note: the public key comes from this very file. Compare it with the published one and use --vkey."
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", help="tệp bằng chứng (JSON) / the proof")
    parser.add_argument("--vkey", help="khóa công khai của sổ / the log's public key, as published")
    given = parser.parse_args(arguments)
    try:
        with open(given.file, encoding="utf-8") as file:
            proof = json.load(file)
        leaf, values, size, log = check(proof, given.vkey or proof["vkey"])
    except Refuted as error:
        print(f"SAI / REFUTED: {error}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"KHÔNG ĐỌC ĐƯỢC / UNREADABLE: {type(error).__name__}: {error}")
        return 2
    tell(leaf, values, proof["index"], size, log, bool(given.vkey))
    return 0


if __name__ == "__main__":
    sys.exit(main())
