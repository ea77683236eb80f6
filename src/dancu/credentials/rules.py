"""The documents that can be carried in the account, as data: which ministry's record each is, and what its screen shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import N_


@dataclass(frozen=True, slots=True)
class Kind:
    """`connector`, `part`: whose record it is; "" where there is no source to check against, `why` then says so. `state`, `until`: fields
    of the record that say how it stands and until when ("" : such a paper does not end). `shows`: fields on the screen."""

    code: str
    title: str
    connector: str = ""
    part: str = ""
    state: str = ""
    until: str = ""
    shows: tuple[str, ...] = ()
    why: str = ""


_ALL = (
    Kind("health_insurance", N_("Thẻ bảo hiểm y tế"), "health_insurance", "card", "state", "until", ("number", "from", "until", "benefit", "place")),
    Kind(
        "driving_licence", N_("Giấy phép lái xe"), "driving_licence", "licences", "state", "until",
        ("number", "class", "regime", "issued", "until", "points", "place"),
    ),
    Kind("vehicle_registration", N_("Đăng ký xe"), "vehicles", "vehicles", "state", "", ("number", "kind", "make", "issued", "inspection")),
    Kind("social_insurance", N_("Sổ bảo hiểm xã hội"), "social_insurance", "book", "", "", ("number",)),
    Kind("merit", N_("Giấy chứng nhận người có công"), "merit", "files", "", "", ("number", "kind", "share", "since")),
    Kind("tax_code", N_("Mã số thuế"), why=N_("Cơ quan thuế chưa kết nối. Khi kết nối xong, giấy tờ bạn đã chọn được tích hợp và bạn nhận được tin.")),
    Kind("residence", N_("Nơi cư trú"), why=N_("Không cần tích hợp: nơi cư trú đã có trong hồ sơ dân cư của bạn.")),
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {one.code: one for one in _ALL}

#: How long a screen lives, and how old the source's word may be before it is asked again.
SHOWN_SECONDS: Final = 60
REFRESH_HOURS: Final = 6
TRY_AGAIN_MINUTES: Final = 15
