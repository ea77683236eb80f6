"""Codes sent out: five tries, once, for one use and context; not too many of them."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest

from dancu.accounts.service import codes, core
from dancu.kernel.errors import Exceeded
from dancu.kit import messages
from tests.accounts.browsing import Citizen, citizen


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_is_good_once_and_may_be_typed_with_spaces(app, sau):
    code = await codes.new_code(app, sau.key, "sign_in")
    assert re.fullmatch(r"\d{6}", code)
    assert not await codes.check_code(app, sau.key, "sign_in", other_than(code))
    assert await codes.check_code(app, sau.key, "sign_in", f"{code[:3]} {code[3:]}")
    assert not await codes.check_code(app, sau.key, "sign_in", code)


async def test_five_tries_and_no_more(app, sau):
    code = await codes.new_code(app, sau.key, "sign_in")
    for _ in range(codes.TRIES):
        assert not await codes.check_code(app, sau.key, "sign_in", other_than(code))
    assert not await codes.check_code(app, sau.key, "sign_in", code)


async def test_a_new_code_replaces_the_one_before(app, sau):
    old = await codes.new_code(app, sau.key, "sign_in")
    new = await codes.new_code(app, sau.key, "sign_in")
    assert old == new or not await codes.check_code(app, sau.key, "sign_in", old)
    assert await codes.check_code(app, sau.key, "sign_in", new)


async def test_it_is_of_one_person_use_and_context(app, office, sau):
    other = await citizen(app, office)
    code = await codes.new_code(app, sau.key, "phone", context="0912000111")
    assert not await codes.check_code(app, sau.key, "phone", code, context="0912000222")
    assert not await codes.check_code(app, sau.key, "sign_in", code, context="0912000111")
    assert not await codes.check_code(app, other.key, "phone", code, context="0912000111")
    assert not await codes.check_code(app, 0, "phone", code, context="0912000111")
    assert await codes.check_code(app, sau.key, "phone", code, context="0912000111")


async def test_an_old_code_is_worth_nothing(app, admin, sau):
    code = await codes.new_code(app, sau.key, "sign_in")
    await app.commit()
    await admin.execute("UPDATE accounts.code SET expires_at = now() - interval '1 second' WHERE person_key = %s", (sau.key,))
    await admin.commit()
    assert not await codes.check_code(app, sau.key, "sign_in", code)


async def test_the_code_itself_is_nowhere(app, admin, sau):
    code = await codes.new_code(app, sau.key, "sign_in")
    await app.commit()
    (kept,) = await (await admin.execute("SELECT row(c.*)::text FROM accounts.code c WHERE person_key = %s", (sau.key,))).fetchone()
    assert code not in re.sub(r"\d{4}-\d\d-\d\d [\d:.]+|\\\\x[0-9a-f]+", "", kept)


async def test_tries_of_the_same_moment_are_counted(app, database, sau):
    code = await codes.new_code(app, sau.key, "sign_in")
    await app.commit()

    async def attempt(given: str) -> bool:
        async with await psycopg.AsyncConnection.connect(database.dsn("app")) as conn, conn.transaction():
            return await codes.check_code(conn, sau.key, "sign_in", given)

    assert sum(await asyncio.gather(*(attempt(code) for _ in range(4)))) == 1


async def test_sending_is_bounded_and_speaks_the_holders_language(app, sau):
    await core.open(app, [sau.key])
    await app.execute("UPDATE accounts.account SET language = 'en' WHERE person_key = %s", (sau.key,))
    assert await codes.send_code(app, sau.key, "sign_in") == sau.phone[-3:]
    (shown,) = await messages.outbox(app, sau.phone)
    assert "sign-in code" in shown.text
    for _ in range(3):
        await codes.send_code(app, sau.key, "sign_in")
    with pytest.raises(Exceeded, match=r"code\.wait"):
        await codes.send_code(app, sau.key, "sign_in")


async def test_nothing_is_sent_where_nothing_is_known(app, office):
    nobody = await citizen(app, office, phone="")
    assert await codes.send_code(app, nobody.key, "sign_in") == ""
