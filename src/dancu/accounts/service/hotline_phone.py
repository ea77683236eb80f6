"""The hotline asks a caller who can still sign in on their own phone instead of putting questions: the citizen sees who asks, for
what, and the words the agent reads out, and answers with two factors. What they agreed to may be done, and nothing else."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dancu.access import service as access
from dancu.accounts.models.approvals import ApprovalState
from dancu.accounts.models.recovery import Call
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service import approvals, core
from dancu.accounts.service.hotline import PERMISSION
from dancu.accounts.service.sign_in import identify
from dancu.accounts.service.sign_in.begin import anonymous
from dancu.accounts.store import recovery as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Exceeded, FieldError, Invalid, NotFound
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring

KIND, ASKER = "hotline", N_("Tổng đài tài khoản định danh")
SECONDS: Final = 300
#: What an agent may ask for: code -> the words the citizen reads. "caller" proves who speaks, and opens nothing.
WISHES: Final = {
    "caller": N_("xác nhận chính bạn đang gọi tổng đài"),
    "lock": N_("khóa tài khoản của bạn"),
    "recover": N_("gửi cho bạn đường dẫn chọn mật mã mới"),
}
_TEXT = N_("Mã cuộc gọi {code}: {wish}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked. `text`: the words on the citizen's phone, which the agent reads out."""

    approval_id: str
    wish: str
    text: str

    def sealed(self, actor: Actor) -> str:
        """For the address of the page where the agent waits: nobody else can open it, and it names nobody."""
        plain = json.dumps([self.approval_id, self.wish, self.text]).encode()
        return ring().encrypt(plain, table="accounts.hotline", row=actor.actor_id, column="asked").hex()

    @classmethod
    def unsealed(cls, actor: Actor, text: str) -> Asked:
        """Raises NotFound for what this agent did not ask."""
        try:
            plain = ring().decrypt(bytes.fromhex(text), table="accounts.hotline", row=actor.actor_id, column="asked")
            return cls(*json.loads(plain))
        except (DancuError, ValueError, TypeError):
            raise NotFound("hotline.no_ask", N_("Không có lần hỏi này. Hãy hỏi lại từ đầu.")) from None


async def ask(conn: Conn, actor: Actor, purpose: Purpose, number: str, wish: str) -> Asked:
    """Ask whom the number names, on their phone. Whether it names anybody with an account is not told: nobody answers for nobody.
    Raises Invalid, Exceeded where this agent asked too often or too much waits for that citizen."""
    access.require(actor, PERMISSION)
    if wish not in WISHES:
        choose = N_("Hãy chọn việc cần hỏi.")
        raise Invalid("hotline.wish", choose, fields=(FieldError("wish", "hotline.wish", choose),))
    asking = [throttle.bucket("hotline asks", str(actor.actor_id), burst=12, seconds=30)]
    if wait := await throttle.wait_seconds(conn, asking):
        raise Exceeded("hotline.asks", N_("Bạn đã hỏi nhiều lần liền nhau. Xin đợi {seconds} giây."), seconds=math.ceil(wait))
    flow, _ = await identify(conn, anonymous(next="/", acr=approvals.ACR), number)
    await throttle.charge(conn, asking)
    key = flow.key or -1 - int.from_bytes(ring().mac("hotline nobody", flow.number.encode())[:7])
    account = await core.account(conn, key) if flow.key else None
    words = gettext(_TEXT, "vi", code=_code(), wish=gettext(WISHES[wish], "vi"))
    organisation = await access.organisation(conn, actor.org_code)
    approval_id = await approvals.ask(
        conn, key, client_no=0, client_name=gettext(ASKER, account.language if account else "vi"),
        org_name=organisation.name if organisation else "", kind=KIND, text=words, purpose=purpose.code, seconds=SECONDS,
    )  # fmt: skip
    await audit.record(
        conn, actor, purpose, action="read", subjects=[flow.key or None], fields=["account"],
        note={"verb": "account.hotline.ask", "wish": wish},
    )  # fmt: skip
    return Asked(approval_id, wish, words)


async def answered(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> tuple[ApprovalState, Call]:
    """How it stands; once approved, the call in which the agent may do what was agreed to, for as long as any call lasts."""
    access.require(actor, PERMISSION)
    found = await approvals.answer(conn, asked.approval_id)
    if found is None or (found.state is ApprovalState.APPROVED and SYSTEM_CLOCK.now() > found.expires_at + policy.CALL_LIVES):
        return ApprovalState.EXPIRED, Call(False)
    if found.state is not ApprovalState.APPROVED:
        return found.state, Call(False)
    await core.open(conn, [found.person_key])
    call_id = await store.add_call_of_approval(
        conn, found.person_key, UUID(asked.approval_id), agent=actor.actor_id, org=actor.org_code, asked=["approval", asked.wish]
    )
    if call_id is None:
        return ApprovalState.EXPIRED, Call(False)
    await audit.record(
        conn, actor, purpose, action="read", subjects=[found.person_key], fields=["account"],
        note={"verb": "account.hotline.answered", "wish": asked.wish},
    )  # fmt: skip
    return found.state, Call(True, found.person_key, call_id)


def _code() -> str:
    """Four digits that agent and caller compare aloud."""
    drawn = f"{secrets.randbelow(10_000):04d}"
    return f"{drawn[:2]} {drawn[2:]}"
