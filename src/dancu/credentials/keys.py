"""The key that signs shown documents: a file under $DATA/keys/credentials. A screen lives a minute, so one key is enough."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from dancu.kit import keys as files
from dancu.kit.db import data_dir

TYPE = "screen+jwt"


def _new() -> bytes:
    from joserfc.jwk import ECKey

    return ECKey.generate_key("P-256").as_pem(private=True)


@lru_cache(maxsize=4)
def _key(folder: Path) -> Any:
    from joserfc.jwk import ECKey

    return ECKey.import_key(files.secret(folder, "screen.pem", _new).decode())


def sign(claims: dict[str, Any]) -> str:
    """A compact JWS (ES256), short: it is read off a small screen by a camera."""
    from joserfc import jwt

    return jwt.encode({"alg": "ES256", "typ": TYPE}, claims, _key(data_dir() / "keys" / "credentials"))


def read(text: str) -> dict[str, Any] | None:
    """The claims of a code we signed; None for anything else."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        token = jwt.decode(text, _key(data_dir() / "keys" / "credentials"), algorithms=["ES256"])
    except (JoseError, ValueError):
        return None
    return dict(token.claims) if token.header.get("typ") == TYPE else None


def jwks() -> dict[str, Any]:
    """The public key: whoever checks without asking us learns at least that a code is ours, and until when it lives."""
    key = _key(data_dir() / "keys" / "credentials")
    return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}
