"""What the text on a card says, whichever of its texts it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dancu.kernel.dates import PartialDate
from dancu.kernel.findings import Finding

MALE, FEMALE = "male", "female"


class TextKind(StrEnum):
    """`NUMBER`: no card, only its number, typed."""

    QR = "qr"
    MRZ = "mrz"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Reading:
    """`degraded` names what had to be mended or guessed to read the text ("fields", "separators", "mojibake", "nfc",
    "eth", "letters", "repaired", …), empty for a clean one; `name_reliable` False where letters of the name are
    lost. `extras` are fields whose meaning is not known, as they came. `sex` is "male", "female" or ""."""

    kind: TextKind
    number: str
    old_number: str = ""
    name: str = ""
    birth: PartialDate | None = None
    sex: str = ""
    address: str = ""
    issued_on: date | None = None
    expires_on: date | None = None
    degraded: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    name_reliable: bool = True

    def declared(self) -> dict[str, str]:
        """What can be compared with the registry, in the words of `population.service.verify`."""
        told = {"birth": str(self.birth) if self.birth else "", "sex": self.sex, "old_number": self.old_number}
        if self.name_reliable:
            told["name"] = self.name
        return {field: value for field, value in told.items() if value}
