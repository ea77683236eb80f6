"""Another phone or e-mail. At a desk two officers are needed, of one office or of two; the holder needs a second factor and the new address's own
code. The old contact is told first and may object; a new phone proves nothing by text message for a day unless the
change was confirmed by something else than the old phone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection

from dancu.accounts.models import AccountState
from dancu.accounts.models.recovery import ContactChange
from dancu.accounts.policy import recovery as policy
from dancu.accounts.service import activate, codes, core, locks
from dancu.accounts.service.links import link
from dancu.accounts.service.recovery import has_portrait, listed_for, open_at_desk
from dancu.accounts.store import recovery as store
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from dancu.kernel.numbers import normalize_phone
from dancu.kit import messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

KINDS = ("phone", "email")
# Proofs that do not depend on who holds the phone number.
STRONG = frozenset({"otp", "hwk", "swk", "face", "fpt"})


async def request_at_desk(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: str, value: str, checks: Collection[str]
) -> int:
    """An officer asks for the change; another one applies it, of this office or of any other (`decide_at_desk`). The old
    contact is told now. Returns the change's id. Raises Invalid for the value or a missing proof of identity, Conflict where
    such a change waits or the phone is another account's."""
    await open_at_desk(conn, actor, purpose, key)
    await _require_identity(conn, key, checks)
    await core.existing(conn, key, lock=True)
    await locks.refuse_where_held_back(conn, key)
    kept = await _checked(conn, key, kind, value)
    change_id = await _add(conn, key, kind, kept, sorted(set(checks) & policy.CHECKS), state="requested", actor=actor)
    await _recorded(conn, actor, purpose, key, "contact.request", kind=kind, change_id=change_id)
    await core.happened(conn, key, "contact_asked")
    return change_id


async def decide_at_desk(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, change_id: int, *, grant: bool, reason: str = "", checks: Collection[str] = ()
) -> None:
    """The second officer, who sees the same person, applies or refuses; the holder hears of either. Where it was begun, or right
    above, the officer's word is enough that it is the same person; at any other office `checks` must prove it once more. Raises
    NotAllowed for the first officer, Invalid without that proof, Conflict where it does not wait any more or a lock holds the
    account."""
    await open_at_desk(conn, actor, purpose, key)
    await core.existing(conn, key, lock=True)
    asked, value = await waiting(conn, key, change_id)
    if asked.asked_by == actor.actor_id:
        raise NotAllowed("recovery.second_officer", N_("Cần một cán bộ khác xác nhận, không phải người đã bắt đầu."))
    if checks or not await listed_for(conn, actor, asked.asked_org):
        await _require_identity(conn, key, checks)
    if grant:
        await locks.refuse_where_held_back(conn, key)
    state = "applied" if grant else "refused"
    if not await store.decide_change(conn, key, change_id, state, by=actor.actor_id, reason=" ".join(reason.split())[:500]):
        raise _over()
    checked = sorted(set(checks) & policy.CHECKS)
    await _recorded(conn, actor, purpose, key, "contact.decide", change_id=change_id, grant=grant, identity=checked)
    if grant:
        # A face compared with the registry's portrait is a factor no SIM card gives.
        await _apply(conn, actor, purpose, key, asked.kind, value, strong="face" in {*asked.identity, *checked})
    else:
        await _kept_as_is(conn, key)


async def withdraw_at_desk(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, change_id: int, checks: Collection[str]
) -> None:
    """The holder stands at any office, proves who they are and ends what was begun, here or elsewhere: a number mistyped, an
    office too far away. It can then be begun anew. One officer is enough, the first one too: nothing changes by it. Raises
    Invalid without the proof, NotFound, Conflict where it does not wait any more."""
    await open_at_desk(conn, actor, purpose, key)
    await _require_identity(conn, key, checks)
    await core.existing(conn, key, lock=True)
    asked, _ = await waiting(conn, key, change_id)
    if not await store.withdraw_change(conn, key, asked.change_id):
        raise _over()
    await _recorded(conn, actor, purpose, key, "contact.withdraw", change_id=change_id, identity=sorted(set(checks) & policy.CHECKS))
    await _kept_as_is(conn, key)


async def ask_new(conn: Conn, key: int, kind: str, value: str) -> str:
    """The holder names a new address: a code goes there. Returns the address as kept. That it serves another account is
    said only to who has it in hand (`by_holder`). Raises Invalid, Exceeded."""
    kept = _kept(kind, value)
    await codes.send_code(conn, key, kind, context=kept, to=kept)
    return kept


async def by_holder(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: str, value: str, code: str, *, acr: int, amr: Collection[str]
) -> bool:
    """The holder brings the new address's code; False where it is wrong (the try counts). `acr`, `amr`: what the session
    proved. Raises NotAllowed below two factors."""
    if acr < 2:
        raise NotAllowed("contact.second_factor", N_("Đổi liên lạc cần đăng nhập bằng hai yếu tố. Xin xác nhận thêm một bước."))
    await core.existing(conn, key, lock=True)
    if not await codes.check_code(conn, key, kind, code, context=_kept(kind, value)):
        return False
    async with conn.transaction():  # the try counts whatever happens, a change only as a whole
        kept = await _checked(conn, key, kind, value)
        await _add(conn, key, kind, kept, sorted(amr), state="applied", actor=None)
        await _apply(conn, actor, purpose, key, kind, kept, strong=bool(STRONG & set(amr)))
    return True


async def objected(conn: Conn, token: str) -> tuple[int, int]:
    """What a link of an old contact stands for: (person, change). Raises NotFound where it ended or never was."""
    found = await store.by_objection(conn, _digest(token)) if 20 <= len(token) <= 64 and token.isascii() else None
    if found is None:
        raise NotFound("contact.objection", N_("Đường dẫn này đã hết hạn hoặc đã dùng. Gọi tổng đài nếu bạn nghi có người chiếm tài khoản."))
    return found


async def object_to(conn: Conn, actor: Actor, token: str) -> None:
    """Whoever has the old contact says it was not them: a change that waits is dropped; after one that was applied the
    account is locked until somebody proves at a counter who they are."""
    key, change_id = await objected(conn, token)
    await core.existing(conn, key, lock=True)
    found = await store.change(conn, key, change_id)
    if found is None or not await _objected(conn, actor, key, change_id):
        raise NotFound("contact.objection", N_("Đường dẫn này đã hết hạn hoặc đã dùng. Gọi tổng đài nếu bạn nghi có người chiếm tài khoản."))
    if found[0].state == "applied":
        await locks.suspect(conn, actor, locks.eid_purpose(), key, way="objection")


async def own_waiting(conn: Conn, key: int) -> list[ContactChange]:
    """What waits for a second officer, for the holder: without the new value, which somebody else may have had written down."""
    await core.open(conn, [key])
    return [change for change, _ in await store.waiting_changes(conn, key)]


async def stop_own(conn: Conn, actor: Actor, key: int, change_id: int) -> None:
    """The signed-in holder says that what waits is not theirs: it is dropped, as by the link of the old contact, which hears so.
    Raises Conflict where it does not wait any more."""
    await core.existing(conn, key, lock=True)
    if change_id not in {change.change_id for change in await own_waiting(conn, key)} or not await _objected(conn, actor, key, change_id):
        raise _over()
    await core.notify(conn, key, "contact.kept")


async def lapse(conn: Conn, *, most: int = 200) -> int:
    """End the changes that waited a day for nothing, and tell each holder, by the contact that stays. How many (worker)."""
    over = await store.lapse_changes(conn, most)
    for key, change_id in over:
        await _recorded(conn, SYSTEM, locks.eid_purpose(), key, "contact.lapse", change_id=change_id)
        await core.happened(conn, key, "contact_lapsed")
        await locks.tell(conn, key, "contact.lapsed")
    return len(over)


async def waiting(conn: Conn, key: int, change_id: int) -> tuple[ContactChange, str]:
    """A change of an opened account and its new value, for the second officer to compare with what the person says.
    Raises NotFound."""
    found = await store.change(conn, key, change_id)
    if found is None:
        raise NotFound("contact.unknown", N_("Không có yêu cầu đổi liên lạc này."))
    return found[0], _opened(key, *found)


async def all_waiting(conn: Conn, key: int) -> list[tuple[ContactChange, str]]:
    """Every change of an opened account that waits, begun at whatever office, with its new value."""
    return [(change, _opened(key, change, sealed)) for change, sealed in await store.waiting_changes(conn, key)]


_TABLE = "accounts.contact_change"


def _opened(key: int, change: ContactChange, sealed: bytes) -> str:
    return ring().decrypt(sealed, table=_TABLE, row=key, column=change.kind).decode()


async def _require_identity(conn: Conn, key: int, checks: Collection[str]) -> None:
    if not policy.identity_enough(checks, has_reference=await has_portrait(conn, key)):
        raise Invalid("recovery.identity", N_("Cần đọc thẻ và so khuôn mặt. Chỉ khi chưa có ảnh chân dung gốc mới thay bằng cán bộ nhận mặt theo ảnh trên thẻ."))


def _over() -> Conflict:
    return Conflict("contact.decided", N_("Yêu cầu đổi liên lạc này đã được quyết định, hết hạn hoặc bị phản đối."))


async def _objected(conn: Conn, actor: Actor, key: int, change_id: int) -> bool:
    if not await store.object_to(conn, key, change_id):
        return False
    await store.cancel_open(conn, key)
    await _recorded(conn, actor, locks.eid_purpose(), key, "contact.object", change_id=change_id)
    await core.happened(conn, key, "contact_objected")
    return True


async def _kept_as_is(conn: Conn, key: int) -> None:
    """Who was told that a change is under way hears that it ended."""
    await core.happened(conn, key, "contact_kept")
    await core.notify(conn, key, "contact.kept")


async def _add(
    conn: Conn, key: int, kind: str, value: str, identity: list[str], *, state: str, actor: Actor | None
) -> int:  # fmt: skip
    token = secrets.token_urlsafe(24)
    change_id = await store.add_change(
        conn, key, kind=kind, value=ring().encrypt(value.encode(), table=_TABLE, row=key, column=kind), identity=identity,
        state=state, asked_by=actor.actor_id if actor else None, org=actor.org_code if actor else "",
        expires_at=SYSTEM_CLOCK.now() + policy.CHANGE_LIVES, objection_digest=_digest(token),
    )  # fmt: skip
    if change_id is None:
        raise Conflict("contact.waiting", N_("Đã có yêu cầu đổi liên lạc này đang chờ cán bộ thứ hai. Hãy xác nhận hoặc dừng yêu cầu đó trước; quá 24 giờ yêu cầu tự hết."))
    # Before anything changes: these go to the contacts as they are.
    await core.notify(conn, key, "contact.changing", url=link(f"/eid/objection/{token}"))
    return change_id


async def _apply(conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: str, value: str, *, strong: bool) -> None:
    phone, email = (value, None) if kind == "phone" else (None, value)
    unused = (await core.existing(conn, key)).state in (AccountState.APPROVED, AccountState.NOTIFIED)
    # Nobody has used it yet: there is nothing to keep from whoever has the new phone, and activating proves it.
    await core.set_contact(conn, actor, purpose, key, phone=phone, email=email, verified=True, second_factor=strong or unused)
    await core.notify(conn, key, "contact_changed")
    if kind == "phone" and unused:
        await activate.invite(conn, key)  # the code that lies on the wrong phone is worth nothing from now on


async def _checked(conn: Conn, key: int, kind: str, value: str) -> str:
    kept = _kept(kind, value)
    holder = await core.by_phone(conn, kept) if kind == "phone" else None
    if holder is not None and holder != key:
        raise Conflict("account.phone_taken", N_("Số điện thoại này đang dùng cho một tài khoản khác."))
    return kept


def _kept(kind: str, value: str) -> str:
    """The address as it is kept. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid("contact.kind", N_("Hãy chọn điện thoại hoặc thư điện tử."))
    if kind == "phone":
        return normalize_phone(value)
    mail = "".join(value.split())
    if len(mail) > 254 or not messages.is_mail(mail):
        message = N_("Thư điện tử chưa đúng dạng ten@vidu.vn.")
        raise Invalid("contact.email", message, fields=(FieldError("value", "contact.email", message),))
    return mail


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int, verb: str, **note: object) -> None:
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["account"], note={"verb": f"account.{verb}", **note}
    )
