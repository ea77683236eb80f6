"""Whose value stands where two records differ. Chosen on the preview, where both are seen; carried along by the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dancu.population.forms.fields import Field
from dancu.population.forms.reading import Reading
from dancu.population.policy.differences import Side

_SIDES: dict[str, Side] = {"absorbed": "absorbed", "kept": "kept"}


def choice_name(absorbed: int, code: str) -> str:
    """The name of one choice in the form. It holds the record that goes: turned round, other values are compared."""
    return f"choice_{absorbed}_{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChoices(Field):
    """Gives {absorbed key: {code: side}} of everything chosen so far."""

    macro: ClassVar[str] = "choices"
    optional: bool = True

    async def prepare(self, r: Reading) -> None:
        r.offers[self.name] = [name for name in r.form if name.startswith("choice_")]

    async def read(self, r: Reading) -> dict[int, dict[str, Side]]:
        found: dict[int, dict[str, Side]] = {}
        for name in r.offers[self.name]:
            _, absorbed, code = name.split("_", 2) if name.count("_") >= 2 else ("", "", "")
            side = _SIDES.get(r.form.value(name))
            if absorbed.isascii() and absorbed.isdigit() and len(absorbed) < 19 and side is not None:
                found.setdefault(int(absorbed), {})[code] = side
        return found
