"""Where this platform stands, as others know it."""

from __future__ import annotations

from starlette.requests import Request


def own_address(request: Request) -> str:
    """Scheme and host without a slash at the end: as configured; else as the caller knows us, which the gate has checked
    against our names."""
    state = request.app.state
    if fixed := getattr(state, "issuer", ""):
        return str(fixed).rstrip("/")
    return f"{'https' if state.settings.https else 'http'}://{request.headers.get('host', '').lower().rstrip('/')}"
