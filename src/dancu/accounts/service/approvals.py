"""Asking a citizen who is not at the asker's own page: the hotline, a bank's counter, a cash machine. The citizen sees who
asks, for what, and the same words the asker shows, and answers in a session that proved two factors."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from dancu.accounts.models import SignIn
from dancu.accounts.models.approvals import Answer, Approval, ApprovalState
from dancu.accounts.service import core, push, sign_in
from dancu.accounts.store import approvals as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, Exceeded, Invalid, NotAllowed
from dancu.kit import messages
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext, use_language

ACR = 2
MOST_WAITING = 5
LONGEST_TEXT = 120
# What a telephone makes a link of: the message goes out as an SMS, and whoever asks may be a thief.
_ADDRESS = re.compile(
    r"://|www\.|[^\W_][.](?:[a-z]{2}|com|net|org|info|biz|gov|edu|xyz|top|app|dev|link|shop|site|online|club|icu|live|store|website|space|fun|pro|mobi|asia|click)"
    r"(?![^\W_])|[^\W_][.][a-z]{2,}/|[^\s@]@[^\s@]+[.]", re.IGNORECASE,
)  # fmt: skip
_TEXT = N_("{org} hỏi ý kiến của bạn: {text} Xem và trả lời tại mục Yêu cầu trong tài khoản. Không phải bạn đang làm thì từ chối.")


async def ask(
    conn: Conn, key: int, *, client_no: int, client_name: str, org_name: str, kind: str, text: str, purpose: str, seconds: int,
    client_name_en: str = "", org_code: str = "",
) -> str:
    """Ask; the approval's id, which only the asking room should know. The citizen is told by message. `key` 0, a negative one (nobody,
    but the same nobody each time) or a person without a usable account: an id is answered all the same, and nobody will ever
    approve. Raises Invalid for a text that is too long or holds an address, Exceeded where too much waits for this citizen already."""
    if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable() or _ADDRESS.search(text):
        raise Invalid("approval.text", N_("Lời nhắn cần ngắn, không chứa địa chỉ trang."))
    await core.open(conn, [key])
    account = await core.account(conn, key)
    usable = account is not None and account.usable
    if key:
        # Counted for who is not there as for who is: that no more may be asked must not say that there is an account.
        asked = throttle.bucket("approval asked", str(key), burst=10, seconds=120)
        if await store.waiting_count(conn, key) >= MOST_WAITING or await throttle.wait_seconds(conn, [asked]):
            raise Exceeded("approval.many", N_("Người này đang có nhiều yêu cầu chờ trả lời. Xin thử lại sau."), seconds=60)
        await throttle.charge(conn, [asked])
    approval_id = await store.insert(conn, key, client_no, (client_name, client_name_en, org_name), kind, text, purpose, seconds)
    if usable and account is not None:
        asker = {"org": org_name, "org_code": org_code} if org_name else {"org": client_name, "org_en": client_name_en}
        contacts = await core.contacts(conn, key)
        if contacts.phone:
            with use_language(account.language):
                said = gettext(_TEXT, org=await core.asker_name(conn, asker), text=f"“{text}”.")
            await messages.send(
                conn, channel="sms", to=contacts.phone, text=said, kind="account.approval", person_key=key,
                language=account.language,
            )  # fmt: skip
        await push.tell_devices(
            conn, key, push.APPROVAL, kind="account.approval", language=account.language, life=timedelta(seconds=seconds)
        )
        await core.happened(conn, key, "approval_asked", client=client_no, **asker)
    return approval_id


async def answer(conn: Conn, approval_id: str) -> Answer | None:
    """How it stands, with what the citizen's session proved; None for an id that is none."""
    found = id_of(approval_id)
    return await store.answer(conn, found) if found else None


async def state(conn: Conn, approval_id: str) -> str:
    """"pending", "approved", "denied" or "expired"; an unknown id is expired."""
    found = await answer(conn, approval_id)
    return (found.state if found else ApprovalState.EXPIRED).value


async def of_actor(conn: Conn, actor: Actor, *, limit: int = 30) -> list[Approval]:
    """The citizen's own: what waits first, then what was."""
    await core.open(conn, [actor.actor_id])
    return await store.recent(conn, actor.actor_id, limit)


async def decide(conn: Conn, actor: Actor, purpose: Purpose, approval_id: str, *, approve: bool, acr: int = ACR) -> None:
    """The citizen's answer. To approve, the session must have proved two factors, or the level `acr` (NotAllowed "approval.level"); to refuse,
    any session will do. The same answer again (a button pressed twice) changes nothing. Raises Conflict where the other was given or it is too late."""
    signed: SignIn | None = await sign_in.current(conn, actor)
    if approve and (signed is None or signed.acr < max(acr, ACR)):
        raise NotAllowed("approval.level", N_("Muốn đồng ý, bạn cần xác nhận thêm một bước."))
    found = id_of(approval_id)
    await core.open(conn, [actor.actor_id])
    outcome = ApprovalState.APPROVED if approve else ApprovalState.DENIED
    if found is None or not await store.decide(conn, actor.actor_id, found, outcome, signed):
        before = await store.answer(conn, found) if found else None
        if before is not None and (before.person_key, before.state) == (actor.actor_id, outcome):
            return
        raise Conflict("approval.closed", N_("Yêu cầu này đã được trả lời hoặc đã hết hạn."))
    await audit.record(
        conn, actor, purpose, action="write", subjects=[actor.actor_id], fields=["approval"],
        note={"verb": f"account.approval.{outcome.value}"},
    )  # fmt: skip
    await core.happened(conn, actor.actor_id, f"approval_{outcome.value}")


def id_of(text: str) -> UUID | None:
    """An id as `ask` gives them; None for any other text."""
    try:
        return UUID(text)
    except ValueError:
        return None
