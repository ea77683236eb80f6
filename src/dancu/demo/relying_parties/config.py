"""What a service was given when it was registered: a file of its own, readable by it alone."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PORTAL, ELECTRICITY = "portal", "electricity"
SERVICES = (PORTAL, ELECTRICITY)


@dataclass(frozen=True, slots=True)
class Config:
    """`issuer`: the provider's address. `home`: the service's own. `secret` or `key` (a private JWK) proves the client.
    `proof_key`: a private JWK that tokens are bound to."""

    service: str
    issuer: str
    home: str
    client_id: str
    secret: str = field(default="", repr=False)
    key: dict[str, Any] | None = field(default=None, repr=False)
    proof_key: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def port(self) -> int:
        return int(self.home.rsplit(":", 1)[1])

    @property
    def back(self) -> str:
        return f"{self.home}/back"


def folder_of(data: Path, service: str) -> Path:
    return data / "services" / service


def read(folder: Path) -> Config | None:
    try:
        return Config(**json.loads((folder / "client.json").read_text("utf-8")))
    except FileNotFoundError:
        return None


def write(folder: Path, config: Config) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "client.json.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(config), file)
    (folder / "client.json.new").replace(folder / "client.json")
