"""The weights of a version, read once. Pure but for its own file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import log2
from typing import Any, Final

CURRENT: Final = "1"


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything in bits (log2), shares of words too; see weights-1.yaml. `digest` names the file's content."""

    version: str
    digest: bytes
    in_registry: float
    missed: float
    household: float
    accept: float
    review: float
    name: Mapping[str, float]
    name_apart: Mapping[str, float]
    birth: Mapping[str, float]
    sex: Mapping[str, float]
    number: Mapping[str, float]
    household_says: Mapping[str, float]
    hamlet: Mapping[str, float]
    house: Mapping[str, float]
    surname: Mapping[str, float]
    middle: Mapping[str, float]
    given: Mapping[str, float]
    least: Mapping[str, float]

    def of_name(self, plain: str) -> float:
        """What it says that two bear this ASCII name: common words little, rare words much."""
        words = plain.split()
        bits = self.name["same"] - self.given.get(words[-1], self.least["given"])
        if len(words) > 1:
            bits -= self.surname.get(words[0], self.least["surname"])
        for word in words[1:-1]:
            bits -= self.middle.get(word, self.least["middle"])
        # Names hang together (a family's surname and middle word): never worth more than one name in fifty thousand.
        return min(bits, 15.6)


@cache
def weights(version: str = CURRENT) -> Weights:
    """Raises FileNotFoundError for a version there never was."""
    import yaml

    raw = resources.files("dancu.exchange.matching").joinpath(f"weights-{version}.yaml").read_bytes()
    data: dict[str, Any] = yaml.safe_load(raw)
    words = {place: _bits(shares) for place, shares in data.pop("words").items()}
    data["least"] = _bits(data["least"])
    if data["version"] != version:
        raise ValueError(f"weights-{version}.yaml is of version {data['version']}")
    return Weights(digest=hashlib.sha256(raw).digest(), surname=words["surname"], middle=words["middle"], given=words["given"], **data)


def _bits(shares: Mapping[str, float]) -> dict[str, float]:
    return {word: log2(share) for word, share in shares.items()}
