"""The chip reader's line: what DG13 says, and passive authentication that finds every change."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from dancu.exchange.parsing import chip, passive
from dancu.exchange.ports.chip_simulator import Authority
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid

VALUES = {
    1: "049190012345", 2: "Trần Thị Hoà", 3: "12/04/1990", 4: "Nữ", 5: "Việt Nam", 9: "Khối phố Xuân Đông, Trường Xuân", 11: "05/04/2022",
    12: "12/04/2030", 15: "205123456", 99: "không rõ",
}  # fmt: skip


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_dg13_is_read_whole():
    read = chip.read_line(chip.write_line(chip.write_dg13(VALUES), b"", "Đầu đọc A")).reading
    assert (read.number, read.name, read.birth, read.sex, read.old_number) == ("049190012345", "Trần Thị Hoà", PartialDate(1990, 4, 12), "female", "205123456")
    assert (read.issued_on, read.expires_on) == (date(2022, 4, 5), date(2030, 4, 12))


def test_long_lengths_missing_items_and_the_swapped_number():
    long = chip.write_dg13({1: "049190012345", 2: "Nguyễn " * 40, 16: "205123456"})
    assert long[1] == 0x82
    read = chip.read_line(chip.write_line(long, b"", "")).reading
    assert read.old_number == "205123456"
    assert read.birth is None


@given(st.binary(max_size=300))
def test_rubbish_is_refused_with_a_sentence(rubbish):
    for line in (chip.PREFIX + base64.urlsafe_b64encode(rubbish).decode().rstrip("="), chip.write_line(rubbish, b"", "")):
        with pytest.raises(Invalid):
            chip.read_line(line)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["dg13", "sod", "reader"]), x)))
def test_any_json_is_refused_with_a_sentence(told):
    with pytest.raises(Invalid):
        chip.read_line(chip.PREFIX + base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("="))


def test_the_chain_is_followed_and_every_change_is_found(authority):
    dg13 = chip.write_dg13(VALUES)
    sod = authority.sod({13: dg13})
    assert passive.check(sod, {13: dg13}, [authority.certificate]) is True
    assert passive.check(sod, {13: dg13}, [Authority().certificate]) is False
    assert passive.check(sod, {13: dg13}, []) is False
    with pytest.raises(passive.Forged):
        passive.check(sod, {13: dg13.replace("Hoà".encode(), "Hòa".encode())}, [authority.certificate])
    with pytest.raises(passive.Forged):
        passive.check(sod, {1: b"not listed"}, [authority.certificate])


def test_no_single_byte_of_what_is_signed_can_change(authority):
    """The list of hashes and the signer's certificate; the outer structure repeats algorithm names that nothing relies on."""
    dg13 = chip.write_dg13(VALUES)
    sod = authority.sod({13: dg13})
    certificate = authority.signer_certificate.tbs_certificate_bytes
    digest = hashlib.sha256(dg13).digest()
    for part in (certificate, digest):
        start = sod.index(part)
        for at in range(start, start + len(part), 5):
            changed = bytearray(sod)
            changed[at] ^= 0x01
            try:
                assert not passive.check(bytes(changed), {13: dg13}, [authority.certificate]), at - start
            except passive.Forged:
                continue


def test_openssl_agrees(authority, tmp_path: Path):
    dg13 = chip.write_dg13(VALUES)
    sod = authority.sod({13: dg13})
    (tmp_path / "sod.der").write_bytes(passive._inside(sod))
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    run = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-in", tmp_path / "sod.der", "-CAfile", tmp_path / "ca.pem", "-purpose", "any", "-out", tmp_path / "lds"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


def test_anchors_are_files_of_the_installation(authority, tmp_path: Path):
    assert passive.anchors(tmp_path / "none") == []
    (tmp_path / "a.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "b.der").write_bytes(Authority().certificate.public_bytes(serialization.Encoding.DER))
    assert len(passive.anchors(tmp_path)) == 2
