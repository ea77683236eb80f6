"""Legal bases, each with the days on which it held. The code is the law's number, which people may follow
with the article ("68/2020/QH14 Điều 22").

`certainty`: `secondary` was read on a law portal or in the press, `unverified` is from memory and must be
checked by a lawyer before a rule is enforced on it. None has been checked against the official gazette by
this project. A basis that falls away gets its `valid_to` here; entries in the evidence log keep the words
that held at the time.
"""

from __future__ import annotations

from datetime import date

from dancu.access.models import Certainty, LegalBasis

S, U = Certainty.SECONDARY, Certainty.UNVERIFIED

_ALL = (
    LegalBasis("59/2014/QH13", "Luật Căn cước công dân 2014", "Law on Citizen Identification 2014",
               date(2016, 1, 1), date(2024, 7, 1), S, "Được thay bằng 26/2023/QH15."),
    LegalBasis("26/2023/QH15", "Luật Căn cước 2023", "Law on Identification 2023", date(2024, 7, 1), None, S,
               "Điều 9: 26 nhóm thông tin của cơ sở dữ liệu quốc gia về dân cư."),
    LegalBasis("68/2020/QH14", "Luật Cư trú 2020", "Law on Residence 2020", date(2021, 7, 1), None, S),
    LegalBasis("60/2014/QH13", "Luật Hộ tịch 2014", "Law on Civil Status 2014", date(2016, 1, 1), None, S),
    LegalBasis("59/2022/NĐ-CP", "Nghị định 59/2022/NĐ-CP về định danh và xác thực điện tử",
               "Decree 59/2022 on electronic identification", date(2022, 10, 20), date(2024, 7, 1), S,
               "Được thay bằng 69/2024/NĐ-CP."),
    LegalBasis("69/2024/NĐ-CP", "Nghị định 69/2024/NĐ-CP về định danh và xác thực điện tử",
               "Decree 69/2024 on electronic identification", date(2024, 7, 1), None, S,
               "Sửa đổi bởi 320/2026/NĐ-CP từ 28/09/2026, chưa đọc được toàn văn."),
    LegalBasis("104/2022/NĐ-CP", "Nghị định 104/2022/NĐ-CP", "Decree 104/2022", date(2023, 1, 1), None, S,
               "Điều 14: thứ tự các cách khai thác thông tin thay sổ hộ khẩu."),
    LegalBasis("20/2008/NĐ-CP", "Nghị định 20/2008/NĐ-CP về tiếp nhận phản ánh, kiến nghị về quy định hành chính",
               "Decree 20/2008 on reports about administrative rules", date(2008, 3, 25), None, U,
               "Sửa đổi bởi 92/2017/NĐ-CP; thời hạn trả lời cần kiểm tra."),
    LegalBasis("13/2023/NĐ-CP", "Nghị định 13/2023/NĐ-CP về bảo vệ dữ liệu cá nhân",
               "Decree 13/2023 on personal data protection", date(2023, 7, 1), date(2026, 1, 1), U,
               "Ngày hết hiệu lực suy ra từ ngày hiệu lực của 356/2025/NĐ-CP."),
    LegalBasis("91/2025/QH15", "Luật Bảo vệ dữ liệu cá nhân 2025", "Law on Personal Data Protection 2025",
               date(2026, 1, 1), None, S),
    LegalBasis("356/2025/NĐ-CP", "Nghị định 356/2025/NĐ-CP về bảo vệ dữ liệu cá nhân",
               "Decree 356/2025 on personal data protection", date(2026, 1, 1), None, S),
    LegalBasis("278/2025/NĐ-CP", "Nghị định 278/2025/NĐ-CP về chia sẻ dữ liệu bắt buộc",
               "Decree 278/2025 on mandatory data sharing", date(2025, 10, 22), None, U,
               "Ngày hiệu lực cần kiểm tra."),
    LegalBasis("46/2022/TT-BCA", "Thông tư 46/2022/TT-BCA về kết nối, chia sẻ và khai thác dữ liệu dân cư",
               "Circular 46/2022 on connecting to population data", date(2022, 12, 20), None, U,
               "Ngày hiệu lực cần kiểm tra; có thể đã được thay thế."),
    LegalBasis("118/2025/NĐ-CP", "Nghị định 118/2025/NĐ-CP về cơ chế một cửa",
               "Decree 118/2025 on the one-stop mechanism",
               date(2025, 7, 1), None, U, "Thay 61/2018/NĐ-CP; ngày hiệu lực cần kiểm tra."),
    LegalBasis("89/2015/QH13", "Luật Thống kê 2015", "Law on Statistics 2015", date(2016, 7, 1), None, U),
    LegalBasis("85/2016/NĐ-CP", "Nghị định 85/2016/NĐ-CP về an toàn hệ thống thông tin theo cấp độ",
               "Decree 85/2016 on the security of information systems by level", date(2016, 7, 1), None, U,
               "Có thể đã được thay thế theo Luật An ninh mạng 2025."),
    LegalBasis("41/2024/QH15", "Luật Bảo hiểm xã hội 2024", "Law on Social Insurance 2024", date(2025, 7, 1), None, S),
    LegalBasis("25/2008/QH12", "Luật Bảo hiểm y tế 2008", "Law on Health Insurance 2008", date(2009, 7, 1), None, U,
               "Sửa đổi bởi 46/2014/QH13 và 51/2024/QH15."),
    LegalBasis("15/2023/QH15", "Luật Khám bệnh, chữa bệnh 2023", "Law on Medical Examination and Treatment 2023",
               date(2024, 1, 1), None, U),
    LegalBasis("36/2024/QH15", "Luật Trật tự, an toàn giao thông đường bộ 2024", "Law on Road Traffic Order and Safety 2024",
               date(2025, 1, 1), None, S),
    LegalBasis("31/2024/QH15", "Luật Đất đai 2024", "Land Law 2024", date(2024, 8, 1), None, U),
    LegalBasis("61/2024/QH15", "Luật Điện lực 2024", "Electricity Law 2024", date(2025, 2, 1), None, U),
    LegalBasis("32/2024/QH15", "Luật Các tổ chức tín dụng 2024", "Law on Credit Institutions 2024", date(2024, 7, 1), None, U),
    LegalBasis("38/2019/QH14", "Luật Quản lý thuế 2019", "Law on Tax Administration 2019", date(2020, 7, 1), None, U,
               "Cần kiểm tra luật thay thế năm 2025."),
)  # fmt: skip
LAWS = {law.code: law for law in _ALL}
