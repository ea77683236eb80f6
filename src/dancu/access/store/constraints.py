"""Named constraints of the schema, as sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import DatabaseError

from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_SENTENCES: dict[str, tuple[type[DancuError], str, str]] = {
    "organisation_pkey": (Conflict, "organisation.exists", N_("Mã cơ quan này đã có. Hãy chọn mã khác.")),
    "organisation_parent_fkey": (
        NotFound, "organisation.parent", N_("Không có cơ quan cấp trên với mã này."),
    ),
    "organisation_not_its_own_parent": (
        Invalid, "organisation.own_parent", N_("Một cơ quan không thể trực thuộc chính nó."),
    ),
    "organisation_org_code_check": (
        Invalid, "organisation.code",
        N_("Mã cơ quan chỉ gồm chữ không dấu, chữ số, dấu chấm, gạch nối; tối đa 40 ký tự."),
    ),
    "organisation_name_check": (Invalid, "organisation.name", N_("Hãy ghi tên cơ quan.")),
    "organisation_kind_check": (Invalid, "organisation.kind", N_("Hãy chọn loại cơ quan trong danh sách.")),
    "staff_login_key": (Conflict, "staff.login_taken", N_("Tên đăng nhập này đã có người dùng.")),
    "staff_os_user_key": (
        Conflict, "staff.os_user_taken", N_("Người dùng hệ điều hành này đã gắn với cán bộ khác."),
    ),
    "staff_login_check": (
        Invalid, "staff.login",
        N_("Tên đăng nhập dài 2–64 ký tự: chữ thường không dấu, chữ số, dấu chấm, gạch."),
    ),
    "staff_display_name_check": (Invalid, "staff.name", N_("Hãy ghi họ tên cán bộ.")),
    "staff_org_fkey": (NotFound, "organisation.unknown", N_("Không có cơ quan với mã này.")),
    "assignment_org_fkey": (NotFound, "organisation.unknown", N_("Không có cơ quan với mã này.")),
    "assignment_role_fkey": (NotFound, "role.unknown", N_("Không có vai trò này.")),
    "assignment_staff_fkey": (NotFound, "staff.unknown", N_("Không tìm thấy cán bộ này.")),
    "assignment_once": (
        Conflict, "assignment.overlap", N_("Cán bộ đã có vai trò này tại cơ quan trong thời gian đó."),
    ),
    "assignment_not_to_oneself": (NotAllowed, "assignment.oneself", N_("Không ai được tự giao quyền cho mình.")),
    "admin_missing": (NotAllowed, "admin.missing", N_("Chỉ quản trị viên có phiên làm việc còn hiệu lực mới được làm việc này.")),
    "organisation_out_of_reach": (
        NotAllowed, "organisation.out_of_reach", N_("Cơ quan này không thuộc phạm vi quản trị của bạn."),
    ),
    "units_out_of_reach": (NotAllowed, "units.out_of_reach", N_("Địa bàn này nằm ngoài phạm vi quản trị của bạn.")),
    "assignment_exclusive": (
        Conflict, "assignment.exclusive",
        N_("Vai trò quản trị, kiểm toán và bảo vệ dữ liệu phải giữ riêng, không cùng vai trò khác."),
    ),
    "assignment_valid_check": (Invalid, "assignment.empty", N_("Ngày kết thúc phải sau ngày bắt đầu.")),
    "break_glass_not_reviewed_by_oneself": (
        Invalid, "glass.own_review", N_("Người mở khẩn cấp không được tự xem xét lần mở của mình."),
    ),
}  # fmt: skip


@asynccontextmanager
async def explained(conn: Conn) -> AsyncIterator[None]:
    """Run statements in a savepoint; a broken named constraint, or a rule by which one of our functions refused, becomes its
    sentence; the transaction stays usable."""
    try:
        async with conn.transaction():
            yield
    except DatabaseError as error:
        known = _SENTENCES.get(error.diag.constraint_name or "")
        if known is None:
            raise
        kind, code, sentence = known
        raise kind(code, sentence) from None


_REFUSALS: dict[str, tuple[type[DancuError], str, str]] = {
    "DA003": (NotAllowed, "glass.right", N_("Tài khoản của bạn không có quyền làm việc này.")),
    "DA004": (NotFound, "glass.unknown", N_("Không tìm thấy lần mở khẩn cấp này.")),
}


@asynccontextmanager
async def permitted(conn: Conn) -> AsyncIterator[None]:
    """Run statements in a savepoint; a refusal raised by the database's own functions becomes its sentence."""
    try:
        async with conn.transaction():
            yield
    except DatabaseError as error:
        known = _REFUSALS.get(error.sqlstate or "")
        if known is None:
            raise
        kind, code, sentence = known
        raise kind(code, sentence) from None
