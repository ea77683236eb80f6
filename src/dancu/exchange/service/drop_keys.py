"""Public keys of agencies that send files."""

from __future__ import annotations

from pathlib import Path

from dancu.exchange.connectors.catalogue import connector
from dancu.exchange.service.drops import trusted
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.i18n import N_


def trust(keys: Path, code: str, path: Path) -> None:
    """Files of this connector must be signed with this key from now on. Raises NotFound, Invalid `drop.key`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if connector(code) is None:
        raise NotFound("connector.unknown", N_("Không có cơ sở dữ liệu này."))
    try:
        body = path.read_bytes()
        if not isinstance(load_pem_public_key(body), Ed25519PublicKey):
            raise ValueError("not Ed25519")
    except (OSError, ValueError) as error:
        raise Invalid("drop.key", N_("Tệp này không phải khóa công khai Ed25519 (PEM).")) from error
    trusted(keys, code).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    trusted(keys, code).write_bytes(body)
