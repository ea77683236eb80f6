"""The command line: the operating-system user is somebody's staff identity, or the operator of a new
installation."""

from __future__ import annotations

from datetime import timedelta

from dancu.access.models import Right
from dancu.access.service import sessions
from dancu.access.service.rights import recompute_rights
from dancu.access.store import sessions as session_store
from dancu.access.store import staff as store
from dancu.kernel.actor import Actor, ActorKind, Channel
from dancu.kernel.errors import NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

# A long import must not lose its session half-way; the command ends with its terminal.
LIFE = timedelta(hours=12)
OPERATOR_ORG = "dancu"


async def actor_for_os_user(conn: Conn, os_user: str) -> Actor:
    """The staff actor mapped to this operating-system user, with a command-line session (one is reused while
    it lives). Raises NotAllowed `os_user.unmapped`."""
    staff = await store.by_os_user(conn, os_user)
    if staff is None and await store.invited_os_user(conn, os_user):
        raise NotAllowed(
            "os_user.not_activated",
            N_("Tài khoản cán bộ của “{os_user}” chưa được kích hoạt. Hãy mở trang đăng nhập và dùng mã thiết lập đã nhận."),
            os_user=os_user,
        )
    if staff is None:
        raise NotAllowed(
            "os_user.unmapped",
            N_(
                "Người dùng hệ điều hành “{os_user}” chưa gắn với cán bộ nào. "
                "Hãy chạy: dancu access staff add … --os-user"
            ),
            os_user=os_user,
        )
    token_hash = await session_store.live_cli(conn, staff.staff_id)
    if token_hash is None:
        await recompute_rights(conn, staff.staff_id)
        token = await sessions.issue_session(
            conn, ActorKind.STAFF, staff.staff_id, staff.org_code, channel=Channel.CLI, life=LIFE, idle=LIFE
        )
        token_hash = sessions.hash_of(token)
    rights: list[Right] = await store.rights(conn, staff.staff_id)
    return Actor(
        kind=ActorKind.STAFF,
        actor_id=staff.staff_id,
        org_code=staff.org_code,
        name=staff.display_name,
        session_id=token_hash.hex(),
        channel=Channel.CLI,
        permissions=frozenset(right.permission for right in rights),
    )


async def actor_for_operator(conn: Conn, os_user: str) -> Actor:
    """Who administers access from the command line: the mapped staff member, or, while the installation has
    no administrator at all, its operator, who must make the first one."""
    if not await store.any_admin(conn):
        return operator()
    return await actor_for_os_user(conn, os_user)


def operator() -> Actor:
    """The system itself, for the first set-up and the demonstration's."""
    return Actor(
        ActorKind.SYSTEM,
        0,
        OPERATOR_ORG,
        "Dancu",
        channel=Channel.CLI,
        permissions=frozenset({"access.admin"}),
    )
