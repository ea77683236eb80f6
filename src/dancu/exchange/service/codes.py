"""The code a citizen's phone shows at a counter for a minute, in place of a card."""

from __future__ import annotations

import secrets

from dancu.accounts.models import SignIn
from dancu.accounts.service import core
from dancu.exchange.service.ways import CODE_SECONDS, code_digest
from dancu.exchange.store import residence as store
from dancu.kernel.actor import Actor
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

ACR = 2


async def show(conn: Conn, actor: Actor, *, signed: SignIn | None) -> str:
    """Eight digits that work once within a minute; what was shown before is void. `signed`: what the session proved. Raises
    NotAllowed "code.level" for an account below level 2, "code.factors" for a session of one factor."""
    account = await core.account(conn, actor.actor_id)
    if account is None or not account.usable or account.level < 2:
        raise NotAllowed("code.level", N_("Cần tài khoản mức 2. Hãy đến công an phường, xã để nâng mức."))
    if signed is None or signed.acr < ACR:
        raise NotAllowed("code.factors", N_("Muốn đưa mã cho quầy, bạn cần xác nhận thêm một bước."))
    for _ in range(5):
        code = f"{secrets.randbelow(10**8):08d}"
        if await store.show_code(conn, actor, code_digest(code), CODE_SECONDS):
            return code
    raise NotAllowed("session.required", N_("Xin đăng nhập để tiếp tục."))
