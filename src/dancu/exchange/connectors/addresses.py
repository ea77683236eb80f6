"""Where ministries live and with which key they are asked: a YAML file named by `DANCU_CONNECTORS`, connector -> {address,
key_file, desk}. Without it no connector is connected."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from dancu.kit import keys as files


@dataclass(frozen=True, slots=True)
class Address:
    """`url`: before the connector's own path, without a slash at its end. `desk`: the organisation (its code) that puts this
    ministry's data right; "" where none works here, then the police of the person's area pass it on."""

    url: str
    key: bytes = field(default=b"", repr=False)
    desk: str = ""


def addresses(path: str, keys: Path, codes: Collection[str]) -> dict[str, Address]:
    """Those of `codes` that are connected. A key that no file names lies under `keys`/connectors, made at first use. Raises
    ValueError for a file that cannot be read: half a configuration is none."""
    if not path:
        return {}
    import yaml

    try:
        given = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"connectors: {path}: {type(error).__name__}") from error
    if not isinstance(given, dict) or not all(isinstance(one, dict) and isinstance(one.get("address"), str) for one in given.values()):
        raise ValueError(f"connectors: {path}: not a list of connectors with an address each")
    if unknown := sorted(set(given) - set(codes)):
        raise ValueError(f"connectors: {path}: unknown {', '.join(map(str, unknown))}")
    return {
        code: Address(one["address"].rstrip("/"), _file(one["key_file"]) if "key_file" in one else key(keys, code), str(one.get("desk", "")))
        for code, one in given.items()
    }  # fmt: skip


def key(keys: Path, code: str) -> bytes:
    """The key this connector shows."""
    return files.secret(keys / "connectors", f"{code}.key", lambda: secrets.token_urlsafe(32).encode())


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes().strip()
    except OSError as error:
        raise ValueError(f"connectors: {path}: {type(error).__name__}") from error
