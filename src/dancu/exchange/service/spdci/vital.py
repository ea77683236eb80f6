"""The standard's events and which of the registry's news tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Vital:
    """`kind`: of ours (exchange.rules), `agreed`: field of the agreement, `topics` of the registry, `matching`: what the news must hold."""

    kind: str
    agreed: str
    topics: tuple[str, ...]
    matching: Mapping[str, Any] = field(default_factory=dict)


_BIRTH: Final = Vital("birth", "children", ("population.person.kin_changed",))
_ENDED: Final = ("population.person.marriage_ended",)

# By the last word of `reg_event_type`. Adoption and separation are not facts of this registry, and who is registered or joins a
# household had no subscriber before: whoever asks for those is told so.
VITALS: Final[Mapping[str, Vital]] = {
    "livebirth": _BIRTH, "birth": _BIRTH,
    "death": Vital("death", "life", ("population.person.died", "population.person.death_undone")),
    "marriage": Vital("marriage", "marital", ("population.person.married",)),
    "divorce": Vital("marriage", "marital", _ENDED, {"how": "divorce"}),
    "annulment": Vital("marriage", "marital", _ENDED, {"how": "annulment"}),
}  # fmt: skip


def vital(event_type: Any) -> Vital | None:
    """What `spdci-common:RegistryEventType:LiveBirth` means here; None where it is nothing of ours."""
    return VITALS.get(event_type.rpartition(":")[2].lower()) if isinstance(event_type, str) else None
