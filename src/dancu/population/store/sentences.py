"""Constraints in words. The database has the last word on what must always hold; this says it in a
sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from dancu.kernel.errors import Conflict, Invalid, Unavailable
from dancu.kit.i18n import N_

#: Constraint name -> (code, sentence). What one act may break by racing another comes first in the sentence.
SENTENCES: dict[str, tuple[str, str]] = {
    "directory_personal_id_once": (
        "person.number.taken", N_("Số định danh này đã được cấp cho người khác, kể cả khi đã hủy."),
    ),
    "directory_pkey": ("person.number.listed", N_("Số này đã được ghi cho người này rồi.")),
    "directory_personal_id_digits": ("person.number.length", N_("Số định danh phải có 12 chữ số")),
    "person_name_one": ("person.name.two", N_("Trong cùng một thời gian chỉ có một họ tên mỗi loại.")),
    "person_name_not_blank": ("person.name.empty", N_("Họ tên còn trống: ghi ít nhất một chữ")),
    "person_birth_one": ("person.birth.two", N_("Chỉ có một thông tin khai sinh.")),
    "person_birth_partial": ("person.birth.partial", N_("Ngày sinh thiếu tháng hoặc thiếu năm.")),
    "person_birth_date": ("person.birth.date", N_("Ngày sinh không hợp lệ.")),
    "person_birth_sex": ("person.birth.sex", N_("Giới tính là nam, nữ hoặc chưa xác định.")),
    "person_trait_one": ("person.trait.two", N_("Dân tộc, tôn giáo, quốc tịch bị ghi chồng thời gian.")),
    "person_trait_blood": ("person.trait.blood", N_("Nhóm máu là A, B, AB, O, kèm + hoặc - nếu biết.")),
    "person_number_one_active": ("person.number.has_one", N_("Người này đã có số định danh.")),
    "residence_one_permanent": (
        "residence.two_permanent", N_("Một người chỉ có một nơi thường trú trong cùng một thời gian."),
    ),
    "residence_no_overlap": (
        "residence.overlap", N_("Đã có đăng ký cùng loại trong thời gian này. Hãy kết thúc đăng ký đó trước."),
    ),
    "residence_not_after_death": (
        "residence.after_death", N_("Không thể ghi cư trú bắt đầu sau ngày mất."),
    ),
    "household_one_head": ("household.two_heads", N_("Một hộ chỉ có một chủ hộ trong cùng một thời gian.")),
    "household_member_one_household": (
        "household.two", N_("Một người chỉ thuộc một hộ trong cùng một thời gian."),
    ),
    "household_member_not_after_death": (
        "household.after_death", N_("Không thể nhập hộ sau ngày mất."),
    ),
    "kinship_not_oneself": (
        "kin.oneself", N_("Một người không thể là cha hoặc mẹ của chính mình."),
    ),
    "kinship_says_who": ("kin.who", N_("Hãy ghi họ tên hoặc số định danh của người thân.")),
    "kinship_one_father_mother_spouse": (
        "kin.two", N_("Trong cùng một thời gian chỉ có một cha, một mẹ, một vợ hoặc chồng."),
    ),
    "marital_one_status": (
        "marriage.two_statuses", N_("Trong cùng một thời gian chỉ có một tình trạng hôn nhân."),
    ),
    "marital_not_after_death": ("marriage.after_death", N_("Không thể ghi hôn nhân sau ngày mất.")),
    "card_one_active": ("card.two", N_("Một người chỉ có một thẻ còn hiệu lực.")),
    "card_not_after_death": ("card.after_death", N_("Không thể cấp thẻ sau ngày mất.")),
    "contact_one": ("contact.two", N_("Mỗi loại liên hệ chỉ ghi một giá trị trong cùng một thời gian.")),
    "life_one_status": ("life.two", N_("Thông tin khai tử hoặc mất tích bị ghi chồng thời gian.")),
    "life_partial": ("life.partial", N_("Ngày mất thiếu tháng hoặc thiếu năm.")),
    "other_data_one": ("other.two", N_("Thông tin khác cùng tên bị ghi chồng thời gian.")),
    "person_not_merged_into_itself": ("merge.same", N_("Hãy chọn hai hồ sơ khác nhau.")),
}  # fmt: skip
_BAD_VALUE = ("_kind", "_state", "_status", "_relation", "_times")


@contextmanager
def in_words() -> Iterator[None]:
    """Turn a named constraint's violation into its sentence. The transaction is lost either way."""
    try:
        yield
    except psycopg.errors.IntegrityError as error:
        name = error.diag.constraint_name or ""
        if name in SENTENCES:
            code, sentence = SENTENCES[name]
            raise Conflict(code, sentence) from error
        if name.endswith(_BAD_VALUE):
            raise Invalid("fact.value", N_("Có giá trị ngoài danh mục hoặc thời gian rỗng. Hãy xem lại.")) from error
        raise
    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable) as error:
        raise Conflict("person.busy", N_("Hồ sơ đang được người khác thay đổi. Hãy thử lại sau ít phút.")) from error
    except psycopg.errors.NumericValueOutOfRange as error:
        raise Invalid("fact.value", N_("Có giá trị ngoài danh mục hoặc thời gian rỗng. Hãy xem lại.")) from error
    except psycopg.DatabaseError as error:
        if error.sqlstate == "DA001":  # the gate could not write its evidence: nothing is done without it
            raise Unavailable(
                "audit.not_sequenced",
                N_(
                    "Nhật ký bằng chứng đang không hoạt động nên dữ liệu tạm thời không được mở. Hãy báo quản trị hệ thống."
                ),
            ) from error
        if not isinstance(error, psycopg.OperationalError):
            raise
        raise Unavailable("db.lost", N_("Mất kết nối cơ sở dữ liệu. Hãy thử lại.")) from error
