"""The rules of level 2, each with the days on which it holds. A new decree is a new line here, not another branch in code.

`certainty` as in access.catalogue.laws: "secondary" was read in the press or on a law portal, "unverified" needs a lawyer
before anybody relies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Level2Rule:
    """`phone_since`: cards issued on this day or later may be used from the phone (None: never). `kinds`: offices that may do
    it; `at_home_area`: only an office of the person's own area. `needs`: devices an office must have. `days_with_chip` and
    `days_without`: working days to decide. `guardian_from`: from this age one may speak for a child. `second_officer`: circumstances in which one officer is not enough."""

    code: str
    valid_from: date
    valid_to: date | None
    basis: str
    phone_since: date | None
    kinds: frozenset[str]
    at_home_area: bool
    needs: frozenset[str]
    days_with_chip: int
    days_without: int
    second_officer: frozenset[str]
    youngest: int
    alone_from: int
    guardian_from: int
    form: str
    certainty: str
    note: str = ""

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def days(self, *, chip: bool) -> int:
        return self.days_with_chip if chip else self.days_without

    def by_phone(self, issued_on: date | None) -> bool:
        """May the holder of a card issued on this day do it from the phone?"""
        return self.phone_since is not None and issued_on is not None and issued_on >= self.phone_since


_CAPTURE = frozenset({"camera", "fingerprint"})
#: "phone_mended" is not of the decrees: no contact of an account changes by one officer's word.
_CIRCUMSTANCES = frozenset({"no_card_shown", "card_differs", "face_differs", "no_reference", "no_fingerprint", "phone_mended"})

RULES: Final[tuple[Level2Rule, ...]] = (
    Level2Rule(
        code="59-2022", valid_from=date(2022, 10, 20), valid_to=date(2024, 7, 1), basis="59/2022/NĐ-CP",
        phone_since=date(2022, 4, 1), kinds=frozenset({"post", "id_office", "mobile", "home_visit"}), at_home_area=False,
        needs=_CAPTURE, days_with_chip=3, days_without=7, second_officer=_CIRCUMSTANCES, youngest=0, alone_from=14, guardian_from=18,
        form="TK01", certainty="secondary",
        note="Thẻ cấp từ 01/04/2022 đăng ký được từ điện thoại; thẻ cấp trước phải đến nơi có thiết bị thu nhận.",
    ),
    Level2Rule(
        code="69-2024", valid_from=date(2024, 7, 1), valid_to=None, basis="69/2024/NĐ-CP",
        phone_since=date(2022, 4, 1),
        kinds=frozenset({"post", "id_office", "mobile", "market_day", "home_visit"}), at_home_area=False,
        needs=_CAPTURE, days_with_chip=3, days_without=7, second_officer=_CIRCUMSTANCES | {"doorstep"}, youngest=6,
        alone_from=14, guardian_from=18, form="TK01", certainty="unverified",
        note="Bất kỳ công an cấp xã hoặc nơi làm căn cước. Việc dùng tiếp sinh trắc học của thẻ cấp từ 01/04/2022 qua điện thoại"
        " giữ như quy định trước, cần đối chiếu với 320/2026/NĐ-CP.",
    ),
)  # fmt: skip


def rule_on(day: date) -> Level2Rule | None:
    """The rule in force on a day; None before the first."""
    return next((rule for rule in RULES if rule.holds(day)), None)


def rule(code: str) -> Level2Rule:
    """A rule by its code, in force or not. Raises KeyError."""
    return {one.code: one for one in RULES}[code]


#: What may be shown in the account beside the person's own data, as soon as its issuer is connected: code -> law or issuer.
DOCUMENTS: Final[tuple[str, ...]] = ("health_insurance", "driving_licence", "vehicle_registration", "tax_code", "residence")
