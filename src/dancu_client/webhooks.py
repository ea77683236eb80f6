"""Events the platform pushes: checked before they are believed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import httpx

from dancu_client import signing
from dancu_client.errors import NotGenuine, NotReached

_COVERED = {'"@method"', '"@target-uri"', '"content-digest"', '"content-type"'}
_MOST, _KEYS_SECONDS, _LOOK_AGAIN_SECONDS = 100_000, 3600.0, 60.0


class WebhookVerifier:
    """`base_url`: the platform's; its keys are read from there when needed. `url`: the webhook's own address, as the platform
    calls it."""

    def __init__(self, base_url: str, url: str, http: httpx.Client | None = None) -> None:
        self._jwks, self._url = base_url.rstrip("/") + "/exchange/jwks", url
        self._http = http or httpx.Client(timeout=10)
        self._keys: dict[str, signing.PublicKey] = {}
        self._read_at = float("-inf")
        self._seen: OrderedDict[str, None] = OrderedDict()

    def check(self, headers: Mapping[str, str], body: bytes, method: str = "POST") -> None:
        """Raises NotGenuine unless the platform signed this delivery for this address just now. Events come at least once: drop
        those whose `id` you have."""
        low = {name.lower(): value for name, value in headers.items()}
        values = {
            '"@method"': method, '"@target-uri"': self._url, '"content-digest"': low.get("content-digest", ""),
            '"content-type"': low.get("content-type", ""),
        }  # fmt: skip
        try:
            signing.check_signed(self._current(), values, low, _COVERED, body)
        except NotGenuine:
            # A key may be new; look again, but not for every forged delivery.
            if time.monotonic() - self._read_at < _LOOK_AGAIN_SECONDS:
                raise
            signing.check_signed(self._current(fresh=True), values, low, _COVERED, body)
        mark = low["signature"]
        if mark in self._seen:
            raise NotGenuine("this delivery came before")
        self._seen[mark] = None
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)

    def _current(self, *, fresh: bool = False) -> dict[str, signing.PublicKey]:
        if fresh or time.monotonic() - self._read_at > _KEYS_SECONDS:
            try:
                found: dict[str, Any] = self._http.get(self._jwks).json()
                self._keys = {str(jwk["kid"]): signing.key_of(jwk) for jwk in found["keys"]}
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                raise NotReached("the platform's keys cannot be read") from error
            self._read_at = time.monotonic()
        return self._keys
