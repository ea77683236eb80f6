"""Notices on the devices whose keys an account knows, beside the messages its contacts get. They pass through others' hands and show on
a locked screen, so they say that there is something to see, never what or about whom."""

from __future__ import annotations

from datetime import timedelta

from dancu.accounts.models.sign_in import Browser, Kind, Standing
from dancu.accounts.service import core
from dancu.accounts.service.sign_in.throttling import known_device
from dancu.accounts.store import authenticators as store
from dancu.kit import messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext

APPROVAL = N_("Có yêu cầu đang chờ bạn trả lời. Mở mục Yêu cầu để xem ai hỏi và hỏi gì.")
NEW_DEVICE = N_("Tài khoản của bạn vừa đăng nhập trên một thiết bị lạ. Không phải bạn thì mở mục Lịch sử để khóa ngay.")
_SIGN_IN_LIFE = timedelta(hours=6)


async def tell_devices(conn: Conn, key: int, text: str, *, kind: str, language: str, life: timedelta) -> int:
    """One notice to each device key of an opened account, in the caller's transaction; how many. `text`: a msgid; `kind`: what the
    application opens; after `life` it is not worth sending."""
    to = [str(one.public["thumbprint"]) for one in await store.listed(conn, key) if one.kind is Kind.DEVICE]
    for thumbprint in to:
        await messages.send(
            conn, channel="push", to=thumbprint, text=gettext(text, language), kind=kind, person_key=key, language=language, life=life
        )
    return len(to)


async def signed_in(conn: Conn, account: Standing, browser: Browser) -> None:
    """A sign-in that has just succeeded, of an account that knows devices: they hear of it where this browser was never seen before."""
    if known_device(account.person_key, browser.device):
        return
    async with conn.transaction():
        await core.open(conn, [account.person_key])
        await tell_devices(
            conn, account.person_key, NEW_DEVICE, kind="account.new_device", language=account.language, life=_SIGN_IN_LIFE
        )
