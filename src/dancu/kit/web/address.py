"""Where this platform stands, as others know it."""

from __future__ import annotations

from functools import lru_cache

from starlette.requests import Request


def own_address(request: Request) -> str:
    """Scheme and host without a slash at the end: as configured; else as the caller knows us, which the gate has checked
    against our names."""
    state = request.app.state
    return _address(getattr(state, "issuer", ""), state.settings.https, request.headers.get("host", ""))


@lru_cache(64)
def _address(fixed: str | None, https: bool, host: str) -> str:
    if fixed:
        return fixed.rstrip("/")
    return f"{'https' if https else 'http'}://{host.lower().rstrip('/')}"
