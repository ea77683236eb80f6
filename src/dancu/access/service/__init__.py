"""The verbs of access. All take a connection inside the caller's transaction; none commits. Loaded when used (kit.lazy)."""

from typing import TYPE_CHECKING

from dancu.access.service import sessions
from dancu.kit.lazy import offer

if TYPE_CHECKING:
    from dancu.access.catalogue.choosing import choose_purpose, law_name, purposes, roles
    from dancu.access.policy import require
    from dancu.access.service.catalogue import sync_catalogue
    from dancu.access.service.contacts import my_contacts, set_my_contacts
    from dancu.access.service.demo import demo_personas, enter_as, is_demo, mark_demo, seed_demo
    from dancu.access.service.desk import COOKIE as PURPOSE_COOKIE
    from dancu.access.service.desk import desk_purpose, desk_purposes, purpose_cookie, purpose_title
    from dancu.access.service.factor import change_totp, reset_totp
    from dancu.access.service.glass import break_glass, open_reviews, openings, review, supervisor_of
    from dancu.access.service.organisations import (
        add_organisation,
        change_organisation,
        close_organisation,
        english_names,
        organisation,
        organisation_names,
        organisation_title,
        organisation_view,
        organisations,
    )
    from dancu.access.service.os_user import actor_for_operator, actor_for_os_user
    from dancu.access.service.rights import (
        recompute_all,
        recompute_rights,
        rights_named,
        rights_of,
        unit_name,
        units_by_codes,
    )
    from dancu.access.service.sessions import (
        end_other_sessions,
        end_session_by_id,
        issue_session,
        my_sessions,
        sign_out,
        sweep,
    )
    from dancu.access.service.sign_in import (
        change_password,
        confirm_totp,
        reopen_totp,
        set_up,
        sign_in,
        start_totp,
    )
    from dancu.access.service.staff import (
        add_staff,
        assign,
        deactivate,
        end_assignment,
        reset,
        staff_by_login,
        staff_list,
        staff_named,
        staff_view,
    )

__all__ = [
    "PURPOSE_COOKIE",
    "actor_for_operator",
    "actor_for_os_user",
    "add_organisation",
    "add_staff",
    "assign",
    "break_glass",
    "change_organisation",
    "change_password",
    "change_totp",
    "choose_purpose",
    "close_organisation",
    "confirm_totp",
    "deactivate",
    "demo_personas",
    "desk_purpose",
    "desk_purposes",
    "end_assignment",
    "end_other_sessions",
    "end_session_by_id",
    "english_names",
    "enter_as",
    "is_demo",
    "issue_session",
    "law_name",
    "mark_demo",
    "my_contacts",
    "my_sessions",
    "open_reviews",
    "openings",
    "organisation",
    "organisation_names",
    "organisation_title",
    "organisation_view",
    "organisations",
    "purpose_cookie",
    "purpose_title",
    "purposes",
    "recompute_all",
    "recompute_rights",
    "reopen_totp",
    "require",
    "reset",
    "reset_totp",
    "review",
    "rights_named",
    "rights_of",
    "roles",
    "seed_demo",
    "sessions",
    "set_my_contacts",
    "set_up",
    "sign_in",
    "sign_out",
    "staff_by_login",
    "staff_list",
    "staff_named",
    "staff_view",
    "start_totp",
    "supervisor_of",
    "sweep",
    "sync_catalogue",
    "unit_name",
    "units_by_codes",
]

offer(
    __name__,
    {
        "dancu.access.catalogue.choosing": ("choose_purpose", "law_name", "purposes", "roles"),
        "dancu.access.policy": ("require",),
        "dancu.access.service.catalogue": ("sync_catalogue",),
        "dancu.access.service.contacts": ("my_contacts", "set_my_contacts"),
        "dancu.access.service.demo": ("demo_personas", "enter_as", "is_demo", "mark_demo", "seed_demo"),
        "dancu.access.service.desk": ("COOKIE as PURPOSE_COOKIE", "desk_purpose", "desk_purposes", "purpose_cookie", "purpose_title"),
        "dancu.access.service.factor": ("change_totp", "reset_totp"),
        "dancu.access.service.glass": ("break_glass", "open_reviews", "openings", "review", "supervisor_of"),
        "dancu.access.service.organisations": ("add_organisation", "change_organisation", "close_organisation", "english_names", "organisation", "organisation_names", "organisation_title", "organisation_view", "organisations"),
        "dancu.access.service.os_user": ("actor_for_operator", "actor_for_os_user"),
        "dancu.access.service.rights": ("recompute_all", "recompute_rights", "rights_named", "rights_of", "unit_name", "units_by_codes"),
        "dancu.access.service.sessions": ("end_other_sessions", "end_session_by_id", "issue_session", "my_sessions", "sign_out", "sweep"),
        "dancu.access.service.sign_in": ("change_password", "confirm_totp", "reopen_totp", "set_up", "sign_in", "start_totp"),
        "dancu.access.service.staff": ("add_staff", "assign", "deactivate", "end_assignment", "reset", "staff_by_login", "staff_list", "staff_named", "staff_view"),
    },
)  # fmt: skip
