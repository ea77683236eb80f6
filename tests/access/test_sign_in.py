"""Password and one-time code: alike for known and unknown, one use per code, slow for guessers, open for the owner."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import psycopg
import pyotp
import pytest
import pytest_asyncio

from dancu.access import service
from dancu.access.models import SignInState
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Invalid, NotAllowed
from tests.access.conftest import administrator

PASSWORD = "con mèo trèo cây cau"
HOME, AWAY = "10.1.1.1", "203.0.113.9"


def now_code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=steps)


class Enrolled:
    """A staff member who has gone the whole way: code, password, second factor."""

    def __init__(self, conn, keys):
        self.conn, self.keys = conn, keys

    async def make(self, login: str = "an.nguyen", role: str = "ward_police") -> Enrolled:
        self.login = login
        self.staff, self.code = await service.add_staff(self.conn, await administrator(self.conn), login, "Nguyễn Văn An", "DEMO.CA.TX")
        await service.assign(self.conn, await administrator(self.conn), self.staff.staff_id, role, unit_ids=[13789])
        return self

    async def enrol(self) -> Enrolled:
        out = await service.set_up(
            self.conn, self.keys, login=self.login, code=self.code, password=PASSWORD, address=HOME
        )
        assert out.state is SignInState.ENROL
        actor = await service.sessions.resolve(self.conn, out.token)
        started = await service.start_totp(self.conn, self.keys, actor)
        self.secret = started.secret
        # The step before this one, so that the test can sign in within the same half minute.
        done = await service.confirm_totp(
            self.conn, self.keys, actor, sealed=started.sealed, code=now_code(self.secret, -1), address=HOME
        )
        assert done.state is SignInState.OK
        self.token, self.device = done.token, done.device
        return self

    async def sign_in(self, **changed):
        given = {
            "login": self.login, "password": PASSWORD, "code": now_code(self.secret), "address": HOME, **changed,
        }  # fmt: skip
        return await service.sign_in(self.conn, self.keys, **given)


@pytest_asyncio.fixture
async def an(app, keys) -> Enrolled:
    return await (await Enrolled(app, keys).make()).enrol()


async def test_the_whole_way_in(app, an):
    out = await an.sign_in()
    assert out.state is SignInState.OK
    assert out.token != an.token
    actor = await service.sessions.resolve(app, out.token)
    assert isinstance(actor, Actor)
    assert actor.can("person.read")
    assert actor.org_code == "DEMO.CA.TX"
    rows = await (
        await app.execute("SELECT count(*) FROM access.session WHERE token_hash = %s", (out.token.encode(),))
    ).fetchone()
    assert rows == (0,), "the token itself is never stored"


async def test_every_refusal_is_alike(app, an):
    refusals = [
        await an.sign_in(login="nobody.here"),
        await an.sign_in(password="sai mật khẩu rồi"),
        await an.sign_in(code="000000"),
        await an.sign_in(code=""),
    ]
    assert {r.state for r in refusals} == {SignInState.REFUSED}
    assert len({(r.token, r.device, r.wait_seconds) for r in refusals}) == 1


async def test_an_unknown_login_costs_the_same_hash(an, monkeypatch):
    from dancu.kit.authn import passwords

    verified = []
    plain = passwords._matches
    monkeypatch.setattr(passwords, "_matches", lambda p, h: verified.append(h is None) or plain(p, h))
    await an.sign_in(login="nobody.here")
    await an.sign_in(password="sai mật khẩu rồi")
    assert verified == [True, False]


async def test_a_code_is_good_once(app, an):
    code = now_code(an.secret)
    assert (await an.sign_in(code=code)).state is SignInState.OK
    assert (await an.sign_in(code=code)).state is SignInState.REFUSED
    assert (await an.sign_in(code=now_code(an.secret, -1))).state is SignInState.REFUSED, "earlier than the last"
    assert (await an.sign_in(code=now_code(an.secret, 1))).state is SignInState.OK
    assert (await an.sign_in(code=now_code(an.secret, 3))).state is SignInState.REFUSED, "a phone far ahead"


async def test_two_requests_with_one_code_cannot_both_win(database, demo_db, keys):
    """Committed connections, at the same moment."""
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as first:
        async with first.transaction():
            someone = await (await Enrolled(first, keys).make("song.song")).enrol()
        code = now_code(someone.secret)

        async def attempt() -> SignInState:
            async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
                async with conn.transaction():
                    out = await service.sign_in(
                        conn, keys, login="song.song", password=PASSWORD, code=code, address=HOME
                    )
                return out.state

        states = await asyncio.gather(*(attempt() for _ in range(4)))
    assert states.count(SignInState.OK) == 1, states


async def test_guessing_waits_but_the_owners_device_does_not(app, an):
    for _ in range(5):
        assert (await an.sign_in(password="sai mật khẩu rồi", address=AWAY)).state is SignInState.REFUSED
    waiting = await an.sign_in(address=AWAY)
    assert waiting.state is SignInState.WAIT, "even the right password waits there"
    assert 0 < waiting.wait_seconds <= 60
    assert (await an.sign_in()).state is SignInState.OK, "another network is not touched"


async def test_guessing_from_many_networks_waits_too_and_locks_nobody_out(app, an):
    states = [(await an.sign_in(password="sai mật khẩu rồi", address=f"198.51.100.{n}")).state for n in range(25)]
    assert states.count(SignInState.REFUSED) == 20
    stranger = await an.sign_in(address="192.0.2.1")
    assert stranger.state is SignInState.WAIT
    assert stranger.wait_seconds <= 10, "a pause, never a lock"
    assert (await an.sign_in(device=an.device, address="192.0.2.1")).state is SignInState.OK


async def test_a_device_is_known_for_its_own_login_only(app, an, keys):
    other = await (await Enrolled(app, keys).make("binh.le")).enrol()
    for _ in range(5):
        await an.sign_in(password="sai mật khẩu rồi", address=AWAY)
    for forged in (other.device, "x.y", "", "é.é", an.device[:-1] + ("0" if an.device[-1] != "0" else "1")):
        assert (await an.sign_in(address=AWAY, device=forged)).state is SignInState.WAIT, forged


async def test_unknown_logins_wait_like_known_ones(app, an):
    for login in ("nobody.here", an.login):
        states = [(await an.sign_in(login=login, password="sai mật khẩu rồi", address=AWAY)).state for _ in range(6)]
        assert states == [SignInState.REFUSED] * 5 + [SignInState.WAIT]


async def test_a_success_forgives_the_failures_before(app, an):
    for _ in range(4):
        await an.sign_in(password="sai mật khẩu rồi")
    assert (await an.sign_in()).state is SignInState.OK
    for _ in range(4):
        assert (await an.sign_in(password="sai mật khẩu rồi")).state is SignInState.REFUSED


async def test_tries_at_the_same_moment_are_counted(database, demo_db, keys):
    async def attempt(n: int) -> SignInState:
        async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
            async with conn.transaction():
                out = await service.sign_in(
                    conn, keys, login="cung.luc", password=f"đoán thử lần {n}", code="", address="192.0.2.77"
                )
            return out.state

    states = await asyncio.gather(*(attempt(n) for n in range(12)))
    async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn:
        after = await service.sign_in(conn, keys, login="cung.luc", password="x", code="", address="192.0.2.77")
    assert after.state is SignInState.WAIT, states


async def test_before_the_second_factor_a_session_can_do_nothing_else(app, keys):
    someone = await Enrolled(app, keys).make()
    out = await service.set_up(app, keys, login=someone.login, code=someone.code, password=PASSWORD, address=HOME)
    actor = await service.sessions.resolve(app, out.token)
    assert actor.permissions == {"session.enrol"}
    cursor = await app.execute(
        "SELECT ok FROM access.right_of(%s::bigint, %s::bytea, 'person.read')",
        (actor.actor_id, bytes.fromhex(actor.session_id)),
    )
    assert await cursor.fetchone() == (False,)


async def test_setting_up_needs_the_right_code_once(app, keys):
    someone = await Enrolled(app, keys).make()

    async def use(code: str, login: str = someone.login):
        return (await service.set_up(app, keys, login=login, code=code, password=PASSWORD, address=HOME)).state

    assert await use("AAAA-BBBB-CCCC-DDDD") is SignInState.REFUSED
    assert await use(someone.code, "nobody.here") is SignInState.REFUSED
    assert re.fullmatch(r"([A-HJKMNP-Z2-9]{4}-){3}[A-HJKMNP-Z2-9]{4}", someone.code)
    assert await use(someone.code.lower().replace("-", " ")) is SignInState.ENROL
    assert await use(someone.code) is SignInState.REFUSED, "one time"


async def test_a_set_up_code_ends(app, keys, database):
    someone = await Enrolled(app, keys).make()
    from dancu.access.store import staff

    digest, past = service.staff.setup_hash(someone.code), datetime(2020, 1, 1, tzinfo=UTC)
    boss = await administrator(app)
    await staff.reset(app, boss, service.choose_purpose("administration"), someone.staff.staff_id, digest, past)
    out = await service.set_up(app, keys, login=someone.login, code=someone.code, password=PASSWORD, address=HOME)
    assert out.state is SignInState.REFUSED


@pytest.mark.parametrize("weak", ["ngắn", "aaaaaaaaaaaaaa", "an.nguyen-2026", "x" * 129])
async def test_weak_passwords_are_refused_with_a_sentence(app, an, weak):
    actor = await service.sessions.resolve(app, an.token)
    with pytest.raises(Invalid) as error:
        await service.change_password(app, actor, current=PASSWORD, new=weak)
    assert error.value.fields[0].field == "password"


async def test_changing_the_password_ends_other_sessions(app, an):
    other = (await an.sign_in()).token
    actor = await service.sessions.resolve(app, other)
    assert (
        await service.change_password(app, actor, current="không phải", new="một câu khác hẳn") is SignInState.REFUSED
    )
    assert await service.sessions.resolve(app, an.token) is not None
    assert await service.change_password(app, actor, current=PASSWORD, new="một câu khác hẳn") is SignInState.OK
    assert await service.sessions.resolve(app, an.token) is None
    assert await service.sessions.resolve(app, other) is not None
    assert (await an.sign_in(code=now_code(an.secret, 1))).state is SignInState.REFUSED
    assert (await an.sign_in(code=now_code(an.secret, 1), password="một câu khác hẳn")).state is SignInState.OK


async def test_a_second_factor_cannot_be_replaced_from_a_full_session(app, an, keys):
    actor = await service.sessions.resolve(app, an.token)
    with pytest.raises(NotAllowed, match=r"totp\.not_enrolling"):
        await service.start_totp(app, keys, actor)


async def test_an_enrolment_form_belongs_to_its_session(app, keys):
    a, b = await Enrolled(app, keys).make("a.mot"), await Enrolled(app, keys).make("b.hai")
    actors = []
    for one in (a, b):
        out = await service.set_up(app, keys, login=one.login, code=one.code, password=PASSWORD, address=HOME)
        actors.append(await service.sessions.resolve(app, out.token))
    started = await service.start_totp(app, keys, actors[0])
    for sealed in (started.sealed, "", "@@@", "AAAA"):
        with pytest.raises(Invalid, match=r"totp\.form"):
            await service.confirm_totp(app, keys, actors[1], sealed=sealed, code=now_code(started.secret), address=HOME)
    wrong = await service.confirm_totp(app, keys, actors[0], sealed=started.sealed, code="000000", address=HOME)
    assert wrong.state is SignInState.REFUSED


async def test_resetting_and_deactivating_end_everything(app, an):
    await service.reset(app, await administrator(app), an.staff.staff_id)
    assert await service.sessions.resolve(app, an.token) is None
    assert (await an.sign_in()).state is SignInState.REFUSED
    await service.deactivate(app, await administrator(app), an.staff.staff_id)
    assert await service.rights_of(app, an.staff.staff_id) == []
    assert (await an.sign_in(code=now_code(an.secret, 1))).state is SignInState.REFUSED


async def test_sign_ins_and_refusals_of_known_accounts_are_evidence(database, demo_db, keys):
    async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
        async with conn.transaction(force_rollback=True):
            an = await (await Enrolled(conn, keys).make("ghi.lai")).enrol()
            await conn.execute("DELETE FROM audit.pending")
            await an.sign_in()
            await an.sign_in(password="sai mật khẩu rồi")
            await an.sign_in(login="nobody.here")
            rows = await (
                await conn.execute("SELECT action, actor_id, subject, purpose FROM audit.pending ORDER BY entry_id")
            ).fetchall()
    who = an.staff.staff_id
    assert rows == [("sign_in", who, None, "administration"), ("denied", who, None, "administration")]


async def test_an_old_session_of_the_browser_ends_at_sign_in(app, an):
    out = await an.sign_in(old_token=an.token)
    assert out.state is SignInState.OK
    assert await service.sessions.resolve(app, an.token) is None


async def test_the_secret_is_encrypted_and_bound_to_its_row(app, an, keys):
    from dancu.access.store import credentials
    from dancu.kernel.errors import Unavailable

    found = await credentials.of_login(app, an.login)
    assert an.secret.encode() not in found.totp_secret
    assert PASSWORD not in found.password_hash
    assert found.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    place = {"table": "access.credential", "column": "totp_secret"}
    assert keys.decrypt(found.totp_secret, row=an.staff.staff_id, **place).decode() == an.secret
    with pytest.raises(Unavailable):
        keys.decrypt(found.totp_secret, row=an.staff.staff_id + 1, **place)
