"""What a case is called and how it begins, in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from dancu.access import service as access
from dancu.credentials.service.titles import document_title
from dancu.exchange.models import procedures
from dancu.exchange.service.titles import disputed, identity_word, way_title
from dancu.kernel.clock import VIETNAM
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext
from dancu.population import service as population
from dancu.quality.models import Case, CaseKind, Opening, Waiting

#: How a case opened by news reads where nobody wrote anything themselves.
FOUND: Final[Mapping[CaseKind, str]] = {
    CaseKind.DISAGREEMENT: N_("Giấy tờ hoặc lời khai tại quầy khác với cơ sở dữ liệu dân cư."),
    CaseKind.DOCUMENT: N_("Giấy tờ đề nghị tích hợp khác với dữ liệu của cơ quan quản lý."),
    CaseKind.CONNECTOR: N_("Dữ liệu của cơ quan quản lý được báo là sai."),
    CaseKind.QUESTION: N_("Công dân hỏi vì sao cơ quan đã xem dữ liệu của mình."),
    CaseKind.OBJECTION: N_("Công dân phản đối việc cơ quan đã xem dữ liệu của mình."),
    CaseKind.PAPER: N_("Công dân vẫn bị yêu cầu nộp giấy tờ mà pháp luật không còn đòi hỏi."),
}


async def _paper_demand(conn: Conn, key: int, ref: str) -> str:
    from dancu.exchange.service import paper_demands

    return await paper_demands.said(conn, key, ref)


async def _dispute(conn: Conn, key: int, ref: str) -> str:
    from dancu.exchange.service import disputes

    return await disputes.said(conn, key, ref)


#: Prefix of a reference -> the words of the room it belongs to (role worker); empty where it has none.
STATEMENTS: Final[dict[str, Callable[[Conn, int, str], Awaitable[str]]]] = {
    "exchange.paper_demand:": _paper_demand, "exchange.dispute:": _dispute,
}  # fmt: skip


async def statement(conn: Conn, key: int, what: Opening) -> str:
    """The words a case opens with: those of the row behind it, or what its kind says."""
    for prefix, told in STATEMENTS.items():
        if what.ref.startswith(prefix):
            own = (await told(conn, key, what.ref.removeprefix(prefix))).strip()[:2000]
            if len(own) >= 5:
                return own
    return FOUND.get(what.kind, "") or FOUND[CaseKind.DISAGREEMENT]


def about(case: Case | Waiting | Opening) -> str:
    """What a case is about, in the language of the request."""
    group = case.group if isinstance(case, Opening) else case.data_group
    if case.kind in (CaseKind.QUESTION, CaseKind.OBJECTION):
        return gettext(N_("Một lượt xem dữ liệu"))
    if case.kind is CaseKind.PAPER:
        return gettext(N_("Đòi giấy tờ: {procedure}"), procedure=procedures.title(case.field))
    if case.kind is CaseKind.DOCUMENT:
        return gettext(N_("Giấy tờ tích hợp: {document}"), document=gettext(document_title(case.field)))
    if case.kind is CaseKind.CONNECTOR:
        return disputed(group, case.field)
    return population.term(group, case.field)


def term(case: Case, name: str) -> str:
    """What a compared field is called: of a ministry's paper, the word for who somebody is; else the record's."""
    if "." in name:
        return population.term(*name.split(".", 1))
    of_a_paper = case.kind in (CaseKind.DOCUMENT, CaseKind.CONNECTOR)
    return (of_a_paper and identity_word(name)) or population.term(case.data_group, name)


def found(case: Case) -> str:
    """The opening words as read: a standard sentence in the reader's language, somebody's own as written."""
    standard = FOUND.get(case.kind, "")
    told = gettext(standard) if standard and case.statement == standard else case.statement
    return f"{told} {more}" if (more := _look(case) or _way(case)) else told


def _way(case: Case) -> str:
    """How what disagrees was put forward: what a reader read is a wrong card, what was typed may be a slip; "" for other cases."""
    way = way_title(case.source) if case.kind is CaseKind.DISAGREEMENT else ""
    return gettext(N_("Đưa ra bằng cách: {way}."), way=way) if way else ""


def _look(case: Case) -> str:
    """Which access a citizen asks about; "" for a case about anything else."""
    if case.kind not in (CaseKind.QUESTION, CaseKind.OBJECTION) or not case.details.get("at"):
        return ""
    at = datetime.fromisoformat(case.details["at"]).astimezone(VIETNAM)
    purpose = access.purpose_title(case.details.get("purpose", ""))
    words = gettext(N_("Lượt xem số {seq} lúc {time}, mục đích: {purpose}."), seq=case.field, time=f"{at:%H:%M %d/%m/%Y}", purpose=purpose)
    ref = case.details.get("case_ref")
    return f"{words} " + gettext(N_("Hồ sơ: {ref}."), ref=ref) if ref else words
