"""Profiles: which column of a file means what. YAML beside this package, one file a profile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.kit.sheets.columns import Columns, read_columns


@dataclass(frozen=True, slots=True)
class Profile(Columns):
    """The columns of a register, and what is made of its rows."""

    source_kind: str
    assemble: str
    as_of: str
    record_key: tuple[str, ...]
    reference: str


def names() -> list[str]:
    """The profiles that are shipped."""
    folder = resources.files("dancu.population").joinpath("profiles")
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))


@cache
def load_profile(name: str) -> Profile:
    """Raises Invalid("import.profile.unknown") and names those there are."""
    if name not in names():
        raise Invalid(
            "import.profile.unknown",
            "Không có mẫu nhập “{name}”. Các mẫu có sẵn: {names}.",
            name=name,
            names=", ".join(names()),
        )
    import yaml

    raw = resources.files("dancu.population").joinpath(f"profiles/{name}.yaml").read_bytes()
    return _profile(yaml.safe_load(raw), hashlib.sha256(raw).digest())


def _profile(data: Mapping[str, Any], digest: bytes) -> Profile:
    columns, codes = read_columns(data)
    return Profile(
        name=data["name"],
        title=data["title"],
        columns=columns,
        codes=codes,
        digest=digest,
        source_kind=data["source_kind"],
        assemble=data["assemble"],
        as_of=data["as_of"],
        record_key=tuple(data["record_key"]),
        reference=data["reference"],
    )
