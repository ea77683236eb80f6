"""The sentences of import: why a row was refused or waits, by stable code. Their English is in population.po."""

from __future__ import annotations

from typing import Final

from dancu.kernel.dates import notations
from dancu.kernel.names import checking
from dancu.kit.i18n import N_

_OF_DATES: Final = (
    notations.SWAPPED, notations.CENTURY, notations.APPROXIMATE, notations.PART_UNKNOWN, notations.SERIAL,
    notations.LOST_ZERO, notations.MISREAD, notations.AMBIGUOUS, notations.ZONE, notations.LUNAR,
)  # fmt: skip

_OF_NAMES: Final = (checking.TITLE, checking.LETTERS_LOST, checking.ODD_CHARACTERS)

SENTENCES: Final[dict[str, str]] = {
    **{finding.code: finding.message for finding in (*_OF_DATES, *_OF_NAMES)},
    "person.name.words": N_("Họ tên có hơn 7 chữ"),
    "import.duplicate_row": N_("Dòng này đã có trong cơ sở dữ liệu"),
    "import.conflict": N_("Dữ liệu trong tệp mâu thuẫn với cơ sở dữ liệu"),
    "import.impossible": N_("Cơ sở dữ liệu không nhận giá trị trong dòng này"),
    "import.two_numbers": N_("Dòng có hai số định danh khác nhau"),
    "import.swapped": N_("Hai ô bị đổi chỗ cho nhau, đã đặt lại"),
    "import.lost_zero": N_("Số 0 đầu của số giấy tờ bị mất, đã thêm lại"),
    "import.cmnd_in_number": N_("Số CMND nằm ở cột số định danh, đã chuyển cột"),
    "import.place_differs": N_("Nơi ghi trong tệp khác nơi đang có"),
    "import.formula": N_("Ô là công thức chưa có kết quả: mở tệp trong bảng tính rồi lưu lại, hoặc ghi giá trị vào ô"),
    "import.address_differs": N_("Địa chỉ trong tệp khác địa chỉ đang có"),
    "import.relation_differs": N_("Quan hệ với chủ hộ trong tệp khác với đang có"),
    # Of findings kept by earlier imports; a contradicting marital status waits for a person now.
    "import.marital_differs": N_("Tình trạng hôn nhân trong tệp khác với đang có"),
    "import.contact_differs": N_("Liên hệ trong tệp khác với đang có"),
    "import.second_old_number": N_("Người này đã có một số CMND khác"),
    "import.two_heads": N_("Hộ này đã có chủ hộ khác"),
    "match.several_persons": N_("Các số trong dòng thuộc về nhiều người khác nhau"),
    "match.number_of_another": N_("Số này đang là của người khác"),
    "match.other_number": N_("Người này đã có số định danh khác"),
    "match.same_name_and_birth": N_("Có người trùng họ tên và ngày sinh, chưa chắc là một người"),
    "match.outside_area": N_("Có hồ sơ ở địa bàn khác có thể là người này: cán bộ ở đó cần xem"),
    "person.birth.future": N_("Ngày sinh ở tương lai"),
    "date.future": N_("Ngày ở tương lai, đã bỏ qua"),
    "date.implausible": N_("Năm không hợp lý"),
    "kin.own_number": N_("Số giấy tờ của cha, mẹ hoặc vợ chồng trùng với số của chính người này"),
    "person.birth.after_registration": N_("Ngày đăng ký trước ngày sinh"),
    "person.origin.proposal": N_("Thiếu quê quán; đề xuất theo quê quán của cha hoặc mẹ"),
    "person.name.empty": N_("Họ tên còn trống: ghi ít nhất một chữ"),
    "person.name.digits": N_("Họ tên có chữ số: có lẽ cột bị đổi chỗ"),
    "person.number.digits": N_("Số định danh chỉ gồm chữ số"),
    "person.number.rounded": N_("Số đã bị bảng tính làm tròn: hãy đặt cột này là dạng chữ (Text) rồi ghi lại số đầy đủ"),
    "person.number.letters": N_("Số có chữ cái trông như chữ số (chữ O và số 0, chữ l và số 1): hãy ghi lại bằng chữ số"),
    "person.number.length": N_("Số định danh phải có 12 chữ số"),
    "person.number.sex": N_("Giới tính không khớp với số định danh"),
    "person.number.year": N_("Năm sinh không khớp với số định danh"),
    "person.cmnd.length": N_("Số CMND phải có 9 chữ số"),
    "date.format": N_("Không đọc được ngày: ghi ngày/tháng/năm, ví dụ 03/05/1990"),
    "date.cycle": N_("Năm can chi không khớp với năm dương lịch"),
    "date.cycle_alone": N_("Năm can chi lặp lại sau mỗi 60 hoặc 12 năm: ghi thêm năm dương lịch"),
    "date.cycle_none": N_("Không có năm can chi này: can và chi phải cùng âm hoặc cùng dương"),
    "date.impossible": N_("Ngày này không có trong lịch: xem lại ngày, tháng và năm"),
    "date.words": N_("Không đọc được ngày ghi bằng chữ"),
    "date.words.day": N_("Ngày ghi bằng số và bằng chữ không khớp nhau"),
    "date.words.month": N_("Tháng ghi bằng số và bằng chữ không khớp nhau"),
    "date.words.year": N_("Năm ghi bằng số và bằng chữ không khớp nhau"),
    "date.from_words": N_("Ngày lấy từ phần ghi bằng chữ"),
    "kin.swapped": N_("Thông tin cha và mẹ có vẻ bị đổi chỗ cho nhau"),
    "kin.age": N_("Tuổi của cha hoặc mẹ khi sinh con không hợp lý"),
    "kin.number.sex": N_("Số giấy tờ của cha hoặc mẹ không khớp với giới tính"),
    "kin.number.year": N_("Số giấy tờ của cha hoặc mẹ không khớp với năm sinh"),
    "place.ambiguous": N_("Nơi này có thể là nhiều đơn vị hành chính khác nhau"),
    "place.by_context": N_("Đơn vị hành chính được suy ra từ nơi khác ghi trong cùng dòng"),
    "place.unknown": N_("Không nhận ra đơn vị hành chính"),
    "place.of_that_time": N_("Không rõ đơn vị hành chính của thời điểm đó"),
    "place.not_named": N_("Nơi chốn không ghi tên đơn vị hành chính"),
    "place.coarse": N_("Nơi ở chỉ nhận ra đến cấp huyện hoặc cấp tỉnh"),
    "place.code_differs": N_("Mã đơn vị hành chính không khớp với tên nơi"),
    "code.unknown": N_("Giá trị không có trong danh mục"),
    "nationality.unknown": N_("Quốc tịch không có trong danh mục"),
    "contact.phone": N_("Không đọc được số điện thoại"),
    "contact.email": N_("Không đọc được địa chỉ thư điện tử"),
    "blood.unreadable": N_("Không đọc được nhóm máu"),
}


def sentence(code: str) -> str:
    """The Vietnamese sentence of a code; the code itself where there is none."""
    return SENTENCES.get(code, code)
