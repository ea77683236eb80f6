"""Every permission of the platform. A permission that is not area-bound means the same everywhere; an
area-bound one reaches only the units of the assignment that gives it."""

from __future__ import annotations

from dancu.access.models import Permission


def _local(code: str, name: str, name_en: str) -> Permission:
    return Permission(code, name, name_en, area_bound=True)


def _anywhere(code: str, name: str, name_en: str) -> Permission:
    return Permission(code, name, name_en, area_bound=False)


_ALL = (
    _local("person.search", "Tìm công dân", "Search for citizens"),
    _local("person.read", "Xem hồ sơ công dân", "Read a citizen's record"),
    _anywhere("person.read.national", "Tra cứu công dân trên cả nước", "Look up citizens nationwide"),
    _local("person.history", "Xem lịch sử thay đổi của hồ sơ", "Read the history of a record"),
    _local("person.print", "In hồ sơ công dân", "Print a citizen's record"),
    _local("person.export", "Xuất dữ liệu công dân ra tệp", "Export citizens' data to a file"),
    _local("person.write.register", "Đăng ký công dân mới", "Register a person"),
    _local("person.write.correct", "Cải chính thông tin", "Correct facts"),
    _local("person.write.move", "Đăng ký cư trú", "Register residence"),
    _local("person.write.join_household", "Nhập hộ", "Add to a household"),
    _local("person.write.leave_household", "Tách hộ, ra khỏi hộ", "Leave or split a household"),
    _local(
        "person.write.kinship",
        "Ghi quan hệ cha, mẹ, con, người đại diện",
        "Record parents, children, representatives",
    ),
    _local("person.write.marry", "Đăng ký kết hôn", "Register a marriage"),
    _local("person.write.divorce", "Ghi ly hôn", "Record a divorce"),
    _local("person.write.die", "Đăng ký khai tử", "Register a death"),
    _local("person.write.card", "Ghi thẻ căn cước", "Record an ID card"),
    _local("person.write.contact", "Ghi điện thoại, thư điện tử", "Record phone and e-mail"),
    _local("person.write.cancel_number", "Hủy số định danh", "Cancel a personal ID number"),
    _local("person.write.replace_number", "Cấp lại số định danh", "Replace a personal ID number"),
    _local("person.merge", "Gộp hồ sơ trùng và hủy gộp", "Merge duplicate records and undo it"),
    _local("person.number.allocate", "Cấp số định danh", "Allocate personal ID numbers"),
    _local("eid.application.read", "Xem hồ sơ đăng ký tài khoản định danh", "Read e-ID applications"),
    _local("eid.application.decide", "Duyệt hồ sơ đăng ký tài khoản định danh", "Decide e-ID applications"),
    _anywhere("eid.enrol", "Đăng ký định danh mức 2 tại quầy", "Enrol level 2 at the counter"),
    _anywhere("eid.lock", "Khóa và mở khóa tài khoản định danh", "Lock and unlock e-ID accounts"),
    _anywhere("eid.recover", "Giúp công dân lấy lại tài khoản tại quầy", "Help citizens recover accounts at the counter"),
    _anywhere("eid.hotline", "Trực tổng đài tài khoản định danh", "Serve the e-ID hotline"),
    _anywhere("eid.office", "Quản lý điểm cấp và thiết bị thu nhận", "Maintain enrolment offices and devices"),
    _anywhere("client.register", "Đăng ký ứng dụng của cơ quan", "Register the organisation's applications"),
    _anywhere("client.approve", "Duyệt ứng dụng kết nối", "Approve applications of organisations"),
    _anywhere("person.verify", "Đối chiếu thông tin khai báo với dữ liệu dân cư", "Compare declared data with the registry"),
    _anywhere("person.release", "Nhận thông tin công dân theo thỏa thuận hoặc đồng ý", "Receive released data of citizens"),
    _anywhere("person.supply", "Cung cấp dữ liệu hộ tịch, cải chính từ cơ quan nguồn", "Supply births, deaths, marriages and corrections"),
    _anywhere("residence.prove", "Chứng minh nơi cư trú thay sổ hộ khẩu", "Prove residence in place of the household book"),
    _anywhere("paper.read", "Xem dữ liệu của bộ, ngành về một công dân", "Read what ministries hold about a citizen"),
    _anywhere("document.check", "Kiểm tra giấy tờ tích hợp", "Check integrated documents"),
    _anywhere("exchange.join", "Đăng ký kết nối cho cơ quan", "Apply to connect the organisation"),
    _anywhere("exchange.review", "Thẩm định và duyệt kết nối, thỏa thuận", "Review connections and agreements"),
    _anywhere("exchange.coordinate", "Điều phối chia sẻ dữ liệu quốc gia", "Coordinate national data sharing"),
    _anywhere("exchange.watch", "Theo dõi kết nối, chia sẻ dữ liệu", "Watch connections and data sharing"),
    _anywhere("exchange.level", "Đặt mức dịch vụ của các dịch vụ dữ liệu", "Set service levels of data services"),
    _anywhere("exchange.alert", "Xử lý cảnh báo tra cứu bất thường", "Decide alerts of unusual look-ups"),
    _anywhere("import.run", "Nhập dữ liệu từ tệp", "Import data from files"),
    _anywhere("audit.read", "Xem nhật ký truy cập", "Read the evidence log"),
    _anywhere("audit.verify", "Kiểm chứng nhật ký truy cập", "Verify the evidence log"),
    _anywhere("audit.erase", "Xóa nội dung một mục nhật ký theo luật", "Erase the content of a log entry by law"),
    _anywhere("access.admin", "Quản trị cơ quan và cán bộ", "Administer organisations and staff"),
    _local("territory.hamlet.write", "Cập nhật thôn, tổ dân phố", "Maintain hamlets"),
    _local("case.read", "Xem phản ánh của công dân về hồ sơ", "Read citizens' cases about their record"),
    _local("case.answer", "Trả lời phản ánh về hồ sơ", "Answer citizens' cases about their record"),
    _anywhere("case.desk", "Trả lời phản ánh gửi tới cơ quan mình", "Answer cases addressed to one's organisation"),
    _local("dashboard.read", "Xem số liệu điều hành", "Read management figures"),
    _anywhere("integration.read", "Xem tình trạng kết nối", "Read the state of connections"),
    _anywhere("break_glass", "Mở khẩn cấp hồ sơ ngoài địa bàn", "Open a record outside one's area in an emergency"),
    _anywhere("break_glass.review", "Xem xét các lần mở khẩn cấp", "Review emergency openings"),
    _anywhere("citizen.self", "Xem hồ sơ của chính mình", "Read one's own record"),
)
PERMISSIONS = {permission.code: permission for permission in _ALL}

# National look-up is a permission of its own: the gate lets its holder search and read beyond their area, for
# purposes that serve it (`purposes`). Never a write.
NATIONAL_LOOKUP = "person.read.national"
