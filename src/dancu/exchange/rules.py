"""What partners can subscribe to: kinds of news, and how each follows from the registry's events.

A kind needs its field in the agreement: who was not agreed to receive addresses is not told that somebody moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import N_

PREFIX: Final = "vn.dancu.person."


@dataclass(frozen=True, slots=True)
class Kind:
    """`topics` of the registry, `groups` where a correction or change must be of these data groups, `field` of the agreement."""

    title: str
    field: str
    topics: tuple[str, ...]
    groups: tuple[str, ...] = ()


_CORRECTED: Final = ("population.person.corrected", "population.person.changed")

KINDS: Final[Mapping[str, Kind]] = {
    "birth": Kind(N_("Có con (khai sinh)"), "children", ("population.person.kin_changed",)),
    "death": Kind(N_("Qua đời, mất tích"), "life", ("population.person.died", "population.person.death_undone", "population.person.missing", *_CORRECTED),
                  ("life_status",)),
    "move": Kind(N_("Đổi nơi cư trú"), "address", ("population.person.moved", *_CORRECTED),
                 ("permanent_residence", "temporary_residence")),
    "name": Kind(N_("Đổi họ tên"), "name", _CORRECTED, ("birth_name", "other_name")),
    "birth_date": Kind(N_("Cải chính ngày sinh, giới tính"), "birth", _CORRECTED, ("birth_date", "sex")),
    "number": Kind(
        N_("Đổi, hủy số định danh, gộp hồ sơ"), "personal_id",
        ("population.number.allocated", "population.number.cancelled", "population.number.replaced", "population.person.merged",
         "population.person.merge_undone", *_CORRECTED),
        ("personal_id", "old_number"),
    ),
    "card": Kind(N_("Cấp, đổi, thu hồi thẻ căn cước"), "card", ("population.card.changed", *_CORRECTED), ("card",)),
    "marriage": Kind(N_("Kết hôn, ly hôn"), "marital", ("population.person.married", "population.person.marriage_ended", *_CORRECTED),
                     ("marital_status",)),
}  # fmt: skip


def topics_of(kinds: Iterable[str]) -> tuple[list[str], list[str]]:
    """(topics, groups) to which these kinds come."""
    chosen = [KINDS[kind] for kind in kinds]
    return sorted({t for kind in chosen for t in kind.topics}), sorted({g for kind in chosen for g in kind.groups})


def type_of(topic: str, payload: Mapping[str, object]) -> str:
    """The CloudEvents type of a topic: `vn.dancu.person.died`; a correction says so."""
    if topic == "population.person.kin_changed":
        return PREFIX + "child_born"
    last = topic.removeprefix("population.")
    return PREFIX + last.removeprefix("person.").replace(".", "_")
