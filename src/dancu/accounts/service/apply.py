"""Applying for an account of level 1. Handing in takes the same way for everybody: what was written is kept encrypted, a
reference and a day are answered, and only afterwards, in a job, the registry and the operators are asked. So neither the
answer nor the time it takes says anything about whose number it is.
"""

from __future__ import annotations

import hmac
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from dancu.accounts.models import AccountState, Contacts
from dancu.accounts.models.application import Application, ApplicationState, Claim
from dancu.accounts.models.locks import Ground
from dancu.accounts.rules import rule_on
from dancu.accounts.service import activate, core, locks
from dancu.accounts.service.claims import open_claim, seal_claim, seal_portrait
from dancu.accounts.store import applications as store
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError, Exceeded, FieldError, Invalid, NotFound
from dancu.kernel.names import name_findings, normal_form
from dancu.kernel.numbers import PersonalId, normalize_phone
from dancu.kernel.workdays import add_working_days
from dancu.kit import jobs, messages
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring

CHECK_JOB = "accounts:check_application"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_SECONDS = 600
_OLDEST = 130
_NOT_IN_NAMES = {"person.name.digits", "person.name.encoding", "person.name.characters"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What every applicant is told."""

    ref: str
    due_on: date


def checked_claim(number: str, name: str, birth: str, phone: str, email: str = "") -> Claim:
    """The claim in its kept form. Raises Invalid naming every field that cannot be what it should be; says nothing of
    the registry."""
    wrong: list[FieldError] = []
    kept_number = _try(wrong, "number", lambda: PersonalId.parse(number).value)
    kept_birth = _try(wrong, "birth", lambda: _born(birth))
    kept_phone = _try(wrong, "phone", lambda: normalize_phone(phone)) if phone else ""
    if len(name.split()) < 1 or len(name) > 120:
        wrong.append(FieldError("name", "application.name", N_("Hãy viết họ, chữ đệm và tên như trên giấy tờ.")))
    elif _NOT_IN_NAMES & {one.code for one in name_findings(normal_form(name))}:
        wrong.append(FieldError("name", "application.name_characters", N_("Họ tên chỉ gồm chữ. Hãy bỏ chữ số và ký tự lạ.")))
    mail = email.strip()
    if mail and (len(mail) > 200 or not messages.is_mail(mail)):
        wrong.append(FieldError("email", "application.email", N_("Địa chỉ thư chưa đúng. Ví dụ: ten@example.vn.")))
    if wrong:
        raise Invalid("application.claim", N_("Một số mục chưa đúng. Xin xem lại từng mục."), fields=tuple(wrong))
    return Claim(kept_number, " ".join(name.split()), kept_birth, kept_phone, mail)


def _born(text: str) -> str:
    """Raises Invalid also for a day that has not come, or on which nobody alive was born."""
    birth = PartialDate.from_iso(text)
    first, today = birth.earliest(), SYSTEM_CLOCK.today()
    if first > today or first.year < today.year - _OLDEST:
        raise Invalid("application.birth", N_("Ngày sinh này không thể có. Hãy xem lại năm sinh."))
    return str(birth)


def _try(wrong: list[FieldError], field: str, make: Callable[[], str]) -> str:
    try:
        return make()
    except DancuError as error:
        wrong.append(FieldError(field, error.code, error.message, tuple(error.params.items())))
        return ""


async def submit(
    conn: Conn, claim: Claim, *, portrait: bytes | None = None, portrait_checked: bool = False, network: str = "",
    language: str = "vi", guardian_key: int | None = None, channel: str = "online", assisted: bool = False, once: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Receipt:  # fmt: skip
    """Hand an application in. The same receipt whatever the registry knows. `once`: names the filling-in this comes from;
    the same claim sent from it again (a button pressed twice, a page loaded anew) is the same application. Raises Exceeded
    where this network sends very many; a mere lot goes to an officer instead of being approved by itself."""
    today = clock.today()
    rule = rule_on(today)
    ref = _ref_of(once, claim, guardian_key) if once else new_ref()
    if once and (sent := await _sent_before(conn, ref)):
        return sent
    busy = await _charge(conn, claim, network)
    due = add_working_days(today, rule.level_1_days)
    new = await store.insert(
        conn, ref, claimed=seal_claim(ref, claim), portrait=seal_portrait(ref, portrait), language=language, rule=rule.code,
        phone_index=core.phone_index(claim.phone) if claim.phone else None, due_on=due, level=1, channel=channel,
        assisted=assisted, guardian_key=guardian_key, findings={"busy": busy, "portrait_checked": portrait_checked},
    )  # fmt: skip
    if not new:  # the same button pressed twice, at the same moment
        return await _sent_before(conn, ref) or Receipt(ref, due)
    await jobs.defer(conn, CHECK_JOB, {"ref": ref})
    told = await _told(conn, claim, guardian_key)
    if told and not busy:
        await core.tell(conn, Contacts(phone=told), "received", ref=ref, lang=language, due=f"{due:%d/%m/%Y}", child=None if claim.phone else claim.name)
    return Receipt(ref, due)


async def _told(conn: Conn, claim: Claim, guardian_key: int | None) -> str:
    """The phone that hears of this application: the applicant's, a child's guardian's; "" where there is none."""
    if claim.phone or guardian_key is None:
        return claim.phone
    return (await core.contacts(conn, guardian_key)).phone


async def _charge(conn: Conn, claim: Claim, network: str) -> bool:
    """Count this one; whether so many came that none of them approves itself. Nobody is shut out by others' tries: only
    one's own network can be told to wait."""
    place = throttle.network_of(network)
    here = throttle.bucket("eid apply network", place, burst=40, seconds=120)
    soft = [
        throttle.bucket("eid apply network, soft", place, burst=10, seconds=360),
        throttle.bucket("eid apply number", claim.number, burst=3, seconds=8 * 3600),
        throttle.bucket("eid apply phone", claim.phone or place, burst=3, seconds=8 * 3600),
    ]
    if wait := await throttle.wait_seconds(conn, [here]):
        raise Exceeded(
            "application.wait", N_("Có quá nhiều hồ sơ từ mạng này. Xin thử lại sau {seconds} giây."), seconds=math.ceil(wait)
        )
    busy = await throttle.wait_seconds(conn, soft) > 0
    await throttle.charge(conn, [here, *soft])
    return busy


def new_ref() -> str:
    """A reference drawn at random (50 bits), without letters people mistake."""
    return _ref(secrets.token_bytes(10))


def _ref(drawn: bytes) -> str:
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn[:10])
    return f"DK-{letters[:5]}-{letters[5:]}"


def _ref_of(once: str, claim: Claim, guardian_key: int | None) -> str:
    """The reference of this claim from this filling-in: nobody without the key can tell it beforehand."""
    said = [once, claim.number, claim.name, claim.birth, claim.phone, claim.email, str(guardian_key or "")]
    return _ref(ring().mac("application.once", "\n".join(said).encode()))


async def _sent_before(conn: Conn, ref: str) -> Receipt | None:
    application_id = await store.open_by_ref(conn, ref)
    found = await store.application(conn, application_id) if application_id else None
    return Receipt(found.ref, found.due_on) if found else None


# -- where it stands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What the applicant may know: never why an officer looks. `follows`: what has become of the account that was
    approved: "awaits_card" (locked until one is in force), "waits" (for its activation, till the end of `until`), "lapsed" (its days are
    over), "in_use", "locked"; "" where there is none."""

    ref: str
    state: ApplicationState
    due_on: date
    late: bool
    follows: str = ""
    until: date | None = None


async def send_state_code(conn: Conn, ref: str, phone: str) -> None:
    """A code to the phone of the application, where reference and phone belong together; otherwise nothing, and nobody
    can tell. Raises Exceeded where codes of this reference were sent too often."""
    own = throttle.bucket("eid state code", ref, burst=3, seconds=300)
    if wait := await throttle.wait_seconds(conn, [own]):
        raise Exceeded("code.wait", N_("Mã vừa được gửi. Xin đợi {seconds} giây rồi xin mã khác."), seconds=math.ceil(wait))
    await throttle.charge(conn, [own])
    to = _phone(phone)
    claim = await _claim_by_ref(conn, ref)
    if claim is None or not hmac.compare_digest(claim.phone.encode(), to.encode()):
        return
    text = gettext(N_("{code} là mã xem hồ sơ định danh, dùng trong 10 phút. Không đưa mã cho ai."), code=_code(ref, to, _slot()))
    await messages.send(conn, channel="sms", to=to, text=text, kind="account.state", person_key=None, ref=ref)


async def standing(conn: Conn, ref: str, phone: str, code: str, *, clock: Clock = SYSTEM_CLOCK) -> Standing:
    """Where the application stands, for whoever holds its phone. Raises Invalid for a wrong code, as for a wrong
    reference."""
    to = _phone(phone)
    tries = throttle.bucket("eid state try", ref, burst=5, seconds=120)
    wait = await throttle.wait_seconds(conn, [tries])
    await throttle.charge(conn, [tries])
    given = "".join(code.split()).encode()
    right = any(hmac.compare_digest(_code(ref, to, slot).encode(), given) for slot in (_slot(), _slot() - 1))
    claim = await _claim_by_ref(conn, ref)
    if wait or not right or claim is None or claim.phone != to:
        message = N_("Mã chưa đúng hoặc đã hết hạn. Xin mã khác.")
        raise Invalid("application.code", message, fields=(FieldError("code", "application.code", message),))
    application_id = await store.open_by_ref(conn, ref)
    found = await store.application(conn, application_id or 0)
    if found is None:
        raise NotFound("application.unknown", N_("Không có hồ sơ này."))
    shown = ApplicationState.WAITING if found.state.open else found.state
    return Standing(ref, shown, found.due_on, found.state.open and found.due_on < clock.today(), *await _follows(conn, found))


async def _follows(conn: Conn, application: Application) -> tuple[str, date | None]:
    account = None
    if application.state is ApplicationState.APPROVED and application.person_key:
        account = await core.account(conn, application.person_key)
    if account is None:
        return "", None
    if account.state in (AccountState.LOCKED, AccountState.CLOSED):
        card = account.activated_at is None and await locks.why(conn, account.person_key) is Ground.CARD_REVOKED
        return "awaits_card" if card else "locked", None
    if account.state is AccountState.ACTIVE:
        return "in_use", None
    until = account.activate_by
    return ("lapsed", None) if until is not None and until < SYSTEM_CLOCK.now() else ("waits", activate.last_day(until))


def _phone(text: str) -> str:
    try:
        return normalize_phone(text)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("phone", error.code, error.message),)) from None


async def _claim_by_ref(conn: Conn, ref: str) -> Claim | None:
    application_id = await store.open_by_ref(conn, ref)
    if application_id is None:
        return None
    claim, _ = await open_claim(conn, application_id, ref)
    found = await store.application(conn, application_id)
    return replace(claim, phone=await _told(conn, claim, found.guardian_key if found else None))


def _slot() -> int:
    return int(time.time()) // _CODE_SECONDS


def _code(ref: str, phone: str, slot: int) -> str:
    drawn = ring().mac("application.state", f"{ref}|{phone}|{slot}".encode())
    return f"{int.from_bytes(drawn[:8], 'big') % 1_000_000:06d}"


def by_guardian(claim: Claim) -> Claim:
    """A child's account has no phone of its own: its guardian is told."""
    return replace(claim, phone="", email="")
