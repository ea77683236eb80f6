"""Signing what we send to subscribers: an HTTP message signature (RFC 9421) with the platform's exchange key, which the
receiver checks against /exchange/jwks. No shared secret that one side could leak."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

from dancu.exchange.service.delivery import Sign
from dancu.exchange.service.receipts import AnswerKeys
from dancu.kit import httpsig

_COVERED = tuple(httpsig.Component(name) for name in ("@method", "@target-uri", "content-digest", "content-type"))


def signer(keys: AnswerKeys) -> Sign:
    """Headers for one message: covers method, address, content type and digest; `nonce` and `created` against replay."""

    def sign(method: str, url: str, content_type: str, body: bytes) -> Mapping[str, str]:
        key = keys.current()
        headers = {"content-type": content_type, "content-digest": httpsig.content_digest(body)}
        message = httpsig.Message({name: [value] for name, value in headers.items()}, method=method, target=url)
        params: dict[str, str | int | bool | bytes] = {"created": int(time.time()), "keyid": key.kid, "alg": key.signer.alg, "nonce": secrets.token_urlsafe(16)}
        return {**headers, **httpsig.sign(message, _COVERED, params, key.signer)}

    return sign
