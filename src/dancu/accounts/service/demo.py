"""An activated account at once, for whoever tries the demonstration or scripts it. Refused in any other database."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.access import service as access
from dancu.accounts.models import AccountState
from dancu.accounts.service import activate, core
from dancu.accounts.service.check import commune_of, eid_purpose, registered_contacts
from dancu.accounts.store import activation as store
from dancu.accounts.store import authenticators as secrets_store
from dancu.kernel.actor import SYSTEM
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kernel.numbers import PersonalId, normalize_phone
from dancu.kit.authn import passwords
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.service import keys_by_number
from dancu.population.service.verify import release

_FEWEST, _MOST = 4, 64


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What the command answers."""

    personal_id: str
    level: int
    state: str
    phone: str
    created: bool


async def account(conn: Conn, number: str, *, level: int, passcode: str, phone: str = "") -> DemoAccount:
    """The activated account of the person with this number, made or brought to `level`, with this passcode (any, so that
    scripts may be written down; where citizens choose, weak ones are refused). Phone: as given, else the registry's where
    it is free, else one made up of the number. Raises NotAllowed outside a demonstration, NotFound, Invalid, Conflict for somebody who
    died and for an account that is locked."""
    if not await access.is_demo(conn):
        raise NotAllowed("demo.off", N_("Cơ sở dữ liệu này không phải bản trình diễn."))
    if level not in (1, 2) or not _FEWEST <= len(passcode) <= _MOST:
        raise Invalid("demo.account", N_("Mức là 1 hoặc 2; mật mã dài từ 4 đến 64 ký tự."))
    digits = PersonalId.parse(number).value
    keys = await keys_by_number(conn, digits)
    if not keys:
        raise NotFound("person.not_found", N_("Không tìm thấy người này trong cơ sở dữ liệu dân cư. Hãy kiểm tra lại số."))
    actor, purpose = SYSTEM, eid_purpose()
    view = await release(conn, actor, purpose, keys[0], ("contacts", "residence"))
    if view.alive_until is not None or view.death is not None:
        raise Conflict("demo.not_alive", N_("Cơ sở dữ liệu ghi người này đã mất."))
    key = view.merged_into or view.person_key
    await core.open(conn, [key])
    restarted = await store.restart_made_up(conn, key, level)
    found = await core.account(conn, key)
    if found is None or restarted:
        chosen = normalize_phone(phone) if phone else await _free_phone(conn, registered_contacts(view).phone, digits)
    if restarted:
        await core.set_contact(conn, actor, purpose, key, phone=chosen, verified=True, second_factor=True)
    elif found is None:
        await core.create(
            conn, actor, purpose, key, level=level, channel="demo", phone=chosen, email=registered_contacts(view).email,
            unit_id=commune_of(view.areas), phone_verified=True,
        )  # fmt: skip
    elif phone:
        await core.set_contact(conn, actor, purpose, key, phone=phone, verified=True, second_factor=True)
    if found is not None and found.level < level:
        await core.raise_level(conn, actor, purpose, key, level, channel="demo")
    await _keep(conn, key, passcode)
    now = await core.existing(conn, key)
    if now.state in (AccountState.APPROVED, AccountState.NOTIFIED):
        await activate.invite(conn, key)
        await activate.activate(conn, actor, key, purpose=purpose)
    now = await core.existing(conn, key)
    if now.state is not AccountState.ACTIVE:
        raise Conflict("demo.not_active", N_("Tài khoản này đang khóa hoặc đã đóng. Hãy mở khóa trước, hoặc chọn người khác."))
    return DemoAccount(digits, now.level, now.state.value, (await core.contacts(conn, key)).phone, found is None)


async def _free_phone(conn: Conn, registered: str, digits: str) -> str:
    if registered and await core.by_phone(conn, registered) is None:
        return registered
    # 059 is a prefix no demonstration person of ours was given.
    tail = int(digits) % 10_000_000
    for step in range(1000):
        made = f"+8459{(tail + step) % 10_000_000:07d}"
        if await core.by_phone(conn, made) is None:
            return made
    raise NotFound("demo.phone", N_("Không còn số điện thoại mẫu."))


async def _keep(conn: Conn, key: int, passcode: str) -> None:
    hashed = await passwords.hash_password(passcode)
    await core.open(conn, [key])
    await secrets_store.revoke_kind(conn, key, "passcode")
    made = await secrets_store.add(conn, key, "passcode", "")
    await secrets_store.keep_secret(conn, key, made, hashed.encode())


