"""Procedures that used to ask for residence papers, as data: what they need to know, which paper is no longer asked for, on
which law. About 260 procedures still asked for one in March 2023; these are the essential services of Project 06 and the
commonest beside them. Codes are the project's own: the national catalogue's were not found in a source that may be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dancu.kit.i18n import language

#: Took the paper household book and temporary-residence book out of procedures from 01/01/2023.
LAW: Final = "104/2022/NĐ-CP"

#: Papers that were asked for: code -> (Vietnamese, English).
PAPERS: Final[Mapping[str, tuple[str, str]]] = {
    "household_book": ("Sổ hộ khẩu", "Household book"),
    "temporary_book": ("Sổ tạm trú", "Temporary-residence book"),
    "residence_paper": ("Giấy xác nhận thông tin về cư trú", "Residence confirmation on paper"),
    "card_copy": ("Bản sao thẻ căn cước có chứng thực", "Certified copy of the ID card"),
    "marital_paper": ("Giấy xác nhận tình trạng hôn nhân", "Marital-status certificate"),
}


@dataclass(frozen=True, slots=True)
class Procedure:
    """`needs`: groups of data the decision rests on; `replaces`: the paper that is no longer asked for."""

    code: str
    name: str
    name_en: str
    needs: tuple[str, ...] = ("residence",)
    replaces: str = "household_book"


_HOME = ("residence",)
_FAMILY = ("residence", "household")
_ALL = (
    Procedure("birth", "Đăng ký khai sinh", "Birth registration", _FAMILY),
    Procedure("linked_birth", "Liên thông khai sinh, thường trú, thẻ bảo hiểm y tế trẻ dưới 6 tuổi",
              "Linked birth, residence and health insurance under 6", _FAMILY),
    Procedure("death", "Đăng ký khai tử", "Death registration"),
    Procedure("linked_death", "Liên thông khai tử, xóa thường trú, trợ cấp mai táng",
              "Linked death, residence removal and funeral allowance", _FAMILY),
    Procedure("marriage", "Đăng ký kết hôn", "Marriage registration", ("residence", "marital"), "marital_paper"),
    Procedure("marital_status", "Cấp giấy xác nhận tình trạng hôn nhân", "Marital-status certificate"),
    Procedure("guardianship", "Đăng ký giám hộ", "Guardianship", _FAMILY),
    Procedure("school", "Tuyển sinh đầu cấp", "School enrolment", _FAMILY),
    Procedure("exam", "Đăng ký thi tốt nghiệp và xét tuyển đại học", "School-leaving exam and admissions"),
    Procedure("tuition", "Miễn, giảm học phí", "Reduced tuition fees", _FAMILY),
    Procedure("health_household", "Giảm mức đóng bảo hiểm y tế theo hộ gia đình", "Household reduction of health insurance", _FAMILY),
    Procedure("unemployment", "Hưởng trợ cấp thất nghiệp", "Unemployment benefit"),
    Procedure("pension", "Hưởng lương hưu, trợ cấp bảo hiểm xã hội", "Pension and social-insurance benefits"),
    Procedure("social_benefit", "Trợ cấp xã hội hằng tháng", "Monthly social benefit", _FAMILY),
    Procedure("poor_household", "Công nhận hộ nghèo, hộ cận nghèo", "Recognition as a poor household", _FAMILY),
    Procedure("merit", "Chế độ người có công", "Benefits of people of merit"),
    Procedure("electricity_new", "Cấp điện mới", "New electricity supply", _HOME, "household_book"),
    Procedure("electricity_owner", "Đổi chủ hợp đồng mua bán điện", "Change of electricity-contract holder"),
    Procedure("electricity_norm", "Định mức giá điện cho người thuê nhà", "Electricity rate of tenants", _FAMILY, "temporary_book"),
    Procedure("water_new", "Cấp nước mới", "New water supply"),
    Procedure("land_change", "Đăng ký biến động đất đai", "Land-change registration", _FAMILY),
    Procedure("land_first", "Cấp giấy chứng nhận quyền sử dụng đất lần đầu", "First land-use certificate", _FAMILY),
    Procedure("house_sale", "Công chứng mua bán nhà đất", "Notarised sale of a house", ("residence", "marital")),
    Procedure("social_housing", "Mua, thuê nhà ở xã hội", "Social housing", _FAMILY, "residence_paper"),
    Procedure("motorbike", "Đăng ký xe mô tô, xe gắn máy", "Motorbike registration"),
    Procedure("driving_licence", "Cấp, đổi giấy phép lái xe", "Driving licence", _HOME, "card_copy"),
    Procedure("passport", "Cấp hộ chiếu phổ thông", "Passport"),
    Procedure("criminal_record", "Cấp phiếu lý lịch tư pháp", "Criminal record certificate", _HOME, "temporary_book"),
    Procedure("business_household", "Đăng ký hộ kinh doanh", "Registration of a household business", _HOME, "card_copy"),
    Procedure("tax_dependant", "Giảm trừ gia cảnh người phụ thuộc", "Tax relief for dependants", _FAMILY),
    Procedure("loan", "Vay vốn ngân hàng chính sách", "Loan of the policy bank", _FAMILY),
    Procedure("military", "Đăng ký nghĩa vụ quân sự", "Military service registration"),
    Procedure("other", "Thủ tục khác", "Another procedure"),
)  # fmt: skip
PROCEDURES: Final[Mapping[str, Procedure]] = {one.code: one for one in _ALL}


def title(code: str) -> str:
    """A procedure's name in the reader's language; the code itself where it is unknown."""
    one = PROCEDURES.get(code)
    return code if one is None else one.name_en if language() == "en" else one.name


def paper(code: str) -> str:
    """A paper's name in the reader's language."""
    names = PAPERS.get(code)
    return code if names is None else names[1] if language() == "en" else names[0]


def choices() -> list[tuple[str, str]]:
    """(code, name) for a form, as the catalogue orders them."""
    return [(code, title(code)) for code in PROCEDURES]
