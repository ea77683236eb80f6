"""Passwords, one-time codes, throttling."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.authn import passwords, throttle, totp

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXP" * 2


async def test_a_password_matches_its_hash_only() -> None:
    hashed = await passwords.hash_password("con mèo trèo cây cau")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches("con mèo trèo cây cau", hashed)
    assert not await passwords.matches("con mèo trèo cây cau ", hashed)
    assert not await passwords.matches("", hashed)
    assert not passwords.outdated(hashed)
    assert passwords.outdated(hashed.replace("t=2", "t=1"))


@pytest.mark.parametrize("broken", [None, "", "x", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
async def test_no_hash_matches_nothing(broken: str | None) -> None:
    assert not await passwords.matches("con mèo trèo cây cau", broken)


async def test_an_endless_password_is_not_hashed() -> None:
    hashed = await passwords.hash_password("x" * 128)
    assert await passwords.matches("x" * 128, hashed)
    assert not await passwords.matches("x" * 5_000_000, hashed)


async def test_a_flood_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 3)
    tries = await asyncio.gather(*(passwords.matches("x", None) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(t, Unavailable) for t in tries) == 6
    assert tries.count(False) == 3
    assert await passwords.matches("x", None) is False, "and afterwards all is as before"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn quá", "password.short"),
        ("x" * 200, "password.long"),
        ("abababababab", "password.repeated"),
        ("nguyen.van.an!", "password.like_login"),
    ],
)
def test_weak_passwords(password: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        passwords.check_strength(password, unlike=("nguyen.van.an",))
    assert error.value.code == code
    assert error.value.fields[0].text()


def test_a_sentence_is_a_good_password() -> None:
    passwords.check_strength("mùa thu lá vàng rơi", unlike=("nguyen.van.an", "an"))


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_of_now_or_one_step_off(drift: int) -> None:
    code = pyotp.TOTP(SECRET).at(NOW, counter_offset=drift)
    assert totp.matching_step(SECRET, code, NOW) == int(NOW.timestamp()) // 30 + drift
    assert totp.matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW) is not None


@given(st.text(max_size=12))
def test_nothing_else_is_a_code(text: str) -> None:
    real = {pyotp.TOTP(SECRET).at(NOW, counter_offset=n) for n in (-1, 0, 1)}
    if "".join(text.split()) not in real:
        assert totp.matching_step(SECRET, text, NOW) is None


def test_a_used_step_and_those_before_are_gone() -> None:
    step = int(NOW.timestamp()) // 30
    code = pyotp.TOTP(SECRET).at(NOW)
    assert totp.matching_step(SECRET, code, NOW, after_step=step - 1) == step
    assert totp.matching_step(SECRET, code, NOW, after_step=step) is None
    assert totp.matching_step(SECRET, code, NOW + timedelta(seconds=90)) is None


def test_the_address_in_the_qr_code() -> None:
    address = totp.uri(SECRET, "an.nguyen", "Dancu")
    assert address.startswith("otpauth://totp/Dancu:an.nguyen?")
    assert f"secret={SECRET}" in address
    assert totp.qr_svg(address).startswith('<svg aria-hidden="true"')
    assert len(totp.new_secret()) == 32


def test_a_network_is_what_a_guesser_cannot_cheaply_leave() -> None:
    assert throttle.network_of("192.0.2.7") == "192.0.2.7"
    assert throttle.network_of("2001:db8:1:2:3::4") == throttle.network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert throttle.network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert throttle.network_of("") == throttle.network_of("testclient") == "unknown"


async def test_a_bucket_empties_refills_and_is_forgiven(conn) -> None:  # type: ignore[no-untyped-def]
    one = throttle.bucket("t", "a", burst=3, seconds=60)
    other = throttle.bucket("t", "b", burst=3, seconds=60)
    for _ in range(3):
        assert await throttle.wait_seconds(conn, [one]) == 0
        await throttle.charge(conn, [one])
    assert 59 < await throttle.wait_seconds(conn, [one, other]) <= 60
    assert await throttle.wait_seconds(conn, [other]) == 0
    await conn.execute("UPDATE kit.throttle SET tat = tat - interval '60 seconds'")
    assert await throttle.wait_seconds(conn, [one]) == 0, "one failure is forgiven after a minute"
    await throttle.charge(conn, [one])
    assert await throttle.wait_seconds(conn, [one]) > 0
    await throttle.refund(conn, [one])
    assert await throttle.wait_seconds(conn, [one]) == 0
    await throttle.charge(conn, [one])
    await throttle.forgive(conn, [one])
    assert await throttle.wait_seconds(conn, [one]) == 0


def test_keys_say_nobodys_login() -> None:
    made = throttle.bucket("pair", "an.nguyen", "192.0.2.7", burst=1, seconds=1)
    assert len(made.key) == 32
    assert b"an.nguyen" not in made.key
    assert made.key != throttle.bucket("pair", "an.nguyen192.0.2.7", burst=1, seconds=1).key
