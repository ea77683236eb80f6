"""An authorization request, understood and checked; and marks of what may come once."""

from __future__ import annotations

from typing import Any, NamedTuple


class Mark(NamedTuple):
    """Something that may come once: its digest, and for how many seconds it must be remembered."""

    digest: bytes
    seconds: int


class AuthRequest(NamedTuple):
    """What a client asks for. `request_id` (16 bytes) is drawn when the request first arrives and becomes the id of the
    family of tokens, so one request leads to one family. `at`: when it arrived, seconds. `max_age` None: not asked.
    `subject`: whom the client believes to be there, by the `sub` it knows; "" for anybody.
    `pushed`: it came by reference, which is good for one answer. `after`: when the sign-in was made that did not do, so that the next
    one can be told from it; 0 for none.

    It travels as the list of its values: who changes the fields changes the names it is sealed under (`service/packing.py`)."""

    request_id: bytes
    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    at: int
    claims: dict[str, Any]
    details: list[dict[str, Any]]
    nonce: str = ""
    code_challenge: str = ""
    dpop_jkt: str = ""
    purpose: str = ""
    # From here on: what nobody asks for any more once there is a code (`service/packing.py`).
    state: str = ""
    response_mode: str = "query"
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str = ""
    ui_locales: tuple[str, ...] = ()
    subject: str = ""
    pushed: bool = False
    after: float = 0.0

    def asked_claims(self, place: str) -> dict[str, Any]:
        """Claims asked for one by one in `place` ("userinfo" or "id_token"): name -> None or its wishes."""
        found = self.claims.get(place)
        return found if isinstance(found, dict) else {}
