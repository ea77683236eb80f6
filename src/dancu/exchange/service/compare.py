"""Two logs of the same calls, one on each side (46/2022/TT-BCA): what only one of them has, and where they say different things.

A call that a partner says was answered, with our receipt, and that we do not have was taken out of our log; the receipt proves
it. A call that we have and the partner has not was taken out of theirs, or somebody else calls with its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from dancu.exchange.models.call import Call
from dancu.exchange.models.comparison import Comparison, Night, Ours
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.store import logs as store
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM, vietnam_day
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST_LINE, _MOST_UNREADABLE, _MOST_TOLD = 16 * 1024, 1000, 10_000
MOST_LINES = 20_000
KEPT_DAYS = 35


@dataclass(slots=True)
class Theirs:
    """A call as a partner's log has it. `answered`: it holds an answer of ours, good or a refusal of a known caller."""

    at: datetime
    service: str
    digest: bytes
    answered: bool = False
    receipt: str = ""


def read_log(lines: Iterable[bytes | str]) -> tuple[dict[str, Theirs], int]:
    """Calls by message id from lines of JSON as dancu-client writes them (a line when the call left, one when its answer came), and
    how many lines were none of these."""
    found: dict[str, Theirs] = {}
    unreadable = 0
    for raw in lines:
        line = raw.strip()
        if not line:
            continue
        try:
            said = orjson.loads(line) if len(line) <= _MOST_LINE else None
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict) or not _take(found, said):
            unreadable += 1
    return found, unreadable


def _take(found: dict[str, Theirs], said: Mapping[str, Any]) -> bool:
    message_id = said.get("message_id")
    if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
        return False
    if "digest" in said:
        digest, service, at = said["digest"], said.get("service"), _moment(said.get("at"))
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not isinstance(service, str) or at is None:
            return False
        known = found.setdefault(message_id, Theirs(at, service[:40], bytes.fromhex(digest)))
        known.digest, known.service = bytes.fromhex(digest), service[:40]
    elif message_id not in found:
        return False
    receipt, refused = said.get("receipt"), said.get("refused")
    if isinstance(receipt, str) and receipt:
        found[message_id].answered, found[message_id].receipt = True, receipt
    elif isinstance(refused, str) and refused not in _UNPROVED and refused.partition(".")[0] not in _SERVER:
        found[message_id].answered = True
    return True


# Refusals of callers whom we did not know: there is no line of them.
_UNPROVED = frozenset({"", "exchange.token", "exchange.signature", "exchange.malformed", "exchange.too_large", "exchange.certificate", "exchange.busy"})
# … and what the server says before anything of the call was read, or when its work was lost: the first word of the code.
_SERVER = frozenset({"request", "rate", "page", "http", "db", "postgres", "unexpected"})


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if at is None or at.tzinfo is None or not 2000 < at.year < 9000:
        return None
    return at.astimezone(UTC)


def compare(ours: Mapping[str, Ours], theirs: Mapping[str, Theirs], keys: AnswerKeys | None = None) -> tuple[int, int, list[dict[str, Any]]]:
    """(matched, never arrived, differences)."""
    matched, never, found = 0, 0, []
    for message_id, mine in ours.items():
        other = theirs.get(message_id)
        if other is None:
            found.append(_told(message_id, "only_ours", mine.at, mine.service, verdict=mine.verdict))
        elif other.digest != mine.digest or other.service != mine.service:
            which = "digest" if other.digest != mine.digest else "service"
            found.append(_told(message_id, "different", mine.at, mine.service, which=which, verdict=mine.verdict))
        else:
            matched += 1
    for message_id, other in theirs.items():
        if message_id in ours:
            continue
        if not other.answered:
            never += 1
            continue
        proved = keys.is_receipt(other.receipt, message_id, other.digest) if keys and other.receipt else False
        found.append(_told(message_id, "only_theirs", other.at, other.service, receipt_is_ours=proved))
    return matched, never, found


def _told(message_id: str, what: str, at: datetime, service: str, **more: Any) -> dict[str, Any]:
    return {"message_id": message_id, "what": what, "at": at.isoformat(timespec="milliseconds"), "service": service, **more}


def days_of(theirs: Mapping[str, Theirs]) -> tuple[date, date]:
    """First and last day (Vietnam) their log speaks of; yesterday and today where it is empty: who left out everything is not taken at
    their word."""
    if not theirs:
        today = SYSTEM_CLOCK.today()
        return today - timedelta(days=1), today
    moments = [one.at for one in theirs.values()]
    return vietnam_day(min(moments)), vietnam_day(max(moments))


async def with_file(
    conn: Conn, org_code: str, lines: Iterable[bytes | str], *, since: date | None = None, until: date | None = None, keys: AnswerKeys | None = None
) -> Comparison:
    """Our log of whole days against theirs: the days theirs speaks of, or `since` to `until` (both inclusive). What was left out
    at either end of a day is found too, since ours is read from midnight to midnight."""
    theirs, unreadable = read_log(lines)
    first, last = days_of(theirs)
    first, last = since or first, until or last
    if first > last:
        raise Invalid("exchange.compare.days", N_("Ngày bắt đầu phải trước ngày kết thúc."))
    begin, end = _midnight(first), _midnight(last + timedelta(days=1))
    ours = await store.ours(conn, org_code, begin, end)
    # A call that left just before midnight is ours of the next day, and the other way round.
    near = await store.ours(conn, org_code, begin - timedelta(minutes=10), end + timedelta(minutes=10))
    inside = {key: one for key, one in theirs.items() if begin <= one.at < end or key in ours}
    both = {**ours, **{key: near[key] for key in inside if key in near}}
    return _comparison(first, last, both, inside, unreadable, keys)


def _comparison(
    first: date, last: date, ours: Mapping[str, Ours], theirs: Mapping[str, Theirs], unreadable: int, keys: AnswerKeys | None
) -> Comparison:
    matched, never, found = compare(ours, theirs, keys)
    counts = {what: sum(one["what"] == what for one in found) for what in ("only_ours", "only_theirs", "different")}
    return Comparison(
        first.isoformat(), last.isoformat(), matched, counts["only_ours"], counts["only_theirs"], counts["different"], never,
        min(unreadable, _MOST_UNREADABLE), sorted(found, key=lambda one: one["at"])[:_MOST_TOLD],
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


# Handed in by partners, compared at night -------------------------------------------------------------------------------


async def take(conn: Conn, call: Call) -> tuple[int, int]:
    """Keep lines a partner hands in: {"lines": [...]} as its log has them. (kept, unreadable). Raises Invalid."""
    lines = call.body.get("lines")
    if call.body.keys() - {"lines"} or not isinstance(lines, list) or not 0 < len(lines) <= MOST_LINES:
        raise Invalid("exchange.log.lines", N_("Mỗi lần nộp từ 1 đến {most} dòng nhật ký trong lines."), most=MOST_LINES)
    found: dict[str, Theirs] = {}
    unreadable = sum(not (isinstance(said, dict) and _take(found, said)) for said in lines)
    await store.keep_theirs(conn, call.org_code, [(vietnam_day(one.at), key, one.at, one.service, one.digest, one.answered) for key, one in found.items()])
    return len(found), unreadable


async def nightly(conn: Conn) -> list[tuple[str, date, int]]:
    """Compare every day that partners handed in and that is over (role worker); (organisation, day, differences) of each. Old
    lines are let go."""
    today, done = SYSTEM_CLOCK.today(), []
    for org_code, day in await store.to_compare(conn, today):
        begin, end = _midnight(day), _midnight(day + timedelta(days=1))
        theirs = {key: Theirs(at, service, digest, answered) for key, at, service, digest, answered in await store.theirs(conn, org_code, day)}
        ours = await store.ours(conn, org_code, begin, end)
        near = await store.ours(conn, org_code, begin - timedelta(minutes=10), end + timedelta(minutes=10))
        others = await store.near_theirs(conn, org_code, begin - timedelta(minutes=10), end + timedelta(minutes=10))
        both = {**{key: one for key, one in ours.items() if key in theirs or key not in others}, **{key: near[key] for key in theirs if key in near}}
        made = _comparison(day, day, both, theirs, 0, None)
        await store.keep_comparison(conn, org_code, day, made)
        done.append((org_code, day, made.only_ours + made.only_theirs + made.different))
    await store.forget_theirs(conn, today - timedelta(days=KEPT_DAYS))
    return done


async def nights(conn: Conn, org_code: str, most: int = KEPT_DAYS) -> list[Night]:
    """What the last nights found about an organisation, newest day first."""
    return await store.nights(conn, org_code, most)


async def differences(conn: Conn, org_code: str, day: date) -> list[dict[str, Any]]:
    """The calls of a day that only one side has, or that differ, as they were kept. Raises NotFound where it was not compared."""
    found = await store.found(conn, org_code, day)
    if found is None:
        raise NotFound("exchange.compare.none", N_("Ngày này chưa được đối chiếu."))
    return [{**one, "at": datetime.fromisoformat(one["at"])} for one in found]
