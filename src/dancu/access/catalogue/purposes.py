"""Purposes: why a citizen's data may be looked at or changed. Each names the permissions it can serve and the
legal bases it may rest on; the gate lets a look through only where both fit on the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dancu.access.catalogue.laws import LAWS
from dancu.access.models import Purpose, PurposeRule

_LOOK = ("person.search", "person.read", "person.history", "person.print")
_NUMBER = ("person.write.cancel_number", "person.write.replace_number", "person.number.allocate")
_IDENTITY = ("26/2023/QH15", "59/2014/QH13")
_EID = ("69/2024/NĐ-CP", "59/2022/NĐ-CP")
_PERSONAL_DATA = ("91/2025/QH15", "356/2025/NĐ-CP", "13/2023/NĐ-CP")
_EXCHANGED = ("person.verify", "person.release")
_START = date(2016, 1, 1)

_ALL = (
    Purpose(
        "residence_management", "Quản lý cư trú", "Residence management", _START, None,
        ("68/2020/QH14", *_IDENTITY),
        (*_LOOK, "person.export", "person.write.register", "person.write.correct", "person.write.move",
         "person.write.join_household",
         "person.write.leave_household", "person.write.kinship", "person.write.contact",
         "person.number.allocate",
         "territory.hamlet.write"),
    ),
    Purpose(
        "identity_management", "Quản lý căn cước và số định danh",
        "Management of identity and personal ID numbers",
        _START, None, _IDENTITY,
        (*_LOOK, "person.write.register", "person.write.correct", "person.write.card", "person.write.contact",
         "person.merge", *_NUMBER),
    ),
    Purpose(
        "civil_status", "Đăng ký hộ tịch", "Civil-status registration", _START, None,
        ("60/2014/QH13", *_IDENTITY),
        (*_LOOK, "person.write.register", "person.write.correct", "person.write.kinship",
         "person.write.marry",
         "person.write.divorce", "person.write.die", "person.number.allocate", "person.supply", "person.verify",
         "person.release"),
    ),
    Purpose(
        "identity_check", "Kiểm tra nhân thân", "Identity check", _START, None,
        (*_IDENTITY, "104/2022/NĐ-CP"),
        ("person.search", "person.read", "person.read.national", "person.print", "person.verify", "person.release", "residence.prove",
         "document.check"),
    ),
    Purpose(
        "public_service", "Giải quyết thủ tục hành chính", "Handling of a public service", _START, None,
        ("104/2022/NĐ-CP", "118/2025/NĐ-CP", "278/2025/NĐ-CP"),
        ("person.search", "person.read", "person.read.national", "person.print", "person.verify", "person.release",
         "residence.prove", "document.check", "paper.read"),
    ),
    Purpose(
        "eid_account", "Cấp và quản lý tài khoản định danh điện tử", "Issue and care of electronic identity accounts",
        date(2022, 10, 20), None, (*_EID, *_IDENTITY),
        ("person.search", "person.read", "person.read.national", "person.print", "person.verify",
         "person.release", "person.write.card", "person.write.contact", "eid.application.read", "eid.application.decide", "eid.enrol",
         "eid.lock", "eid.recover", "eid.hotline"),
    ),
    Purpose(
        "online_service", "Đăng nhập và dùng dịch vụ trực tuyến", "Signing in to and using online services",
        date(2022, 10, 20), None, (*_EID, *_PERSONAL_DATA), ("person.verify", "person.release"),
    ),
    Purpose(
        "data_quality", "Làm sạch dữ liệu dân cư", "Data quality of the population registry", _START, None,
        (*_IDENTITY, *_PERSONAL_DATA),
        (*_LOOK, "person.export", "person.write.correct", "person.write.kinship", "person.merge", *_NUMBER,
         "case.read", "case.answer", "case.desk"),
    ),
    Purpose(
        "data_subject_request", "Giải quyết yêu cầu của công dân về dữ liệu của mình",
        "Handling of a citizen's request about their data", _START, None, (*_PERSONAL_DATA, *_IDENTITY),
        (*_LOOK, "person.write.correct", "person.write.contact", "case.read", "case.answer", "case.desk", "audit.erase",
         "paper.read"),
    ),
    Purpose(
        "social_insurance", "Thực hiện chế độ bảo hiểm xã hội", "Social insurance", date(2016, 1, 1), None,
        ("41/2024/QH15", "278/2025/NĐ-CP"), (*_EXCHANGED, "paper.read"),
    ),
    Purpose(
        "health_insurance", "Thực hiện bảo hiểm y tế, khám chữa bệnh", "Health insurance and care", date(2016, 1, 1), None,
        ("25/2008/QH12", "15/2023/QH15", "278/2025/NĐ-CP"), (*_EXCHANGED, "paper.read", "document.check"),
    ),
    Purpose(
        "traffic", "Quản lý người lái xe và phương tiện", "Drivers and vehicles", date(2025, 1, 1), None,
        ("36/2024/QH15", "278/2025/NĐ-CP"), (*_EXCHANGED, "paper.read", "document.check"),
    ),
    Purpose(
        "utility_contract", "Ký và thực hiện hợp đồng điện, nước", "Contracts of electricity and water", date(2025, 2, 1), None,
        ("61/2024/QH15", "278/2025/NĐ-CP"), _EXCHANGED,
    ),
    Purpose(
        "banking", "Nhận biết khách hàng của tổ chức tín dụng", "Knowing a bank's customers", date(2024, 7, 1), None,
        ("32/2024/QH15", *_EID), _EXCHANGED,
    ),
    Purpose(
        "tax", "Quản lý thuế", "Tax administration", date(2020, 7, 1), None, ("38/2019/QH14", "278/2025/NĐ-CP"), _EXCHANGED,
    ),
    Purpose(
        "data_sharing", "Chia sẻ, đối soát dữ liệu giữa các cơ quan", "Sharing and reconciling data between agencies",
        date(2022, 12, 20), None, ("278/2025/NĐ-CP", "46/2022/TT-BCA", *_IDENTITY), (*_EXCHANGED, "person.supply"),
    ),
    Purpose(
        "import", "Nhập dữ liệu số hóa vào cơ sở dữ liệu", "Import of digitised records", _START, None,
        (*_IDENTITY, "60/2014/QH13", "68/2020/QH14"),
        ("import.run", *_LOOK, "person.write.register", "person.write.correct", "person.number.allocate"),
    ),
    Purpose(
        "own_record", "Công dân xem hồ sơ của mình", "A citizen's own record", _START, None,
        (*_PERSONAL_DATA, *_IDENTITY), ("citizen.self",),
    ),
    Purpose(
        "break_glass", "Trường hợp khẩn cấp", "Emergency", _START, None, _PERSONAL_DATA,
        (*_LOOK, "break_glass"),
    ),
    Purpose(
        "audit", "Kiểm tra, giám sát việc khai thác dữ liệu", "Oversight of the use of data", _START, None,
        (*_PERSONAL_DATA, "46/2022/TT-BCA"), ("audit.read", "audit.verify", "break_glass.review", "exchange.alert"),
    ),
    Purpose(
        "statistics", "Thống kê, chỉ đạo điều hành", "Statistics and management", _START, None,
        ("89/2015/QH13",), ("dashboard.read",),
    ),
    Purpose(
        "administration", "Quản trị hệ thống", "System administration", _START, None,
        ("85/2016/NĐ-CP",), ("access.admin", "integration.read", "territory.hamlet.write", "client.register", "client.approve", "eid.office",
         "exchange.join", "exchange.review", "exchange.coordinate", "exchange.level", "exchange.watch"),
    ),
)  # fmt: skip
PURPOSES = {purpose.code: purpose for purpose in _ALL}


def rules() -> Iterator[PurposeRule]:
    """Purpose × permission × legal basis, with the days on which purpose and basis both hold."""
    for purpose in PURPOSES.values():
        for code in purpose.bases:
            law = LAWS[code]
            start = max(purpose.valid_from, law.valid_from)
            ends = [end for end in (purpose.valid_to, law.valid_to) if end is not None]
            end = min(ends, default=None)
            if end is not None and end <= start:
                continue
            for permission in purpose.permissions:
                yield PurposeRule(purpose.code, permission, code, start, end)
