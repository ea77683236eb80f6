"""The demonstration's partners as data. Organisations exist; their steps, agreements and promises are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dancu.exchange.models.roadmap import Stage

S = Stage


@dataclass(frozen=True, slots=True)
class Organisation:
    """`gets`: which agreements of AGREED; `purpose`: code and legal basis; `folder`: where its keys are kept, "" where nowhere;
    `late`: days by which our answer is overdue; `consent`: its agreements ask for the citizen's consent."""

    code: str
    name: str
    name_en: str
    kind: str
    stage: Stage
    gets: str
    purpose: tuple[str, str]
    system: str
    folder: str = ""
    late: int = 0
    consent: bool = False


_SHARING = ("data_sharing", "278/2025/NĐ-CP")
_HOUSEHOLD = ("name", "birth", "sex", "personal_id", "old_number", "address", "household", "head", "members", "life")
_BASIC = ("name", "birth", "sex", "personal_id", "old_number", "address", "life")
# What proving residence compares and shows for every procedure, and what a confirmation of each kind states.
_RESIDENCE = ("personal_id", "name", "birth", "sex", "card", "address", "temporary_address", "stay", "household", "marital")
_CONFIRM = (*_BASIC, "temporary_address", "household", "marital")
_OWN_DATA = ("name", "birth", "personal_id", "address", "temporary_address", "marital", "phone")

# Set of agreements -> data service -> fields.
AGREED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "full": {
        "verify": _HOUSEHOLD, "lookup": _HOUSEHOLD, "residence": _RESIDENCE, "reconcile": _HOUSEHOLD, "events": (*_HOUSEHOLD, "card", "marital"),
        "confirm": _CONFIRM, "documents": _BASIC,
    },
    "contract": {
        "verify": _BASIC, "lookup": ("name", "birth", "personal_id", "address"), "residence": ("name", "birth", "sex", "card", "personal_id", "address", "temporary_address", "household"),
        "reconcile": ("name", "birth", "personal_id", "address"), "events": ("name", "address", "life"),
    },
    "civil": {
        "verify": _BASIC, "supply": ("name", "birth", "sex", "personal_id", "parents", "spouse", "marital", "life"), "events": ("name", "life", "marital"),
    },
    # Not the state, and no contract of the citizen's own behind it: every answer needs the citizen's consent.
    "consent": {"verify": _OWN_DATA, "lookup": _OWN_DATA, "confirm": _CONFIRM},
    "check": {"verify": _BASIC, "events": ("name", "life")},
    "province": {"verify": _BASIC, "lookup": ("name", "birth", "personal_id", "address"), "residence": ("name", "personal_id", "address", "household")},
}  # fmt: skip

MINISTRIES: Final = (
    Organisation("BHXH", "Bảo hiểm xã hội Việt Nam", "Vietnam Social Security", "ministry", S.LIVE, "full",
                 ("social_insurance", "41/2024/QH15"), "Quản lý thu, sổ thẻ", folder="bhxh"),
    Organisation("BTP", "Bộ Tư pháp", "Ministry of Justice", "ministry", S.LIVE, "civil", ("civil_status", "60/2014/QH13"),
                 "Hộ tịch điện tử", folder="btp"),
    Organisation("BYT", "Bộ Y tế", "Ministry of Health", "ministry", S.LIVE, "check", ("health_insurance", "15/2023/QH15"), "Hồ sơ sức khỏe điện tử"),
    Organisation("BTC", "Bộ Tài chính", "Ministry of Finance", "ministry", S.LIVE, "check", ("tax", "38/2019/QH14"), "Quản lý thuế tập trung"),
    Organisation("BGDDT", "Bộ Giáo dục và Đào tạo", "Ministry of Education and Training", "ministry", S.LIVE, "check",
                 ("public_service", "278/2025/NĐ-CP"), "Thi tốt nghiệp và tuyển sinh"),
    Organisation("BNV", "Bộ Nội vụ", "Ministry of Home Affairs", "ministry", S.UNUSED, "check", ("public_service", "278/2025/NĐ-CP"),
                 "Cán bộ, công chức, người có công"),
    Organisation("NHNN", "Ngân hàng Nhà nước Việt Nam", "State Bank of Vietnam", "ministry", S.LIVE, "check", ("banking", "32/2024/QH15"),
                 "Thông tin tín dụng"),
    Organisation("BXD", "Bộ Xây dựng", "Ministry of Construction", "ministry", S.SANDBOX, "check", _SHARING, "Giấy phép lái xe"),
    Organisation("BNNMT", "Bộ Nông nghiệp và Môi trường", "Ministry of Agriculture and Environment", "ministry", S.SANDBOX, "check", _SHARING,
                 "Cơ sở dữ liệu đất đai"),
    Organisation("BCT", "Bộ Công Thương", "Ministry of Industry and Trade", "ministry", S.SECURITY_CHECK, "check", _SHARING, "Dịch vụ công", late=11),
    Organisation("BKHCN", "Bộ Khoa học và Công nghệ", "Ministry of Science and Technology", "ministry", S.UNUSED, "check", _SHARING,
                 "Nền tảng tích hợp, chia sẻ dữ liệu quốc gia"),
    Organisation("BNG", "Bộ Ngoại giao", "Ministry of Foreign Affairs", "ministry", S.NOT_JOINED, "check", _SHARING, "Hộ chiếu, hộ tịch ngoài nước"),
    Organisation("EVN", "Tập đoàn Điện lực Việt Nam", "Vietnam Electricity", "enterprise", S.LIVE, "contract",
                 ("utility_contract", "61/2024/QH15"), "Quản lý khách hàng dùng điện", folder="evn"),
    Organisation("VNPOST", "Tổng công ty Bưu điện Việt Nam", "Vietnam Post", "enterprise", S.UNUSED, "check", ("public_service", "118/2025/NĐ-CP"),
                 "Nhận và trả kết quả thủ tục"),
    Organisation("VCB", "Ngân hàng thương mại cổ phần Ngoại thương Việt Nam", "Vietcombank", "enterprise", S.LIVE, "consent",
                 ("banking", "32/2024/QH15"), "Mở tài khoản tại quầy", folder="vcb", consent=True),
    Organisation("VNPT", "Tập đoàn Bưu chính Viễn thông Việt Nam", "Vietnam Posts and Telecommunications Group", "enterprise", S.SANDBOX, "check",
                 ("identity_check", "26/2023/QH15"), "Đăng ký thuê bao"),
    Organisation("VIETTEL", "Tập đoàn Công nghiệp – Viễn thông Quân đội", "Viettel Group", "enterprise", S.SECURITY_CHECK, "check",
                 ("identity_check", "26/2023/QH15"), "Đăng ký thuê bao", late=-2),
)  # fmt: skip

# Steps dealt out over the provinces, so that about half are live and used.
PROVINCE_STAGES: Final = (
    S.LIVE, S.LIVE, S.UNUSED, S.LIVE, S.SANDBOX, S.LIVE, S.LIVE, S.SECURITY_CHECK, S.LIVE, S.UNUSED, S.LIVE, S.NOT_JOINED, S.LIVE, S.LIVE,
    S.SANDBOX, S.LIVE, S.SUSPENDED,
)  # fmt: skip

# Organisation, data set (Vietnamese, English), who answers for it, days from today until it was or is due, days from today since when it flows.
PROMISES: Final = (
    ("BHXH", "Quá trình đóng bảo hiểm xã hội", "Contribution history of social insurance", "Trung tâm Công nghệ thông tin và Chuyển đổi số", -200, -210),
    ("BTP", "Khai sinh, khai tử, kết hôn điện tử", "Electronic births, deaths and marriages", "Cục Hành chính tư pháp", -90, -60),
    ("BYT", "Kết quả khám sức khỏe lái xe", "Medical examinations of drivers", "Cục Quản lý khám, chữa bệnh", -45, None),
    ("BXD", "Giấy phép lái xe (mọi hạng, cả cấp trước 2025)", "Driving licences of all classes", "Cục Đường bộ Việt Nam", -21, None),
    ("BNNMT", "Giấy chứng nhận quyền sử dụng đất", "Land-use certificates", "Cục Quản lý đất đai", 40, None),
    ("BNV", "Người có công và thân nhân", "People of merit and their families", "Cục Người có công", -7, None),
    ("BGDDT", "Kết quả thi tốt nghiệp trung học phổ thông", "School-leaving examination results", "Cục Quản lý chất lượng", -120, -120),
    ("BTC", "Mã số thuế cá nhân thay bằng số định danh", "Tax codes replaced by personal ID numbers", "Cục Thuế", 15, None),
    ("EVN", "Khách hàng sinh hoạt đã gắn số định danh", "Household customers with personal ID numbers", "Ban Kinh doanh", -10, None),
    ("NHNN", "Tài khoản thanh toán đã đối chiếu sinh trắc", "Accounts checked by biometrics", "Vụ Thanh toán", 60, None),
)  # fmt: skip
