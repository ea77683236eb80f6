"""Signing in as a citizen: a number, then a passcode or a passkey, then whatever the level asked for still needs.

    started = await sign_in.begin(conn, actor, next="/account", acr=2)
    step = await sign_in.passcode(connect, flow, "…", browser)       # OK, MORE, REFUSED, WAIT, LOCKED
    signed = await sign_in.current(conn, actor)                   # what a session proved, None where it is worth nothing

Unknown numbers, wrong passcodes and accounts that have none are refused alike, after the same work. Nothing is kept
between the steps but a sealed flow in the page, good only in the browser it was made for.
"""

from dancu.accounts.service.sign_in.begin import Started, anonymous, begin, current, identify
from dancu.accounts.service.sign_in.finish import end_mine, end_other_sign_ins
from dancu.accounts.service.sign_in.sealing import of_any_age, seal, unseal
from dancu.accounts.service.sign_in.steps import finish, passcode, passkey, portrait_known, second, send_sms

__all__ = [
    "Started", "anonymous", "begin", "current", "end_mine", "end_other_sign_ins", "finish", "identify", "of_any_age", "passcode", "passkey",
    "portrait_known", "seal", "second", "send_sms", "unseal",
]  # fmt: skip
