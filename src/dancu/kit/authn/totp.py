"""Time-based one-time codes (RFC 6238): SHA-1, six digits, 30 seconds, what every authenticator app
understands.

A code is good for one use. The caller keeps the last accepted time step and accepts only a later one; the
database does it in one UPDATE, so two requests with the same code cannot both win.
"""

from __future__ import annotations

import hmac
import io
import re
from datetime import datetime

STEP_SECONDS = 30
# One step either way: a phone's clock may be half a minute off.
DRIFT_STEPS = 1


def new_secret() -> str:
    """A fresh 160-bit secret in base32."""
    import pyotp

    return pyotp.random_base32()


def uri(secret: str, login: str, issuer: str) -> str:
    """The otpauth:// address that an authenticator app reads from the QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def matching_step(secret: str, code: str, at: datetime, after_step: int | None = None) -> int | None:
    """The time step `code` belongs to, or None when it is wrong, too old, or not later than `after_step`.

    `at` is an aware datetime. Every candidate is compared, so the time taken does not tell which one matched.
    """
    import pyotp

    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(generator.at(step * STEP_SECONDS), digits) and (
            after_step is None or step > after_step
        ):
            found = step
    return found


def qr_svg(address: str, *, scale: int = 5) -> str:
    """The address as an inline SVG element without words (the page names it), dark on white even in dark mode:
    cameras need it."""
    import segno

    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", scale=scale, border=4, dark="#000", light="#fff", xmldecl=False, nl=False)
    return out.getvalue().decode().replace("<svg ", '<svg aria-hidden="true" ', 1)
