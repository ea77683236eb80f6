"""Words for the registry's codes, as people read them. All are gettext msgids."""

from __future__ import annotations

from typing import Final

from dancu.kit.i18n import N_

SEX: Final = {"male": N_("Nam"), "female": N_("Nữ"), "undetermined": N_("Chưa xác định")}

RESIDENCE: Final = {
    "permanent": N_("Thường trú"),
    "temporary": N_("Tạm trú"),
    "absence": N_("Tạm vắng"),
    "current": N_("Nơi ở hiện tại"),
}

RELATION: Final = {
    "head": N_("Chủ hộ"),
    "spouse": N_("Vợ hoặc chồng"),
    "child": N_("Con"),
    "parent": N_("Cha hoặc mẹ"),
    "grandparent": N_("Ông hoặc bà"),
    "grandchild": N_("Cháu"),
    "sibling": N_("Anh, chị, em"),
    "child_in_law": N_("Con dâu, con rể"),
    "parent_in_law": N_("Cha mẹ vợ, cha mẹ chồng"),
    "other_relative": N_("Người thân khác"),
    "guest": N_("Ở nhờ, thuê, mượn"),
    "unknown": N_("Chưa rõ"),
}

KIN: Final = {
    "father": N_("Cha"),
    "mother": N_("Mẹ"),
    "spouse": N_("Vợ hoặc chồng"),
    "child": N_("Con"),
    "representative": N_("Người đại diện"),
    "represented": N_("Người được đại diện"),
}

MARITAL: Final = {
    "single": N_("Chưa kết hôn"),
    "married": N_("Đang có vợ hoặc chồng"),
    "divorced": N_("Đã ly hôn"),
    "widowed": N_("Vợ hoặc chồng đã mất"),
    "unknown": N_("Chưa rõ"),
}

NUMBER: Final = {
    "personal_id": N_("Số định danh cá nhân"),
    "cmnd": N_("Chứng minh nhân dân"),
    "passport": N_("Hộ chiếu"),
    "residence_file": N_("Hồ sơ cư trú"),
    "other": N_("Số khác"),
}

STATE: Final = {
    "active": N_("Đang dùng"),
    "cancelled": N_("Đã hủy"),
    "replaced": N_("Đã thay"),
    "lost": N_("Đã báo mất"),
    "revoked": N_("Đã thu hồi"),
    "expired": N_("Đã hết hạn"),
}

CARD: Final = {
    "cmnd": N_("Chứng minh nhân dân"),
    "cccd": N_("Căn cước công dân"),
    "chip": N_("Căn cước công dân gắn chíp"),
    "can_cuoc": N_("Thẻ căn cước"),
}

SOURCE: Final = {
    "declaration": N_("Tờ khai"),
    "birth_register": N_("Sổ đăng ký khai sinh"),
    "death_register": N_("Sổ đăng ký khai tử"),
    "marriage_register": N_("Sổ đăng ký kết hôn"),
    "residence_register": N_("Sổ quản lý cư trú"),
    "id_card": N_("Hồ sơ căn cước"),
    "decision": N_("Quyết định của cơ quan"),
    "judgement": N_("Bản án, quyết định của tòa án"),
    "kin": N_("Hồ sơ của người thân"),
    "registry": N_("Cơ sở dữ liệu dân cư"),
    "import": N_("Tệp nhập"),
    "merge": N_("Gộp hồ sơ"),
}

LIFE: Final = {"dead": N_("Đã chết"), "missing": N_("Bị tuyên bố mất tích")}

CONTACT: Final = {"phone": N_("Số điện thoại"), "email": N_("Thư điện tử")}

GROUPS: Final = {
    "birth_name": N_("họ tên khai sinh"),
    "other_name": N_("tên gọi khác"),
    "personal_id": N_("số định danh cá nhân"),
    "birth_date": N_("ngày sinh"),
    "sex": N_("giới tính"),
    "birth_place": N_("nơi sinh"),
    "birth_registration": N_("nơi đăng ký khai sinh"),
    "origin": N_("quê quán"),
    "ethnicity": N_("dân tộc"),
    "religion": N_("tôn giáo"),
    "nationality": N_("quốc tịch"),
    "blood_group": N_("nhóm máu"),
    "old_number": N_("số chứng minh nhân dân"),
    "card": N_("thẻ căn cước"),
    "kin": N_("quan hệ gia đình"),
    "permanent_residence": N_("nơi thường trú"),
    "temporary_residence": N_("nơi tạm trú"),
    "current_place": N_("nơi ở hiện tại"),
    "temporary_absence": N_("tạm vắng"),
    "residence_file": N_("số hồ sơ cư trú"),
    "marital_status": N_("tình trạng hôn nhân"),
    "household_relation": N_("quan hệ với chủ hộ"),
    "household": N_("hộ gia đình"),
    "life_status": N_("tình trạng sống"),
    "contact": N_("liên hệ"),
    "other": N_("thông tin khác"),
}
"""The 26 data groups of the Law on Identification 2023, art. 9."""
