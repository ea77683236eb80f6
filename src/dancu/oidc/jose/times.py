"""When a token holds."""

from __future__ import annotations

import math
from typing import Any

from dancu.oidc.jose.compact import JoseError

# Clocks of other machines differ; FAPI 2.0 §5.3.2.1 accepts ten seconds ahead and refuses sixty.
LEEWAY = 10
_FUTURE = 1 << 40


def seconds(claims: dict[str, Any], name: str) -> int | None:
    """A NumericDate as whole seconds, None where it is absent. Raises JoseError for anything that is not a number."""
    value = claims.get(name)
    if value is None or (type(value) is int and 0 <= value < _FUTURE):  # as nearly always
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 <= value < _FUTURE:
        raise JoseError(f"{name} is not a time")
    return int(value)


def check_times(claims: dict[str, Any], now: float, *, longest: int, need_exp: bool = True) -> int:
    """`exp`, `nbf` and `iat` against `now`; returns for how many more seconds the token would be accepted. `longest`:
    seconds a token may be valid ahead. Raises JoseError."""
    exp, nbf, iat = claims.get("exp"), claims.get("nbf"), claims.get("iat")
    if not (type(exp) is type(iat) is int and 0 <= exp < _FUTURE and 0 <= iat < _FUTURE and nbf is None):  # seldom
        exp, nbf, iat = seconds(claims, "exp"), seconds(claims, "nbf"), seconds(claims, "iat")
    if exp is None:
        if need_exp:
            raise JoseError("exp is missing")
        exp = int(now) + longest
    if exp + LEEWAY <= now:
        raise JoseError("expired")
    if exp > now + longest + LEEWAY:
        raise JoseError("exp is too far ahead")
    if nbf is not None and nbf > now + LEEWAY:
        raise JoseError("not valid yet")
    if iat is not None and iat > now + LEEWAY:
        raise JoseError("issued in the future")
    return exp + LEEWAY - int(now) + 1
