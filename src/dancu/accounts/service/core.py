"""The account itself: made, raised, opened; its contacts and its history. Other modules of the room and the OpenID
provider build on these verbs; who may call them is settled before (a session, an officer's act, a bound token)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dancu.access import service as access
from dancu.accounts.models import Account, AccountState, Contacts, Happening
from dancu.accounts.policy.level2 import age_on
from dancu.accounts.service import links
from dancu.accounts.store import core as store
from dancu.accounts.texts import CALL, GIVES, OF_CHILD, OF_SOMEBODY, TEXTS
from dancu.audit import service as audit
from dancu.kernel.actor import SYSTEM, Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, NotFound
from dancu.kernel.numbers import normalize_phone
from dancu.kit import messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext, language
from dancu.kit.ring import ring
from dancu.population.service.verify import release

_TABLE = "accounts.account"
OF_AGE = 18
_KEPT_WITH = {"org_code", "org_en"}


async def open(conn: Conn, keys: Sequence[int]) -> None:
    """Show these accounts to the rest of the transaction."""
    await store.open_accounts(conn, keys)


async def account(conn: Conn, key: int, *, lock: bool = False) -> Account | None:
    """The person's account, opened; None where there is none. `lock`: held against changes until the transaction ends."""
    await store.open_accounts(conn, [key])
    return await store.account(conn, key, lock=lock)


async def existing(conn: Conn, key: int, *, lock: bool = False) -> Account:
    """As `account`; raises NotFound where there is none."""
    found = await account(conn, key, lock=lock)
    if found is None:
        raise NotFound("account.none", N_("Người này chưa có tài khoản định danh."))
    return found


async def create(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, level: int, channel: str = "online", phone: str = "",
    email: str = "", language: str = "vi", office: str = "", unit_id: int | None = None, assisted: bool = False,
    guardian_key: int | None = None, phone_verified: bool = False, email_verified: bool = False,
) -> Account:  # fmt: skip
    """Open an account, state approved; nothing is sent (service.activate.invite does). Raises Conflict where the person
    has one ("account.exists") or the phone serves another account ("account.phone_taken"), Invalid for a bad phone."""
    fields = _sealed(key, phone, email)
    await store.open_accounts(conn, [key])
    if fields.phone_index is not None and not await store.claim_phone(conn, fields.phone_index, key):
        raise Conflict("account.phone_taken", N_("Số điện thoại này đang dùng cho một tài khoản khác."))
    made = await store.insert(
        conn, key, fields, level=level, channel=channel, language=language, office=office, unit_id=unit_id,
        assisted=assisted, guardian_key=guardian_key, phone_verified=phone_verified, email_verified=email_verified,
    )  # fmt: skip
    if made is None:
        raise Conflict("account.exists", N_("Người này đã có tài khoản định danh."))
    await _recorded(conn, actor, purpose, key, {"verb": "account.create", "level": level, "channel": channel})
    await store.add_happening(conn, key, "approved", {"level": level, "channel": channel})
    return made


async def raise_level(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, level: int, *, channel: str = "counter", office: str = ""
) -> int:
    """A higher level; what was issued before must be issued anew. Returns the new lock version. Raises NotFound without
    an account, Conflict where the level is held already."""
    await existing(conn, key)
    version = await store.set_level(conn, key, level, channel, office)
    if version is None:
        raise Conflict("account.level_held", N_("Tài khoản đã ở mức này hoặc cao hơn."))
    await _recorded(conn, actor, purpose, key, {"verb": "account.raise_level", "level": level, "channel": channel})
    await store.add_happening(conn, key, "level", {"level": level, "channel": channel})
    return version


async def bump(conn: Conn, key: int) -> int:
    """The next lock version: everything bound to the one before is worthless from now on."""
    await store.open_accounts(conn, [key])
    version = await store.bump(conn, key)
    if version is None:
        raise NotFound("account.none", N_("Người này chưa có tài khoản định danh."))
    return version


async def set_state(conn: Conn, key: int, state: AccountState) -> int:
    """Another state, and with it the next lock version. Which change is allowed the caller knows (locks, activation)."""
    await store.open_accounts(conn, [key])
    version = await store.set_state(conn, key, state.value)
    if version is None:
        raise NotFound("account.none", N_("Người này chưa có tài khoản định danh."))
    return version


async def lock_versions(conn: Conn, keys: Sequence[int]) -> dict[int, int]:
    """Lock version of each usable account among `keys`; one that is locked, closed or not activated is left out. One statement; opens nothing."""
    return await store.lock_versions(conn, keys)


async def contacts(conn: Conn, key: int) -> Contacts:
    """Where the holder is reached; empty where there is no account."""
    await store.open_accounts(conn, [key])
    found = await store.contact_fields(conn, key)
    if found is None:
        return Contacts()
    phone, email, phone_verified, email_verified = found
    return Contacts(_unsealed(key, "phone", phone), _unsealed(key, "email", email), phone_verified, email_verified)


async def by_phone(conn: Conn, phone: str) -> int | None:
    """Whose account the phone serves. Raises Invalid for what is no phone number."""
    return await store.holder_of_phone(conn, phone_index(phone))


async def set_contact(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, phone: str | None = None, email: str | None = None,
    verified: bool = False, second_factor: bool = False,
) -> None:  # fmt: skip
    """Another phone or e-mail (None: as it is; "": none any more). `second_factor`: the change was confirmed by something
    else than the old phone, so text messages count at once, also to the one that was there. The old contacts are told by the caller before, the new ones
    after. Raises NotFound, Invalid, Conflict ("account.phone_taken")."""
    await existing(conn, key, lock=True)
    now = await contacts(conn, key)
    fields = _sealed(key, now.phone if phone is None else phone, now.email if email is None else email)
    if fields.phone_index is not None and not await store.claim_phone(conn, fields.phone_index, key):
        raise Conflict("account.phone_taken", N_("Số điện thoại này đang dùng cho một tài khoản khác."))
    await store.free_phones(conn, key, but=fields.phone_index)
    await store.set_contacts(
        conn, key, fields,
        phone_verified=now.phone_verified if phone is None else verified and bool(phone),
        email_verified=now.email_verified if email is None else verified and bool(email),
        cool=None if phone is None else not second_factor,
    )  # fmt: skip
    changed = [name for name, value in (("phone", phone), ("email", email)) if value is not None]
    await _recorded(conn, actor, purpose, key, {"verb": "account.set_contact", "changed": changed})
    await store.add_happening(conn, key, "contact_changed", {"changed": changed})


async def happened(conn: Conn, key: int, kind: str, **note: Any) -> None:
    """One line of the account's history. `note` holds no personal data."""
    await store.open_accounts(conn, [key])
    await store.add_happening(conn, key, kind, note)


async def happenings(conn: Conn, key: int, *, limit: int = 50) -> list[Happening]:
    """The account's history, newest first; who asked is named as the reader reads it."""
    await store.open_accounts(conn, [key])
    found = await store.happenings(conn, key, limit)
    if language() != "en" or not any(one.note.keys() & _KEPT_WITH for one in found):
        return found
    english = await access.english_names(conn)
    return [replace(one, note={**one.note, "org": _named(one.note, english)}) if one.note.keys() & _KEPT_WITH else one for one in found]


async def asker_name(conn: Conn, note: Mapping[str, Any]) -> str:
    """What the reader calls who asked. `note`: `org`, the Vietnamese name as it was; with it `org_code` (an organisation's) or `org_en`
    (a service's name in English, "" where it has none), or neither, as lines were kept before."""
    return _named(note, await access.english_names(conn)) if language() == "en" else str(note["org"])


def _named(note: Mapping[str, Any], english: Mapping[str, str]) -> str:
    return english.get(note.get("org_code", ""), "") or note.get("org_en") or str(note["org"])


async def record_use(conn: Conn, key: int) -> None:
    """The account was used: the first time counts for the funnel, the last is kept to the hour."""
    await store.open_accounts(conn, [key])
    await store.record_use(conn, key)


async def notify(conn: Conn, key: int, template: str, /, **params: Any) -> int:
    """Tell the holder by phone and, where it is no secret, by e-mail, in the account's language (`accounts.texts`).
    Returns how many messages left; 0 where no contact is known."""
    found = await existing(conn, key)
    to = await contacts(conn, key)
    child = not to.phone and found.guardian_key is not None
    name = None
    if child and found.guardian_key is not None:
        name = await child_name(conn, key)  # a child is told through the guardian
        to = Contacts() if name is None else await contacts(conn, found.guardian_key)
    return await tell(conn, to, template, key=key, lang=found.language, child=name, **params)


async def child_name(conn: Conn, key: int) -> str | None:
    """What the registry calls a child now; "" where that may not be seen; None for who has come
    of age (Civil Code 2015, art. 21): their account is the guardian's business no longer. The look is recorded."""
    try:
        async with conn.transaction():
            view = await release(conn, SYSTEM, access.choose_purpose("eid_account"), key, ("name", "birth"))
    except Exception:  # a notice is worth more than the name in it
        return ""
    if view.born is not None and age_on(view.born, SYSTEM_CLOCK.today()) >= OF_AGE:
        return None
    return view.name.full_name if view.name is not None else ""


async def tell(
    conn: Conn, to: Contacts, template: str, /, *, key: int | None = None, lang: str = "vi", ref: str = "", child: str | None = None, **params: Any
) -> int:
    """As `notify`, to contacts that need not be an account's (an applicant's, the registry's). `child`: they are the guardian's, who may
    have several children and is told which it is about, by the names after the family's; "" where the name is not known."""
    chosen = TEXTS[template]
    text = gettext(chosen.text, lang, **{"gives": gettext(GIVES, lang), "ref": ref, **params})
    if "tổng đài" in chosen.text.lower() and (number := links.hotline()):
        text = f"{text} {gettext(CALL, lang, number=number)}"
    if child is not None:
        called = " ".join(child.split()[1:][-2:]) or child.strip()
        text = gettext(OF_CHILD if called else OF_SOMEBODY, lang, name=called, text=text)
    ways = [("sms", to.phone), *([] if chosen.secret and to.phone else [("email", to.email)])]
    sent = 0
    for channel, address in ways:
        if address:
            await messages.send(
                conn, channel=channel, to=address, text=text, kind=f"account.{template}", person_key=key, ref=ref, language=lang
            )
            sent += 1
    return sent


def phone_index(phone: str) -> bytes:
    """The digest under which a phone is found. Raises Invalid("person.phone.format")."""
    return ring().blind_index(normalize_phone(phone).encode(), table=_TABLE, column="phone")


def _sealed(key: int, phone: str, email: str) -> store.ContactFields:
    kept = normalize_phone(phone) if phone else ""
    mail = email.strip()
    return store.ContactFields(
        ring().encrypt(kept.encode(), table=_TABLE, row=key, column="phone") if kept else None,
        phone_index(kept) if kept else None,
        ring().encrypt(mail.encode(), table=_TABLE, row=key, column="email") if mail else None,
        ring().blind_index(mail.casefold().encode(), table=_TABLE, column="email") if mail else None,
    )


def _unsealed(key: int, column: str, field: bytes | None) -> str:
    return ring().decrypt(bytes(field), table=_TABLE, row=key, column=column).decode() if field else ""


async def _recorded(conn: Conn, actor: Actor, purpose: Purpose, key: int, note: dict[str, Any]) -> None:
    await audit.record(conn, actor, purpose, action="write", subjects=[key], fields=["account"], note=note)
