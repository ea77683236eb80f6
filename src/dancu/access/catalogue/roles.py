"""Roles: what a post in an organisation may do. An assignment gives a role in an organisation for certain
units and days."""

from __future__ import annotations

from collections.abc import Iterable

from dancu.access.models import Role

_LOOK = ("person.search", "person.read", "person.history", "person.print")

_ALL = (
    Role(
        "ward_police",
        "Cảnh sát khu vực",
        "Ward police officer",
        frozenset(
            {
                *_LOOK,
                "person.write.register",
                "person.write.correct",
                "person.write.move",
                "person.write.join_household",
                "person.write.leave_household",
                "person.write.card",
                "person.write.contact",
                "person.write.cancel_number",
                "person.write.replace_number",
                "person.merge",
                "person.number.allocate",
                "territory.hamlet.write",
                "case.read",
                "case.answer",
                "case.desk",
                "break_glass",
                "eid.application.read",
                "eid.application.decide",
                "residence.prove",
                "document.check",
                "eid.enrol",
                "eid.lock",
                "eid.recover",
                "eid.office",
            }
        ),
    ),
    Role(
        "civil_status_clerk",
        "Công chức tư pháp – hộ tịch",
        "Civil-status clerk",
        frozenset(
            {
                *_LOOK,
                "person.write.register",
                "person.write.correct",
                "person.write.kinship",
                "person.write.marry",
                "person.write.divorce",
                "person.write.die",
                "person.number.allocate",
                "case.read",
                "case.desk",
                "residence.prove",
                "document.check",
            }
        ),
    ),
    Role(
        "one_stop_officer",
        "Cán bộ một cửa",
        "One-stop officer",
        # The counter serves whoever comes, from anywhere: it may look up the whole country and writes
        # nothing.
        frozenset({"person.search", "person.read", "person.print", "person.read.national", "case.read", "eid.recover",
                   "residence.prove", "document.check", "case.desk", "paper.read"}),
    ),
    Role(
        "province_leader",
        "Lãnh đạo tỉnh",
        "Province leader",
        frozenset({"dashboard.read", "break_glass.review"}),
    ),
    Role(
        "auditor",
        "Kiểm toán viên nhật ký",
        "Auditor",
        frozenset({"audit.read", "audit.verify", "break_glass.review", "exchange.watch", "exchange.alert"}),
    ),
    Role(
        "data_protection_officer",
        "Cán bộ bảo vệ dữ liệu cá nhân",
        "Data protection officer",
        # Erasing what the log says is not for those who read it for their work.
        frozenset({"audit.erase", "audit.verify", "case.read"}),
    ),
    Role(
        "eid_hotline",
        "Tổng đài viên định danh điện tử",
        "e-ID hotline agent",
        # Hears questions and answers; sees whether answers agree, never the record.
        frozenset({"eid.hotline", "person.verify"}),
    ),
    Role(
        "case_officer", "Cán bộ giải quyết phản ánh", "Case officer",
        # Of a ministry or an enterprise: answers what is wrong in its own database, sees nobody's record.
        frozenset({"case.desk"}),
    ),
    Role(
        "sector_officer", "Cán bộ dữ liệu ngành", "Officer of a sector's data",
        # Puts a ministry's own data right: sees what the ministry holds beside what contradicts it, and nothing else.
        frozenset({"case.desk", "paper.read"}),
    ),
    Role(
        "health_desk", "Bàn tiếp đón khám chữa bệnh", "Reception desk of a hospital",
        frozenset({"paper.read", "document.check"}),
    ),
    Role("integrator", "Kỹ sư tích hợp", "Integrator", frozenset({"integration.read", "client.register", "exchange.join"})),
    Role(
        "connection_reviewer", "Cán bộ duyệt kết nối", "Reviewer of connections",
        frozenset({"integration.read", "client.approve", "exchange.review", "exchange.watch"}),
    ),
    Role(
        "national_coordinator", "Điều phối viên chia sẻ dữ liệu quốc gia", "National coordinator of data sharing",
        # Decides where an owner of data stays silent, also where a citizen's case waits there.
        frozenset({"case.desk", "integration.read", "dashboard.read", "exchange.coordinate", "exchange.level", "exchange.watch"}),
    ),
    Role(
        "duty_officer", "Trực ban trung tâm điều hành", "Duty officer of the operations centre",
        frozenset({"integration.read", "exchange.watch"}),
    ),
    Role(
        "registrar",
        "Cán bộ nhập và làm sạch dữ liệu",
        "Registrar (import operator)",
        frozenset(
            {
                *_LOOK,
                "import.run",
                "person.export",
                "person.write.register",
                "person.write.correct",
                "person.number.allocate",
                "person.merge",
                "case.read",
                "audit.verify",
            }
        ),
    ),
    Role("admin", "Quản trị viên", "Administrator", frozenset({"access.admin"})),
)
ROLES = {role.code: role for role in _ALL}

# Who watches and who gives rights does nothing else: held alone or not at all.
EXCLUSIVE_ROLES = frozenset({"auditor", "admin", "data_protection_officer"})


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All permissions that these roles give together."""
    return frozenset().union(*(ROLES[role].permissions for role in roles))
