"""The account of level 2: the citizen approves on the phone, or shows a code at the counter."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Final

from dancu.accounts.service import approvals, core
from dancu.exchange.models.residence import Asked, Found, Outcome
from dancu.exchange.service.ways.compared import nobody_there, seen, with_
from dancu.exchange.service.ways.form import lacks, number_of
from dancu.exchange.store import residence as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Exceeded, Invalid
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.kit.ring import ring
from dancu.population import service as population

#: Seconds the citizen has to answer on the phone, and a code is shown.
ASK_SECONDS, CODE_SECONDS = 300, 60
_CODE_DIGITS: Final = 8
_TEXT: Final = N_("Chứng minh nơi cư trú cho hồ sơ {case}")


async def by_account(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, org_name: str) -> Found:
    if asked.code:
        return await _by_code(conn, actor, purpose, asked)
    if asked.token:
        return await _by_approval(conn, actor, purpose, asked)
    number = number_of(asked)
    keys = await population.keys_by_number(conn, number)
    if not keys:
        return await nobody_there(conn, actor, purpose)
    found = await core.account(conn, keys[0])
    if found is None or not found.usable or found.level < 2:
        return Found(Outcome.NO_ACCOUNT)
    text = gettext(_TEXT, found.language, case=asked.case_ref)[: approvals.LONGEST_TEXT]
    approval_id = await approvals.ask(
        conn, keys[0], client_no=0, client_name=org_name, org_code=actor.org_code, org_name=org_name, kind="residence", text=text, purpose=purpose.code,
        seconds=ASK_SECONDS,
    )  # fmt: skip
    return Found(Outcome.WAITING, token=_token(actor, approval_id, asked.case_ref))


async def _by_approval(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    approval_id, _, _ = asked.token.partition(".")
    # The request belongs to who asked, in the dossier they asked for: nobody else uses the citizen's yes.
    if not hmac.compare_digest(asked.token, _token(actor, approval_id, asked.case_ref)):
        raise Invalid("residence.token", N_("Yêu cầu này không phải của hồ sơ đang mở. Hãy hỏi lại."))
    answer = await approvals.answer(conn, approval_id)
    if answer is None or answer.state == "expired":
        return Found(Outcome.TOO_LATE)
    if answer.state == "pending":
        return Found(Outcome.WAITING, token=asked.token)
    if answer.state != "approved":
        return Found(Outcome.DENIED)
    found = await _of_account(conn, actor, purpose, asked, answer.person_key, f"approval:{approval_id}", answer.lock_version)
    return replace(found, how=("agreed",))


def _token(actor: Actor, approval_id: str, case_ref: str) -> str:
    mark = ring().mac("residence approval", f"{approval_id}|{actor.kind}|{actor.actor_id}|{case_ref}".encode()).hex()[:32]
    return f"{approval_id}.{mark}"


async def _by_code(conn: Conn, actor: Actor, purpose: Purpose, asked: Asked) -> Found:
    """What the citizen's phone shows for a minute. Wrong ones cost the desk, so that nobody tries them out."""
    code = "".join(ch for ch in asked.code if not ch.isspace())
    if not (code.isascii() and code.isdigit() and len(code) == _CODE_DIGITS):
        lacks("code", N_("Mã có 8 chữ số. Hãy xem lại màn hình của người dân."))
    tried = throttle.bucket("residence code", actor.kind.value, str(actor.actor_id), burst=10, seconds=30)
    if wait := await throttle.wait_seconds(conn, [tried]):
        raise Exceeded("residence.code.many", N_("Bạn đã nhập sai mã nhiều lần. Xin chờ một lát rồi thử lại."), seconds=int(wait) + 1)
    key = await store.take_code(conn, code_digest(code))
    if key is None:
        await throttle.charge(conn, [tried])
        return Found(Outcome.TOO_LATE)
    return replace(await _of_account(conn, actor, purpose, asked, key, "", None), how=("code",))


def code_digest(code: str) -> bytes:
    """Under which a shown code is kept."""
    return ring().mac("residence code", code.encode())


async def _of_account(
    conn: Conn, actor: Actor, purpose: Purpose, asked: Asked, key: int, ref: str, lock_version: int | None
) -> Found:
    found = await core.account(conn, key)
    if found is None or not found.usable or found.level < 2 or lock_version not in (None, found.lock_version):
        return Found(Outcome.NO_ACCOUNT)
    return with_(await seen(conn, actor, purpose, asked, key), ref=ref)
