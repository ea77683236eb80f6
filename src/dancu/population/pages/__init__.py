"""Pages of the registry: the officer's desk (search, record, verbs) and the citizen's own record."""

from __future__ import annotations

from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, MenuItem
from dancu.population.pages import me, record, review, search
from dancu.population.pages.verbs.routes import router as verbs_router

router = APIRouter()
router.include_router(search.router)
router.include_router(record.router)
router.include_router(verbs_router)
router.include_router(me.router)
router.include_router(review.router)

MENU = (
    MenuItem("desk", N_("Tìm người"), "/desk", ("person.search",)),
    MenuItem("desk", N_("Đăng ký mới"), "/desk/new", ("person.write.register", "person.write.join_household")),
    MenuItem("desk", N_("Dòng nhập chờ xem"), "/desk/review", ("import.run",)),
    MenuItem("citizen", N_("Hồ sơ của tôi"), "/me", ("citizen.self",)),
)

#: What kit.web.records calls for an address nobody was led to.
UNREACHED = record.unreached

__all__ = ["MENU", "UNREACHED", "router"]
