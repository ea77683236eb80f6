"""The platform's own key for receipts: files under $DATA/keys/sharing, apart from the keys of sign-in. Receipts are read
years later, so no key is ever dropped; the newest signs."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from dancu.kit import keys as files
from dancu.kit.db import data_dir

_NAME = re.compile(r"receipt-(\d{1,6})\.pem", re.ASCII)


class ReceiptKeys:
    """Signs receipts (ES256) and tells the public keys."""

    def __init__(self, directory: Path) -> None:
        from joserfc.jwk import ECKey

        self._directory = directory
        numbers = sorted(
            int(found[1]) for path in directory.glob("receipt-*.pem") if (found := _NAME.fullmatch(path.name))
        )
        self._numbers = numbers or [1]
        self._keys = [
            ECKey.import_key(files.secret(directory, f"receipt-{n}.pem", _new).decode()) for n in self._numbers
        ]

    def sign(self, typ: str, claims: dict[str, Any]) -> str:
        """A compact JWS of these claims."""
        from joserfc import jwt

        key = self._keys[-1]
        return jwt.encode({"alg": "ES256", "typ": typ, "kid": key.thumbprint()}, claims, key)

    def jwks(self) -> dict[str, Any]:
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
                for key in self._keys
            ]
        }

    def rotated(self) -> ReceiptKeys:
        """With one more key, which signs from now on; other processes see it at their next start."""
        files.secret(self._directory, f"receipt-{self._numbers[-1] + 1}.pem", _new)
        return ReceiptKeys(self._directory)


def _new() -> bytes:
    from joserfc.jwk import ECKey

    return ECKey.generate_key("P-256").as_pem(private=True)


def receipt_keys() -> ReceiptKeys:
    """The keys of the process's data folder, read once."""
    return _opened(data_dir() / "keys" / "sharing")


@lru_cache(maxsize=4)
def _opened(directory: Path) -> ReceiptKeys:
    return ReceiptKeys(directory)
