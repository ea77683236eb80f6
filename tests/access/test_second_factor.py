"""Another second factor: with both old proofs by its owner, or forgotten by an administrator; never weaker on the way."""

from __future__ import annotations

import pytest
import pytest_asyncio

from dancu.access import service
from dancu.access.models import SignInState
from dancu.kernel.errors import Invalid, NotAllowed
from tests.access.conftest import administrator

from .test_sign_in import HOME, PASSWORD, Enrolled, now_code


@pytest_asyncio.fixture
async def an(app, keys) -> Enrolled:
    return await (await Enrolled(app, keys).make()).enrol()


async def change(app, keys, an, *, password: str = PASSWORD, code: str | None = None):  # type: ignore[no-untyped-def]
    actor = await service.sessions.resolve(app, an.token)
    return actor, await service.change_totp(
        app, keys, actor, password=password, code=now_code(an.secret) if code is None else code, address=HOME
    )


async def test_the_owner_changes_it(app, an, keys):
    _, begun = await change(app, keys, an)
    assert begun.state is SignInState.ENROL
    assert await service.sessions.resolve(app, an.token) is None, "the session is exchanged"
    enrolling = await service.sessions.resolve(app, begun.token)
    assert enrolling.permissions == {"session.enrol"}
    started = await service.start_totp(app, keys, enrolling)
    assert started.secret != an.secret
    done = await service.confirm_totp(
        app, keys, enrolling, sealed=started.sealed, code=now_code(started.secret, -1), address=HOME
    )
    assert done.state is SignInState.OK
    assert (await an.sign_in(code=now_code(an.secret, 1))).state is SignInState.REFUSED, "the old phone is out"
    assert (await an.sign_in(code=now_code(started.secret))).state is SignInState.OK


async def test_giving_up_half_way_leaves_the_old_one(app, an, keys):
    _, begun = await change(app, keys, an)
    assert begun.state is SignInState.ENROL
    assert (await an.sign_in(code="")).state is SignInState.REFUSED, "never the password alone"
    assert (await an.sign_in(code=now_code(an.secret, 1))).state is SignInState.OK


@pytest.mark.parametrize("wrong", [{"password": "không phải mật khẩu"}, {"code": "000000"}, {"code": ""}])
async def test_both_proofs_are_needed(app, an, keys, wrong):
    _, refused = await change(app, keys, an, **wrong)
    assert refused.state is SignInState.REFUSED
    assert await service.sessions.resolve(app, an.token) is not None


async def test_a_code_used_to_sign_in_does_not_change_it(app, an, keys):
    await an.sign_in()
    _, refused = await change(app, keys, an)
    assert refused.state is SignInState.REFUSED


async def test_guessing_waits(app, an, keys):
    states = [(await change(app, keys, an, code="000000"))[1].state for _ in range(7)]
    assert states[-1] is SignInState.WAIT
    assert (await change(app, keys, an))[1].state is SignInState.WAIT, "also the right code"


async def test_an_administrator_forgets_it(app, an, keys):
    await service.reset_totp(app, await administrator(app), an.staff.staff_id)
    assert await service.sessions.resolve(app, an.token) is None
    assert (await an.sign_in(password="không phải mật khẩu", code="")).state is SignInState.REFUSED
    out = await an.sign_in(code="")
    assert out.state is SignInState.ENROL
    assert (await service.sessions.resolve(app, out.token)).permissions == {"session.enrol"}


async def test_who_may_reset_whom(app, an, as_persona):
    with pytest.raises(NotAllowed):
        await service.reset_totp(app, await as_persona("ward_police"), an.staff.staff_id)
    admin = await as_persona("admin")
    with pytest.raises(Invalid, match=r"staff\.reset_oneself"):
        await service.reset_totp(app, admin, admin.actor_id)
    fresh, _ = await service.add_staff(app, await administrator(app), "chua.kich.hoat", "Chưa Kích Hoạt", "DEMO.CA.TX")
    with pytest.raises(Invalid, match=r"totp\.no_account"):
        await service.reset_totp(app, await administrator(app), fresh.staff_id)
