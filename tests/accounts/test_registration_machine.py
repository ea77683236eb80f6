"""Whatever happens in whatever order, an application and the account it leads to stay what they may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.accounts.models import Account, AccountState
from dancu.accounts.models.application import ApplicationState
from dancu.accounts.ports import subscriber
from dancu.accounts.ports.subscriber import Subscriber
from dancu.accounts.service import activate, core, queue
from dancu.accounts.service.check import check, eid_purpose
from dancu.accounts.store import applications
from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import DancuError
from tests.accounts.registration import claim, hand_in, person, says, told, with_jobs

DECIDED = {ApplicationState.APPROVED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN}
#: From where an account may go; it stays where it is unless something names it.
MOVES = {
    None: {AccountState.NOTIFIED},
    AccountState.NOTIFIED: {AccountState.ACTIVE, AccountState.LOCKED, AccountState.CLOSED},
    AccountState.ACTIVE: {AccountState.LOCKED, AccountState.CLOSED},
    AccountState.LOCKED: {AccountState.ACTIVE, AccountState.CLOSED},
    AccountState.CLOSED: set(),
}


@pytest.fixture(autouse=True)
def _ready(registry, monkeypatch):  # type: ignore[no-untyped-def]
    with_jobs(registry.dsn("admin"))
    monkeypatch.setattr(subscriber, "check", says(Subscriber.MATCH))


class Case:
    """One person, what they hand in, what the desk and they themselves do."""

    def __init__(self, conn: Any, police: Any, key: int, number: str) -> None:
        self.conn, self.police, self.key, self.number = conn, police, key, number
        self.refs: list[str] = []
        self.code = ""
        self.phone = claim(number).phone

    async def hand_in(self, **changes: str) -> None:
        await self.conn.execute("DELETE FROM kit.throttle")
        self.refs.append(await hand_in(self.conn, claim(self.number, phone=self.phone, **changes)))

    async def hand_in_doubtful(self) -> None:
        await self.hand_in(birth="1990-04-13")

    async def check_again(self) -> None:
        for ref in self.refs:
            assert await check(self.conn, ref) is None

    async def last(self) -> int:
        return await applications.open_by_ref(self.conn, self.refs[-1] if self.refs else "") or 0

    async def approve(self) -> None:
        await queue.approve(self.conn, self.police, eid_purpose(), await self.last(), remark="Đã gặp, xem thẻ căn cước")

    async def refuse(self) -> None:
        await queue.refuse(self.conn, self.police, eid_purpose(), await self.last(), "Không đúng người nộp hồ sơ")

    async def invite(self) -> None:
        await activate.invite(self.conn, self.key)

    async def activate(self) -> None:
        texts = [text for text in await told(self.conn, self.phone) if "Mã kích hoạt " in text]
        code = texts[0].partition("Mã kích hoạt ")[2][:6] if texts else "000000"
        if await activate.may_activate(self.conn, self.key, code):
            account = await activate.granted(self.conn, activate.grant(await core.existing(self.conn, self.key)))
            await activate.activate(self.conn, SYSTEM, account.person_key)

    async def wrong_code(self) -> None:
        if await activate.may_activate(self.conn, self.key, "not it"):
            raise AssertionError

    async def week_passes(self) -> None:
        await core.open(self.conn, [self.key])
        await self.conn.execute(
            "UPDATE accounts.account SET activate_by = activate_by - interval '9 days' WHERE person_key = %s", (self.key,)
        )
        await self.conn.execute("UPDATE accounts.code SET expires_at = expires_at - interval '9 days' WHERE person_key = %s", (self.key,))

    async def raise_level(self) -> None:
        await core.raise_level(self.conn, SYSTEM, eid_purpose(), self.key, 2)


STEPS: dict[str, Callable[[Case], Awaitable[None]]] = {
    "hand in": Case.hand_in, "hand in, doubtful": Case.hand_in_doubtful, "check again": Case.check_again, "approve": Case.approve,
    "refuse": Case.refuse, "invite": Case.invite, "activate": Case.activate, "wrong code": Case.wrong_code,
    "a week passes": Case.week_passes, "raise level": Case.raise_level,
}  # fmt: skip


async def _stand(case: Case) -> tuple[Account | None, dict[str, ApplicationState]]:
    found = {}
    for ref in case.refs:
        one = await applications.application(case.conn, await applications.open_by_ref(case.conn, ref) or 0)
        assert one is not None
        found[ref] = one.state
    return await core.account(case.conn, case.key), found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=14))
async def test_any_order_of_steps(office, app, police, steps):  # type: ignore[no-untyped-def]
    async with app.transaction(force_rollback=True):
        key, number = await person(office)
        case = Case(app, police, key, number)
        account, before = await _stand(case)
        for step in steps:
            lapsed = await _lapsed(app, key)
            try:
                async with app.transaction():
                    await STEPS[step](case)
            except DancuError:
                pass
            now, after = await _stand(case)
            _holds(step, account, now, lapsed=lapsed)
            for ref, state in before.items():
                assert state not in DECIDED or after[ref] is state, "what was decided stays"
            assert ApplicationState.SUBMITTED not in after.values(), "nothing stays unchecked"
            assert now is None or ApplicationState.APPROVED in after.values(), "no account without an approval"
            assert list(after.values()).count(ApplicationState.APPROVED) <= 1, "one approval, one account"
            usable = await core.lock_versions(app, [key])
            assert usable == ({key: now.lock_version} if now and now.usable else {})
            account, before = now, after


async def _lapsed(conn: Any, key: int) -> bool:
    await core.open(conn, [key])
    row = await (await conn.execute("SELECT activate_by < now() FROM accounts.account WHERE person_key = %s", (key,))).fetchone()
    return bool(row and row[0])


def _holds(step: str, before: Account | None, now: Account | None, *, lapsed: bool) -> None:
    if now is None:
        assert before is None, "an account does not vanish"
        return
    state = before.state if before else None
    assert now.state is state or now.state in MOVES[state], (step, state, now.state)
    if before is not None:
        assert now.lock_version >= before.lock_version, "versions never fall"
        assert now.level >= before.level
        assert now.level == before.level or now.lock_version > before.lock_version
        assert not (lapsed and state is AccountState.NOTIFIED and now.state is AccountState.ACTIVE), "a late code opens nothing"
    if now.state is AccountState.ACTIVE:
        assert now.activated_at is not None
        assert now.level > 0
    if state is not AccountState.ACTIVE and now.state is AccountState.ACTIVE:
        assert step == "activate"
