"""Where ministries live and with which key they are asked: the deployment's configuration, `DANCU_CONNECTORS`.

Either one address for all of them with `{code}` in it (a demonstration, a gateway), or a YAML file: connector -> {address,
key_file, desk}. Without it no connector is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dancu.kit import keys as files


@dataclass(frozen=True, slots=True)
class Address:
    """`url`: before the connector's own path, without a slash at its end. `desk`: overrides whose desk puts things right."""

    url: str
    key: bytes = field(default=b"", repr=False)
    desk: str = ""


def addresses(configured: str, keys: Path, codes: Mapping[str, str]) -> dict[str, Address]:
    """`codes`: connector -> what `{code}` becomes. Keys that no file names lie under `keys`/connectors, made at first use.
    Raises ValueError for a file that cannot be read: half a configuration is none."""
    if not configured:
        return {}
    if "{code}" in configured:
        return {code: Address(configured.format(code=word).rstrip("/"), key(keys, code)) for code, word in codes.items()}
    import yaml

    given = yaml.safe_load(Path(configured).read_text("utf-8"))
    if not isinstance(given, dict) or not all(isinstance(one, dict) and "address" in one for one in given.values()):
        raise ValueError(f"not a list of connectors: {configured}")
    return {
        str(code): Address(
            str(one["address"]).rstrip("/"), Path(one["key_file"]).read_bytes().strip() if "key_file" in one else key(keys, str(code)), str(one.get("desk", ""))
        )
        for code, one in given.items()
        if code in codes
    }  # fmt: skip


def key(keys: Path, code: str) -> bytes:
    """The key this connector shows."""
    import secrets

    return files.secret(keys / "connectors", f"{code}.key", lambda: secrets.token_urlsafe(32).encode())
