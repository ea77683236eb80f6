"""Helpers: members of community teams and volunteers who guide on the citizen's own phone or at a kiosk.

A helper has no session and no right: nothing here looks anybody up. The code of a helper, typed into the citizen's browser,
marks what is done there as assisted for two hours, in a cookie signed by this installation.
"""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Final

from dancu.access import service as access
from dancu.accounts.models.level2 import Helper
from dancu.accounts.service import offices
from dancu.accounts.store import offices as store
from dancu.audit import service as audit
from dancu.kernel.actor import Actor
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

COOKIE: Final = "dancu_helped"
SECONDS: Final = 2 * 3600
# Without letters and digits that people confuse.
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LENGTH: Final = 8


def normalize_code(text: str) -> str:
    return "".join(ch for ch in text.upper() if ch in _ALPHABET)


def _index(code: str) -> bytes:
    return ring().blind_index(code.encode(), table="accounts.helper", column="code")


async def add(conn: Conn, actor: Actor, office_id: int, name: str, team: str = "") -> tuple[int, str]:
    """A helper of one of the organisation's offices: (number, code). The code is shown this once."""
    access.require(actor, offices.PERMISSION)
    await offices.own(conn, actor, office_id)
    if not name.strip():
        raise Invalid("helper.name", N_("Hãy ghi tên người hướng dẫn."))
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        made = await store.add_helper(
            conn, office_id, name=name.strip()[:120], team=team.strip()[:120], code_index=_index(code), added_by=actor.actor_id
        )
        if made is not None:
            break
    await _recorded(conn, actor, "helper.add", made)
    return made, f"{code[:4]}-{code[4:]}"


async def end(conn: Conn, actor: Actor, helper_id: int) -> None:
    """The helper's code counts no more."""
    access.require(actor, offices.PERMISSION)
    found = await store.helper(conn, helper_id)
    if found is None or found.ended_at is not None:
        raise NotFound("helper.unknown", N_("Không có người hướng dẫn này."))
    await offices.own(conn, actor, found.office_id)
    await store.end_helper(conn, helper_id)
    await _recorded(conn, actor, "helper.end", helper_id)


async def of_office(conn: Conn, office_id: int) -> list[Helper]:
    return await store.helpers(conn, office_id)


async def begin(conn: Conn, code: str) -> str:
    """The cookie's value for a helper's code. Raises Invalid for a code nobody has."""
    found = await store.helper_by_code(conn, _index(normalize_code(code)))
    if found is None:
        raise Invalid("helper.code", N_("Mã người hướng dẫn chưa đúng. Hãy hỏi lại người đang giúp bạn."))
    until = int(time.time()) + SECONDS
    return f"{found.helper_id}.{until}.{_mark(found.helper_id, until)}"


def _mark(helper_id: int, until: int) -> str:
    return ring().mac("helped", f"{helper_id}.{until}".encode()).hex()[:32]


def of_mark(said: str) -> int | None:
    """Whose mark (`begin`) a browser holds; None for one that ran out, was altered or is none."""
    parts = said.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 15 for p in parts[:2]):
        return None
    helper_id, until = int(parts[0]), int(parts[1])
    if until < time.time() or not hmac.compare_digest(parts[2].encode(), _mark(helper_id, until).encode()):
        return None
    return helper_id


async def _recorded(conn: Conn, actor: Actor, verb: str, helper_id: int) -> None:
    await audit.record(
        conn, actor, access.choose_purpose("administration"), action="system", subjects=[None], fields=[],
        note={"verb": verb, "helper": helper_id},
    )  # fmt: skip
