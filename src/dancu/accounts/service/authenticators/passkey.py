"""Passkeys of accounts: added by a session that proved two factors, found by their credential at sign-in."""

from __future__ import annotations

import hmac
from typing import NamedTuple

from dancu.accounts.models.sign_in import Kind
from dancu.accounts.service import core
from dancu.accounts.service.authenticators import challenge as challenges
from dancu.accounts.service.authenticators.record import added, changed
from dancu.accounts.store import authenticators as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.authn import passkey
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

COLUMN = "passkey"
MOST = 10
_NAME = "Tài khoản định danh"


class PasskeyForm(NamedTuple):
    """What the page gives the browser: options as JSON, and the challenge sealed for the way back. `limited`: not every model is taken."""

    options: str
    sealed: str
    limited: bool = False


def passkey_challenge(site: passkey.Site, bound_to: str) -> PasskeyForm:
    """For signing in. `bound_to`: the browser's cookie; the answer is taken from that browser only."""
    challenge = passkey.new_challenge()
    return PasskeyForm(passkey.request_options(site, challenge), challenges.seal(challenge, bound_to, COLUMN))


async def begin_passkey(conn: Conn, key: int, site: passkey.Site, bound_to: str, *, attestation: passkey.Attestation = passkey.ANY) -> PasskeyForm:
    """For adding one to the account."""
    await core.open(conn, [key])
    challenge = passkey.new_challenge()
    known = [challenges.decoded(one.public["credential"]) for one in await store.listed(conn, key) if one.kind is Kind.PASSKEY]
    # The handle the device keeps: it must name the account and tell nobody who that is.
    handle = _handle(key)
    options = passkey.creation_options(site, challenge, user_id=handle, name=_NAME, attestation=attestation, known=known)
    return PasskeyForm(options, challenges.seal(challenge, bound_to, COLUMN), bool(attestation.models))


def _handle(key: int) -> bytes:
    return ring().mac("passkey user", str(key).encode())


async def keep_passkey(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, site: passkey.Site, bound_to: str, *, sealed: str, answer: str,
    label: str = "", attestation: passkey.Attestation = passkey.ANY,
) -> None:  # fmt: skip
    """Take the passkey the browser made. Raises Invalid for a false or late answer, Conflict where it is known."""
    challenge = await challenges.spent(conn, sealed, bound_to, COLUMN)
    made = passkey.registered(site, challenge, answer, attestation=attestation)
    await core.open(conn, [key])
    if sum(one.kind is Kind.PASSKEY for one in await store.listed(conn, key)) >= MOST:
        raise Conflict("passkey.many", N_("Tài khoản đã có nhiều khóa. Hãy xóa bớt khóa không dùng."))
    public = {
        "credential": challenges.encoded(made.credential_id), "public_key": challenges.encoded(made.public_key), "count": made.count,
        "model": made.model, "synced": made.synced,
    }  # fmt: skip
    authenticator_id = await store.add(conn, key, "passkey", label.strip()[:40], public)
    if not await store.list_passkey(conn, made.credential_id, key, authenticator_id):
        raise Conflict("passkey.known", N_("Khóa này đã được thêm trước đây."))
    await changed(conn, actor, purpose, key, "set_authenticator", "passkey")
    await added(conn, key, "passkey")


async def verify_passkey(
    conn: Conn, site: passkey.Site, bound_to: str, *, sealed: str, answer: str
) -> tuple[int, tuple[str, ...]]:
    """(person, amr) of whoever answered the challenge. Raises Invalid("passkey.refused") for everything else, an unknown
    or removed passkey included."""
    challenge = await challenges.spent(conn, sealed, bound_to, COLUMN)
    credential = passkey.credential_of(answer)
    holder = await store.passkey_holder(conn, credential)
    found = None
    if holder is not None:
        await core.open(conn, [holder[0]])
        found = await store.one(conn, *holder)
    # No credential is named by the page, so the device says whose it is: another's name for this one's key is nobody's.
    if found is None or holder is None or not hmac.compare_digest(passkey.handle_of(answer), _handle(holder[0])):
        raise Invalid("passkey.refused", N_("Khóa truy cập không được nhận. Hãy thử lại, hoặc dùng cách khác."))
    public = found.public
    proved = passkey.asserted(site, challenge, answer, public_key=challenges.decoded(public["public_key"]), count=public["count"])
    await store.used(conn, holder[0], holder[1], {**public, "count": proved.count})
    return holder[0], proved.words
