"""Subscriptions as an organisation's own staff see and handle them on the partner portal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dancu.exchange.models.partner import Environment, System
from dancu.exchange.models.subscription import DeadLetter, Mode, Subscription
from dancu.exchange.policy import joining as policy
from dancu.exchange.rules import KINDS
from dancu.exchange.service import subscriptions
from dancu.exchange.store import calls, partners
from dancu.exchange.store import subscriptions as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import DataAgreement
from dancu.sharing.service import data_agreements

SERVICE = "events"
#: The log of events counts in 63 bits.
MOST_PLACE = 1 << 62


@dataclass(frozen=True, slots=True)
class Seen:
    """A subscription as a line. `behind`: events of the log it has not been through; `letters`: refused events nobody settled;
    `held_until`: an alert holds its program, nothing is delivered before."""

    sub: Subscription
    program: str
    behind: int
    letters: int
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """`agreement`: for events, None where none holds today. `programs`: those that may hear of real people. `relations`: persons
    the organisation named. `head`: the number of the newest event."""

    lines: list[Seen]
    agreement: DataAgreement | None
    programs: list[System]
    relations: int
    head: int

    @property
    def kinds(self) -> list[str]:
        """What it may subscribe to under its agreement."""
        return [code for code, kind in KINDS.items() if self.agreement is not None and kind.field in self.agreement.fields]


async def overview(conn: Conn, actor: Actor) -> Overview:
    """Of the actor's own organisation. Raises NotAllowed."""
    policy.own(actor, actor.org_code)
    systems = await partners.systems(conn, actor.org_code)
    names = {system.client_no: system.name for system in systems}
    letters, head = await store.waiting_letters(conn, actor.org_code), await store.head(conn)
    lines = [
        Seen(sub, names.get(sub.client_no, ""), max(0, head - sub.place), letters.get(sub.subscription_id, 0))
        for sub in await store.of_organisation(conn, actor.org_code)
    ]
    agreement = await data_agreements.in_force(conn, actor.org_code, SERVICE)
    if agreement is not None and not agreement.holds(SYSTEM_CLOCK.today()):
        agreement = None
    live = [system for system in systems if system.environment is Environment.LIVE]
    return Overview(lines, agreement, live, await store.relations(conn, actor.org_code), head)


async def one(conn: Conn, actor: Actor, subscription_id: str) -> tuple[Seen, list[DeadLetter], int]:
    """(the subscription, its refused events, the newest event's number). Raises NotFound, NotAllowed."""
    sub = await own(conn, actor, subscription_id)
    system = await partners.system(conn, sub.client_no)
    letters, head = await subscriptions.dead_letters(conn, sub), await store.head(conn)
    waiting = sum(letter.settled_at is None for letter in letters)
    held = await calls.held(conn, sub.client_no)
    return Seen(sub, system.name if system else "", max(0, head - sub.place), waiting, held), letters, head


async def own(conn: Conn, actor: Actor, subscription_id: str) -> Subscription:
    """Raises NotFound also for another organisation's, so that nobody learns which exist."""
    policy.own(actor, actor.org_code)
    return await subscriptions.find(conn, actor.org_code, subscription_id)


async def begin(conn: Conn, actor: Actor, client_no: int, purpose: str, kinds: Iterable[str], mode: Mode, url: str, batch: int) -> Subscription:
    """Subscribe one of the organisation's own programs. Raises Invalid, NotAllowed; the address is asked by the caller before."""
    found = await overview(conn, actor)
    if found.agreement is None:
        raise NotAllowed("agreement.none", N_("Chưa có thỏa thuận chia sẻ dữ liệu cho dịch vụ này."))
    if all(system.client_no != client_no for system in found.programs):
        raise Invalid("events.program", N_("Hãy chọn một chương trình dùng dữ liệu thật của cơ quan."))
    if purpose not in found.agreement.purposes:
        raise Invalid("events.purpose", N_("Hãy chọn một mục đích trong thỏa thuận."))
    reason = Purpose(purpose, found.agreement.purposes[purpose])
    return await subscriptions.begin(conn, actor, reason, found.agreement, client_no, kinds, mode, url=url, batch=batch)


async def pause(conn: Conn, actor: Actor, subscription_id: str) -> None:
    await subscriptions.pause(conn, actor, await own(conn, actor, subscription_id))


async def resume(conn: Conn, actor: Actor, subscription_id: str) -> None:
    await subscriptions.resume(conn, actor, await own(conn, actor, subscription_id))


async def try_now(conn: Conn, actor: Actor, subscription_id: str) -> None:
    """The subscriber's program is mended: deliver now, not when the growing pause is over. Since when it fails stays known."""
    await subscriptions.try_now(conn, actor, await own(conn, actor, subscription_id))


async def end(conn: Conn, actor: Actor, subscription_id: str) -> None:
    await subscriptions.end(conn, actor, await own(conn, actor, subscription_id))


async def replay(conn: Conn, actor: Actor, subscription_id: str, after: str) -> None:
    """Deliver again everything after event number `after`, as it was typed. Raises Invalid for what is no place passed already."""
    sub = await own(conn, actor, subscription_id)
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid("events.after", N_("Vị trí đọc phải là số không âm."))
    if int(after) >= sub.place:
        raise Invalid("events.after_place", N_("Chỉ gửi lại được từ một vị trí đã qua: nhỏ hơn {place}."), place=sub.place)
    await subscriptions.replay(conn, actor, sub, int(after))


async def let_go(conn: Conn, actor: Actor, subscription_id: str, seq: int) -> None:
    sub = await own(conn, actor, subscription_id)
    await subscriptions.let_go(conn, actor, sub, min(seq, MOST_PLACE))


async def may_send_again(conn: Conn, actor: Actor, subscription_id: str, seq: int) -> Subscription:
    """The subscription whose refused event `seq` may be sent again now; who asked is recorded. Raises NotFound, Conflict."""
    sub = await own(conn, actor, subscription_id)
    if sub.mode is not Mode.PUSH or await store.letter(conn, sub.subscription_id, min(seq, MOST_PLACE)) is None:
        raise NotFound("events.dead_letter", N_("Tin này không còn chờ xử lý."))
    if sub.state != "active":
        raise Conflict("events.paused", N_("Đăng ký nhận tin đang tạm dừng. Hãy bật lại trước."))
    if await calls.held(conn, sub.client_no):
        raise Conflict("events.held", N_("Một cảnh báo đang giữ chương trình này nên chưa gửi gì được. Tin vẫn còn: gửi lại khi đã hết giữ."))
    await subscriptions.noted(conn, actor, "send_again", sub)
    return sub
