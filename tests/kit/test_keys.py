"""Keys outside the database; fields that decrypt only where they belong."""

from __future__ import annotations

import hmac
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kernel.errors import Unavailable
from dancu.kit import ring as of_process
from dancu.kit.keyed import Keyed
from dancu.kit.keys import KeyRing, lost, secret

PLACE = {"table": "access.credential", "row": 7, "column": "totp_secret"}


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.open(tmp_path_factory.mktemp("k") / "keys")


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = secret(folder, "web.key")
    assert len(first) == 32
    assert secret(folder, "web.key") == first
    assert (folder / "web.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in folder.iterdir()] == ["web.key"], "no temporary file is left"


def test_all_who_start_at_once_read_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: secret(tmp_path / "keys", "one.key"), range(64)))
    assert len(found) == 1


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    secret(tmp_path, "web.key")
    (tmp_path / "web.key").chmod(0o640)
    with pytest.raises(Unavailable, match=r"keys\.mode"):
        secret(tmp_path, "web.key")


@given(st.binary(max_size=200))
def test_what_was_encrypted_comes_back(ring: KeyRing, plain: bytes) -> None:
    field = ring.encrypt(plain, **PLACE)
    assert ring.decrypt(field, **PLACE) == plain
    assert len(field) == 1 + 4 + 12 + len(plain) + 16


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"row": 8},
        {"column": "password"},
        {"table": "access.credentia"},
        {"table": "access.credential7", "row": ""},
        {"row": "7totp_secret", "column": ""},
    ],
)
def test_a_field_copied_elsewhere_does_not_decrypt(ring: KeyRing, elsewhere: dict[str, str | int]) -> None:
    field = ring.encrypt(b"geheim", **PLACE)
    with pytest.raises(Unavailable, match=r"keys\.tampered"):
        ring.decrypt(field, **{**PLACE, **elsewhere})


def test_any_changed_bit_is_noticed(ring: KeyRing) -> None:
    field = ring.encrypt(b"x" * 20, **PLACE)
    for at in range(len(field)):
        changed = bytearray(field)
        changed[at] ^= 1
        with pytest.raises(Unavailable):
            ring.decrypt(bytes(changed), **PLACE)


def test_rotation_keeps_the_old_readable_and_indexes_equal(tmp_path: Path) -> None:
    old = KeyRing.open(tmp_path / "keys")
    field = old.encrypt(b"x", **PLACE)
    new = old.rotated()
    assert new.decrypt(field, **PLACE) == b"x"
    assert new.encrypt(b"x", **PLACE)[1:5] != field[1:5]
    with pytest.raises(Unavailable, match=r"keys\.unknown"):
        old.decrypt(new.encrypt(b"x", **PLACE), **PLACE)
    assert new.blind_index(b"0579", table="t", column="c") == old.blind_index(b"0579", table="t", column="c")
    assert new.mac("device", b"m") == old.mac("device", b"m")


def test_a_lost_key_is_not_made_anew(tmp_path: Path) -> None:
    """What it encrypted could never be read again, and nobody would know why."""
    folder = tmp_path / "keys"
    field = KeyRing.open(folder).encrypt(b"x", **PLACE)
    key = folder / "field-00000001.key"
    kept = key.read_bytes()
    key.unlink()
    assert lost(folder) == [key.name]
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"keys\.lost"):
            KeyRing.open(folder)
    assert not key.exists()
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with pytest.raises(Unavailable, match=r"keys\.lost"):
        KeyRing.open(folder)
    key.write_bytes(kept)
    assert KeyRing.open(folder).decrypt(field, **PLACE) == b"x"
    assert KeyRing.open(folder).rotated().decrypt(field, **PLACE) == b"x"
    (folder / "field-00000001.key").unlink()
    assert lost(folder) == ["field-00000001.key"], "the one that only decrypts counts too"


@given(key=st.binary(min_size=1, max_size=80), message=st.binary(max_size=300))
def test_a_keyed_digest_is_hmac(key: bytes, message: bytes) -> None:
    once = Keyed(key)
    assert once.digest(message) == once.digest(message) == hmac.digest(key, message, "sha256")


def test_digests_of_different_uses_differ(ring: KeyRing) -> None:
    assert ring.blind_index(b"v", table="t", column="c") != ring.blind_index(b"v", table="t", column="d")
    assert ring.mac("device", b"v") != ring.mac("other", b"v")


def test_a_server_keeps_the_ring_it_began_with_and_others_follow_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_process, "_kept", [])
    monkeypatch.setattr(of_process, "_stays", [])

    def there(name: str) -> KeyRing:
        monkeypatch.setenv("DANCU_DATA", str(tmp_path / name))
        return of_process.ring()

    first = there("a")
    assert there("b") is not first and there("a") is first
    of_process.folder_stays()
    assert there("a") is first and there("b") is first
