"""Accesses in plain words: who, when, why, what was seen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.audit.models import Access, FoundEntry, Query
from dancu.exchange.service.titles import disputed
from dancu.kernel.actor import SYSTEM, Actor, ActorKind, Purpose
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn
from dancu.kit.events import emit
from dancu.kit.i18n import N_, gettext, language
from dancu.monitoring.service.accesses import newest, of_others
from dancu.oidc.service import registration
from dancu.population import service as population

# News that opens a case (room quality).
LOOK_QUESTIONED, LOOK_OBJECTED = "look.questioned", "look.objected"

ACTION = {
    "read": N_("đã xem"),
    "search": N_("đã thấy trong kết quả tìm kiếm"),
    "write": N_("đã ghi thay đổi"),
    "denied": N_("đã bị từ chối xem"),
    "erase": N_("đã xóa nội dung một mục nhật ký"),
    "export": N_("đã xuất dữ liệu"),
    "sign_in": N_("đã đăng nhập"),
    "system": N_("đã xử lý"),
}

# What was done where the action alone says too little. Verb of the entry -> what the citizen reads. `service`: of the entry's note.
DEED = {
    "account.sign_in": ACTION["sign_in"],
    "consent.give": N_("đã đồng ý cho {service} nhận"),
    "consent.withdraw": N_("đã rút lại điều đã đồng ý với một dịch vụ"),
    "oidc.sign_in": N_("đã nhận bạn đăng nhập"),
    "oidc.refresh": N_("đã giữ tiếp lần đăng nhập của bạn"),
    "oidc.revoke": N_("đã trả lại quyền có từ lần đăng nhập của bạn"),
    "oidc.exchange": N_("đã dùng lần đăng nhập của bạn để hỏi tiếp {service}"),
    "oidc.disconnect": N_("đã ngắt kết nối với {service}"),
    "person.protect": N_("đã ghi bạn vào danh sách người được bảo vệ đặc biệt"),
    "person.protect.end": N_("đã đưa bạn ra khỏi danh sách người được bảo vệ đặc biệt"),
    "staff.person": N_("đã ghi bạn là một cán bộ, để thấy khi cán bộ ấy tự mở hồ sơ của mình, người thân hay hàng xóm"),
}

FIELD = {
    "number": N_("số định danh"), "name": N_("họ tên"), "birth": N_("ngày sinh"), "sex": N_("giới tính"),
    "traits": N_("dân tộc, tôn giáo, quốc tịch"), "residence": N_("nơi cư trú"), "household": N_("hộ gia đình"),
    "kin": N_("quan hệ gia đình"), "marital": N_("hôn nhân"), "cards": N_("thẻ căn cước"),
    "contacts": N_("liên hệ"), "life": N_("tình trạng sống"), "accesses": N_("danh sách người đã xem"),
    "cases": N_("phản ánh về dữ liệu"), "account": N_("tài khoản định danh"),
    "eid_application": N_("hồ sơ đăng ký định danh"), "mandate": N_("việc được tổ chức giao"),
    "authenticator": N_("cách xác thực"), "approval": N_("yêu cầu xác nhận"), "sign_in": N_("lần đăng nhập"),
    "card_order": N_("đơn làm thẻ"), "documents": N_("giấy tờ tích hợp"),
    "face": N_("ảnh gốc"), "finger": N_("vân tay gốc"),
    "consents": N_("điều bạn đã đồng ý"), "agreements": N_("ai được phép hỏi về bạn"), "confirmation": N_("giấy xác nhận"),
    "confirmations": N_("giấy xác nhận"), "paper_demands": N_("nơi vẫn đòi giấy tờ"), "verifications": N_("phiếu xác minh nơi cư trú"),
    "papers": N_("dữ liệu các bộ, ngành"),
    "access": N_("quyền của cán bộ"), "subscription": N_("việc báo tin khi thông tin thay đổi"), "reconcile": N_("đối soát với dữ liệu của cơ quan khác"),
    "import_row": N_("dòng sổ đã nhập"),
    # Groups of the registry, as what wrote them names them (population.models.groups).
    "birth_name": N_("họ tên khai sinh"), "other_name": N_("tên gọi khác"), "personal_id": N_("số định danh cá nhân"), "birth_date": N_("ngày sinh"),
    "birth_place": N_("nơi sinh"), "birth_registration": N_("nơi đăng ký khai sinh"), "origin": N_("quê quán"), "ethnicity": N_("dân tộc"),
    "religion": N_("tôn giáo"), "nationality": N_("quốc tịch"), "blood_group": N_("nhóm máu"), "old_number": N_("số chứng minh nhân dân"),
    "card": N_("thẻ căn cước"), "permanent_residence": N_("nơi thường trú"), "temporary_residence": N_("nơi tạm trú"),
    "current_place": N_("nơi ở hiện tại"), "temporary_absence": N_("tạm vắng"), "residence_file": N_("số hồ sơ cư trú"),
    "marital_status": N_("tình trạng hôn nhân"), "household_relation": N_("quan hệ với chủ hộ"), "life_status": N_("tình trạng sống"),
    "contact": N_("liên hệ"), "other": N_("thông tin khác"),
    # What a consent names (sharing.catalogue.CONSENTS).
    "birthdate": N_("ngày sinh"), "gender": N_("giới tính"), "address": N_("nơi thường trú"), "temporary_address": N_("nơi tạm trú"),
    "stay": N_("nơi ở hiện tại"), "phone": N_("số điện thoại"), "email": N_("thư điện tử"), "organisations": N_("tổ chức được thay mặt"),
    "medical": N_("kết quả khám sức khỏe"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """One access as a citizen reads it. `erased`: the law had its content removed; place and time stay. `askable`: it was an
    organisation's, which the citizen may ask or object to. `receipt`: it left a receipt that stands in a dossier (/account/receipts/<entry_id>)."""

    seq: int
    entry_id: int
    at: datetime
    who: str
    did: str
    why: str
    legal_basis: str
    saw: tuple[str, ...]
    case_ref: str
    erased: bool
    askable: bool = False
    receipt: bool = False


@dataclass(frozen=True, slots=True)
class Looks:
    """A stretch of a person's list, newest first. `gaps`: numbers missing between neighbours, a sign of deletion."""

    looks: tuple[Look, ...]
    gaps: tuple[tuple[int, int], ...]
    more_before: int | None


async def looks_of(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, before: int | None = None, limit: int = 50,
    permission: str = "person.read", others: bool = False,
) -> Looks:  # fmt: skip
    """Who looked at this person. The look at the list is itself recorded, and seen there a moment later. `others`: without the person's
    own and the platform's; numbers are then no row without gaps."""
    await population.open_person(conn, actor, purpose, key, fields=("accesses",), permission=permission)
    if others:
        found, more = await of_others(conn, key, limit, before, lambda one: not _asked_of(one, key))
    else:
        found = await newest(conn, key, limit + 1, before)
        more = found[limit - 1].seq if len(found) > limit else None
    names = await access.organisation_names(conn)
    services: dict[int, str] = {}
    if any((one.org_code and one.org_code not in names) or _service(one) for one in found):
        # Of services a citizen signs in to, by number, and their organisations, which need not be known here.
        clients = await registration.registered(conn, SYSTEM)
        names = {client.org_code: client.org_name or client.name for client in clients} | names
        services = {client.client_no: client.name_en if client.name_en and language() == "en" else client.name for client in clients}
    page = found[:limit]
    looks = tuple(_look(one, names, services, key, own=actor.kind is ActorKind.CITIZEN) for one in page)
    if others:
        return Looks(looks, (), more)
    seqs = ([before] if before else []) + [one.seq for one in page] + ([0] if len(found) <= limit else [])
    gaps = tuple((low + 1, high - 1) for high, low in itertools.pairwise(seqs) if high - low > 1)
    return Looks(looks, gaps, more)


def _field(code: str) -> str:
    """What was seen, in words; "" for what has none. `paper.land`: what a ministry holds."""
    if code.startswith("paper."):
        return gettext(N_("dữ liệu ngành: {title}"), title=disputed(code.removeprefix("paper."), ""))
    return gettext(FIELD[code]) if code in FIELD else ""


def _service(one: Access) -> int:
    """The service an entry speaks of beside who did it; 0 for none."""
    note = one.note or {}
    found = note.get("for", note.get("client_no")) if note.get("verb") in ("consent.give", "oidc.exchange", "oidc.disconnect") else 0
    return found if isinstance(found, int) else 0


def _look(one: Access, names: dict[str, str], services: dict[int, str], key: int, *, own: bool) -> Look:
    """`own`: the reader is the person the list is about; to an officer "yourself" would be the officer."""
    if one.actor_kind == "citizen" and one.actor_id == key:
        who = gettext(N_("Chính bạn")) if own else gettext(N_("Chính công dân này"))
    elif one.org_code == SYSTEM.org_code:
        who = gettext(N_("Hệ thống Dancu"))
    else:
        who = names.get(one.org_code, one.org_code)
    verb = str((one.note or {}).get("verb", ""))
    deed = DEED.get(verb) if own else None
    return Look(
        seq=one.seq, entry_id=one.entry_id, at=one.at, who=who, did=gettext(deed or ACTION.get(one.action, one.action), service=services.get(_service(one), gettext(N_("một dịch vụ")))),
        why=access.purpose_title(one.purpose or ""), legal_basis=one.legal_basis or "",
        saw=() if deed and verb != "consent.give" else tuple(dict.fromkeys(word for f in one.fields if (word := _field(f)))), case_ref=one.case_ref or "",
        erased=one.erased_by is not None, askable=own and _asked_of(one, key) != "",
        receipt=own and verb == "residence.proved",
    )  # fmt: skip


def _asked_of(one: Access, key: int) -> str:
    """Which organisation answers for an access; "" where nobody but the citizen or the platform itself was there."""
    ours = one.org_code == SYSTEM.org_code or (one.actor_kind == "citizen" and one.actor_id == key)
    return "" if ours else one.org_code


async def ask(conn: Conn, actor: Actor, purpose: Purpose, seq: int, *, objection: bool) -> None:
    """A citizen asks the organisation behind access number `seq` of their list, or objects to it: a case with that organisation's
    desk, answered within the law's time. Raises NotFound where there is no such access to ask about."""
    key = actor.actor_id
    await population.open_person(conn, actor, purpose, key, fields=("accesses",))
    found = await audit.accesses_of(conn, key, limit=1, before_seq=seq + 1) if 0 < seq < 1 << 62 else []
    org_code = _asked_of(found[0], key) if found and found[0].seq == seq else ""
    if not org_code:
        raise NotFound("looks.unknown", N_("Không có lượt xem này để hỏi."))
    await audit.record(
        conn, actor, purpose, action="write", subjects=[key], fields=["cases"], note={"verb": "look.object" if objection else "look.ask", "seq": seq}
    )
    look = found[0]
    payload = {
        "group": "access", "field": str(seq), "org_code": org_code, "source": "looks", "ref": f"audit.entry:{look.entry_id}",
        "details": {
            "at": look.at.isoformat(), "purpose": look.purpose or "", "case_ref": look.case_ref or "",
            "officer": str(look.actor_id) if look.actor_kind == "staff" else "",
        },
    }  # fmt: skip
    await emit(conn, LOOK_OBJECTED if objection else LOOK_QUESTIONED, key, payload)


async def search_log(conn: Conn, actor: Actor, purpose: Purpose, query: Query) -> list[FoundEntry]:
    """The auditor's search over the log; recorded itself. NotAllowed without `audit.read`."""
    return await audit.search_entries(conn, actor, purpose, bytes.fromhex(actor.session_id), query)

