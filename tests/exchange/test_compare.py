"""Two logs of one exchange: an omission planted on either side is found, and so is a changed call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from dancu.exchange.service import compare
from dancu_client import CallRefused
from tests.exchange.calling import WHY, Program, Site
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBER = "000190000001"


async def exchange_calls(site: Site, name: str, count: int = 5) -> tuple[Program, Path, list[str]]:
    """A partner that asked `count` questions and one that was refused; its log and the message ids of the good ones."""
    program = await site.program(name)
    await site.agree(program.org_code)
    site.forget()
    asked = [(await program.client.verify(NUMBER, {"name": "Ai Đó"}, WHY)).message_id for _ in range(count)]
    with pytest.raises(CallRefused):
        await program.client.verify(NUMBER, {"phone": "0912345678"}, WHY)
    assert program.config.log is not None
    return program, program.config.log, asked


async def compared(site: Site, program: Program, log: Path) -> compare.Comparison:
    async with site.conn() as conn:
        with log.open("rb") as lines:
            return await compare.with_file(conn, program.org_code, lines, keys=site.app.state.exchange.keys)


def without(log: Path, message_id: str) -> None:
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if message_id not in line))


async def test_honest_logs_agree(site: Site) -> None:
    program, log, _ = await exchange_calls(site, "Bộ Thật Thà")
    with pytest.raises(CallRefused, match=r"agreement\.none"):
        await program.client.call("events/state", {}, WHY)
    found = await compared(site, program, log)
    assert not found.differs and found.matched == 7 and not found.unreadable, found


@pytest.mark.parametrize("which", [0, 2, -1])
async def test_what_the_partner_left_out_is_found(site: Site, which: int) -> None:
    program, log, asked = await exchange_calls(site, f"Bộ Bỏ Sót {which}")
    without(log, asked[which])
    found = await compared(site, program, log)
    assert [(one["what"], one["message_id"]) for one in found.found] == [("only_ours", asked[which])] and found.differs


async def test_who_left_out_everything_is_not_taken_at_their_word(site: Site) -> None:
    program, log, asked = await exchange_calls(site, "Bộ Trống Không", 2)
    log.write_text("")
    found = await compared(site, program, log)
    assert found.differs and {*asked} < {one["message_id"] for one in found.found} and found.only_ours == 3


async def test_what_was_taken_out_of_our_log_is_found_and_the_receipt_proves_it(site: Site) -> None:
    program, log, asked = await exchange_calls(site, "Bộ Bị Xóa")
    await site.sql("DELETE FROM exchange.call WHERE message_id = %s", (asked[3],))
    found = await compared(site, program, log)
    assert [(one["what"], one["message_id"], one["receipt_is_ours"]) for one in found.found] == [("only_theirs", asked[3], True)]
    # A receipt of their own making proves nothing.
    forged = {"message_id": "x" * 20, "at": datetime.now(UTC).isoformat(), "service": "verify", "digest": "00" * 32, "receipt": "a.b.c"}
    log.write_text(log.read_text() + json.dumps(forged) + "\n")
    found = await compared(site, program, log)
    assert {(one["message_id"], one["receipt_is_ours"]) for one in found.found} == {(asked[3], True), ("x" * 20, False)}


async def test_a_changed_call_is_found(site: Site) -> None:
    program, log, asked = await exchange_calls(site, "Bộ Sửa Lại")
    await site.sql("UPDATE exchange.call SET digest = sha256('other') WHERE message_id = %s", (asked[1],))
    found = await compared(site, program, log)
    assert [(one["what"], one["which"]) for one in found.found] == [("different", "digest")]


async def test_poisoned_lines_are_counted_and_harm_nothing(site: Site) -> None:
    program, log, _ = await exchange_calls(site, "Bộ Rác", 1)
    poison = ['{"message_id": 1}', "{", "null", '{"message_id":"' + "x" * 20 + '","digest":"zz","service":"verify","at":"2026-01-01"}', "\x00", "[]" * 9000]
    log.write_text(log.read_text() + "\n".join(poison) + "\n")
    found = await compared(site, program, log)
    assert not found.differs and found.unreadable == len(poison)


async def test_a_call_that_never_arrived_is_no_difference(site: Site) -> None:
    program, log, _ = await exchange_calls(site, "Bộ Mất Mạng", 1)
    lost = {"message_id": "l" * 20, "at": datetime.now(UTC).isoformat(), "service": "verify", "digest": "00" * 32}
    log.write_text(log.read_text() + json.dumps(lost) + "\n")
    found = await compared(site, program, log)
    assert not found.differs and found.never_arrived == 1


@pytest.mark.parametrize("code", ["request.too_large", "rate.exceeded", "db.unavailable", "http.503", "unexpected", "exchange.token"])
async def test_a_call_the_server_turned_away_unread_is_no_difference(site: Site, code: str) -> None:
    sent = {"message_id": "t" * 20, "at": "2026-11-20T08:02:03+07:00", "service": "verify", "digest": "00" * 32}
    theirs, unreadable = compare.read_log([json.dumps(sent), json.dumps({"message_id": "t" * 20, "refused": code})])
    assert compare.compare({}, theirs) == (0, 1, []) and not unreadable
    theirs, _ = compare.read_log([json.dumps({**sent, "refused": "agreement.field"})])
    assert [one["what"] for one in compare.compare({}, theirs)[2]] == ["only_theirs"], "whom we knew we have a line of"


async def test_handed_in_and_compared_at_night(site: Site) -> None:
    program, log, asked = await exchange_calls(site, "Bộ Nộp Nhật Ký")
    without(log, asked[0])
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    answer = await program.client.call("log", {"lines": lines}, WHY)
    assert answer.body == {"kept": 5, "unreadable": 0}
    yesterday = timedelta(days=1)
    await site.sql("UPDATE exchange.their_call SET at = at - %s, day = day - 1", (yesterday,))
    await site.sql("UPDATE exchange.call SET at = at - %s WHERE org_code = %s AND service <> 'log'", (yesterday, program.org_code))
    async with await psycopg.AsyncConnection.connect(site.registry.dsn("worker")) as conn:
        done = await compare.nightly(conn)
        assert [(row[0], row[2]) for row in done] == [(program.org_code, 1)]
        assert await compare.nightly(conn) == []
    kept = await site.sql("SELECT matched, only_ours, only_theirs, found->0->>'message_id' FROM exchange.comparison WHERE org_code = %s", (program.org_code,))
    assert kept == [(5, 1, 0, asked[0])]
