"""The demonstration's organisations and people, as data: a ward of Tam Kỳ as it was in 2023, living on in the
units of today. Names are made up. `{ward}` and `{province}` are filled with today's units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# The place and day the field's own figures were taken; jurisdiction is given as of then and translated to
# today.
WARD, DISTRICT, PROVINCE = "Trường Xuân", "Tam Kỳ", "Quảng Nam"
AS_OF = date(2023, 4, 1)

ORGANISATIONS: tuple[tuple[str, str, str, str, str | None], ...] = (
    ("DEMO", "Ủy ban nhân dân {province}", "People's Committee of {province}", "committee", None),
    ("DEMO.CA", "Công an {province}", "Police of {province}", "police", "DEMO"),
    ("DEMO.CA.TX", "Công an {ward}", "Police of {ward}", "police", "DEMO.CA"),
    ("DEMO.TX", "Ủy ban nhân dân {ward}", "People's Committee of {ward}", "committee", "DEMO"),
    ("DEMO.TX.HT", "Tư pháp – hộ tịch {ward}", "Civil status office of {ward}", "justice", "DEMO.TX"),
    (
        "DEMO.TX.MC",
        "Trung tâm Phục vụ hành chính công {ward}",
        "One-stop counter of {ward}",
        "one_stop",
        "DEMO.TX",
    ),
    ("DEMO.BHXH", "Bảo hiểm xã hội {province}", "Social Insurance of {province}", "government", "DEMO"),
    ("DEMO.CSGT", "Phòng Cảnh sát giao thông {province}", "Traffic police of {province}", "police", "DEMO.CA"),
    ("DEMO.BV", "Bệnh viện Đa khoa {province}", "General Hospital of {province}", "government", "DEMO"),
    ("DEMO.TTR", "Thanh tra {province}", "Inspectorate of {province}", "inspectorate", "DEMO"),
    (
        "DEMO.CDS",
        "Trung tâm Chuyển đổi số {province}",
        "Digital Transformation Centre of {province}",
        "operator",
        "DEMO",
    ),
)


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """`area` is 'ward', 'province' or 'none'. The auditor sits in the inspectorate under the
    province, so that every opening below it is told to them."""

    code: str
    login: str
    name: str
    org: str
    roles: tuple[str, ...]
    area: str
    title: str
    title_en: str
    story: str
    story_en: str
    home: str
    head: bool = False
    is_os_user: bool = False


STAFF: tuple[DemoStaff, ...] = (
    DemoStaff(
        "ward_police", "demo-canhsat", "Đại úy Lê Văn Phước", "DEMO.CA.TX", ("ward_police",), "ward",
        "Cảnh sát khu vực", "Ward police officer",
        "Tìm và xem hồ sơ của người dân trong địa bàn, đăng ký cư trú, trả lời phản ánh.",
        "Find and read the records of the ward's people, register residence, answer their cases.", "/desk",
    ),
    DemoStaff(
        "civil_status_clerk", "demo-hotich", "Nguyễn Thị Thanh Thủy", "DEMO.TX.HT",
        ("civil_status_clerk",), "ward",
        "Công chức tư pháp – hộ tịch", "Civil-status clerk",
        "Đăng ký khai sinh, kết hôn, khai tử.", "Register births, marriages and deaths.", "/desk",
    ),
    DemoStaff(
        "one_stop_officer", "demo-motcua", "Trần Quốc Bảo", "DEMO.TX.MC", ("one_stop_officer",), "ward",
        "Cán bộ một cửa", "One-stop officer",
        "Tra cứu người đến làm thủ tục, từ bất cứ đâu trong cả nước.",
        "Look up whoever comes to the counter, from anywhere in the country.", "/desk",
    ),
    DemoStaff(
        "province_leader", "demo-lanhdao", "Phạm Hồng Sơn", "DEMO", ("province_leader",), "province",
        "Lãnh đạo tỉnh", "Province leader",
        "Xem số liệu của toàn địa bàn và các lần mở khẩn cấp cần xem xét.",
        "See the figures of the province and the emergency openings to review.",
        "/watch", head=True,
    ),
    DemoStaff(
        "auditor", "demo-kiemtoan", "Võ Thị Minh Châu", "DEMO.TTR", ("auditor",), "none",
        "Kiểm toán viên nhật ký", "Auditor",
        "Kiểm tra ai đã xem dữ liệu của ai, vì mục đích gì; nhật ký có nguyên vẹn không.",
        "Check who looked at whose data and why, and that the log is whole.", "/watch/emergency",
    ),
    DemoStaff(
        "integrator", "demo-tichhop", "Đặng Hoàng Long", "DEMO.CDS", ("integrator",), "none",
        "Kỹ sư tích hợp", "Integrator",
        "Đăng ký ứng dụng của cơ quan, thử đăng nhập, đọc tài liệu API; không thấy dữ liệu của người dân.",
        "Register the organisation's applications, try the sign-in, read the API documentation; sees nobody's data.",
        "/watch/clients",
    ),
    DemoStaff(
        "connection_reviewer", "demo-duyetketnoi", "Hồ Thị Thanh Tâm", "DEMO", ("connection_reviewer",), "none",
        "Cán bộ duyệt kết nối", "Reviewer of connections",
        "Duyệt ứng dụng của các cơ quan trước khi hoạt động, theo thông tin và mục đích họ xin.",
        "Approves applications of organisations before they go live, by the data and purposes they ask for.",
        "/watch/clients",
    ),
    DemoStaff(
        "registrar", "demo-nhaplieu", "Huỳnh Thị Kim Loan", "DEMO.CA",
        ("registrar", "ward_police"), "province",
        "Cán bộ nhập dữ liệu", "Registrar",
        "Nhập sổ hộ tịch đã số hóa, làm sạch dữ liệu; cũng là người dùng lệnh trên máy này.",
        "Import digitised registers and clean the data; also the user of this machine's command line.",
        "/desk",
        is_os_user=True,
    ),
    DemoStaff(
        "eid_hotline", "demo-tongdai", "Phan Thị Mỹ Linh", "DEMO.CDS", ("eid_hotline",), "none",
        "Tổng đài viên định danh điện tử", "e-ID hotline agent",
        "Nghe câu trả lời và biết đủ hay chưa; khóa tài khoản, gửi lại mã. Không thấy hồ sơ của ai.",
        "Hears answers and learns whether they are enough; locks accounts, sends codes again. Sees nobody's record.",
        "/hotline",
    ),
    DemoStaff(
        "one_stop_second", "demo-motcua-2", "Lê Thị Kim Oanh", "DEMO.TX.MC", ("one_stop_officer",), "ward",
        "Cán bộ một cửa thứ hai", "Second one-stop officer",
        "Xác nhận việc cần hai cán bộ: đổi liên lạc của tài khoản, lấy lại tài khoản khi tin nhắn không tới.",
        "Confirms what needs two officers: an account's new contact, recovery where no text message arrives.",
        "/desk/eid/recover",
    ),
    DemoStaff(
        "insurance_officer", "demo-bhxh", "Nguyễn Thị Hồng Nhung", "DEMO.BHXH", ("sector_officer",), "province",
        "Cán bộ bảo hiểm xã hội", "Social insurance officer",
        "Trả lời phản ánh về dữ liệu bảo hiểm, ví dụ một tháng đóng bị thiếu.",
        "Answers cases about insurance data, such as a month that is missing.", "/desk/cases",
    ),
    DemoStaff(
        "traffic_officer", "demo-csgt", "Thiếu tá Trần Đình Khôi", "DEMO.CSGT", ("sector_officer",), "province",
        "Cán bộ quản lý giấy phép lái xe", "Driving-licence officer",
        "Xem vì sao giấy phép không tích hợp được, sửa ở hệ thống ngành và trả lời công dân.",
        "Sees why a licence does not integrate, mends it in the sector's own system and answers the citizen.", "/desk/cases",
    ),
    DemoStaff(
        "health_desk", "demo-benhvien", "Điều dưỡng Phạm Thị Lành", "DEMO.BV", ("health_desk",), "none",
        "Bàn tiếp đón bệnh viện", "Hospital reception",
        "Kiểm tra thẻ bảo hiểm y tế trên điện thoại người bệnh; xem kết quả khám khi người bệnh đồng ý.",
        "Checks a health-insurance card on the patient's phone; sees examinations where the patient agreed.", "/desk/check-document",
    ),
    DemoStaff(
        "hospital_cases", "demo-benhvien-2", "Cử nhân Huỳnh Thị Mỹ Duyên", "DEMO.BV", ("sector_officer",), "none",
        "Cán bộ giải quyết phản ánh của bệnh viện", "Hospital case officer",
        "Trả lời người bệnh: còn bị đòi giấy tờ, kết quả khám ghi sai.",
        "Answers patients who were still asked for a paper, or whose examination is recorded wrongly.", "/desk/cases",
    ),
    DemoStaff(
        "national_coordinator", "demo-dieuphoi", "Nguyễn Thị Hồng Vân", "DEMO", ("national_coordinator",), "none",
        "Điều phối viên chia sẻ dữ liệu quốc gia", "National coordinator of data sharing",
        "Xem lộ trình của mọi bộ, tỉnh, doanh nghiệp; quyết định khi cơ quan giữ dữ liệu không trả lời đúng hạn.",
        "Sees the roadmap of all ministries, provinces and enterprises; decides where an owner of data did not answer in time.",
        "/watch/exchange/roadmap",
    ),
    DemoStaff(
        "duty_officer", "demo-trucban", "Lương Minh Đức", "DEMO.CDS", ("duty_officer",), "none",
        "Trực ban trung tâm điều hành", "Duty officer of the operations centre",
        "Theo dõi kết nối của các cơ quan trên màn hình treo tường: ai đang gọi, chậm ở đâu, ai ngừng.",
        "Watches the organisations' connections on the wall: who calls, where it is slow, who stopped.",
        "/watch/exchange/roadmap?wall=1",
    ),
    DemoStaff(
        "admin", "demo-quantri", "Bùi Anh Tuấn", "DEMO", ("admin",), "none",
        "Quản trị viên", "Administrator",
        "Quản lý cơ quan, cán bộ, vai trò và địa bàn.",
        "Manage organisations, staff, roles and areas.", "/watch/staff",
    ),
)  # fmt: skip

CITIZEN = (
    "citizen", "Công dân", "Citizen",
    "Xem hồ sơ của chính mình, ai đã xem dữ liệu của mình, và báo chỗ sai.",
    "See your own record, who looked at your data, and report what is wrong.", "/me",
)  # fmt: skip
