"""Pages of access: signing in, one's own account, emergency openings, administration of staff, demonstration
personas. The application gives `state["keys"]`, the folder of the installation's keys."""

from dancu.access.pages import account, glass, organisations, personas, sign_in, staff
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem

router = APIRouter(include_in_schema=False)
router.include_router(sign_in.router)
for prefix in account.PREFIXES:
    router.include_router(account.router, prefix=prefix)
router.include_router(glass.router)
router.include_router(organisations.router, prefix="/watch")
router.include_router(staff.router, prefix="/watch")
router.include_router(personas.router)

MENU = (
    MenuItem("desk", N_("Tài khoản của tôi"), "/desk/account"),
    MenuItem("watch", N_("Mở khẩn cấp"), "/watch/emergency", ("break_glass.review",)),
    MenuItem("watch", N_("Cán bộ"), "/watch/staff", ("access.admin",)),
    MenuItem("watch", N_("Cơ quan"), "/watch/organisations", ("access.admin",)),
    MenuItem("watch", N_("Tài khoản của tôi"), "/watch/account"),
)

__all__ = ["MENU", "router"]
