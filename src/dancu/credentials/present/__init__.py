"""Integrated documents in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dancu.credentials.models import Document, Verdict
from dancu.credentials.rules import KINDS
from dancu.credentials.service.titles import STANDINGS, STATES, state
from dancu.exchange.models.connectors import Outcome
from dancu.exchange.service import paper_words as words
from dancu.exchange.service.connected import connector
from dancu.kit.i18n import N_, gettext

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.EXPIRED: N_("Mã đã hết hạn. Mỗi mã chỉ sống một phút; ảnh chụp màn hình không dùng được. Hãy mời người dân mở lại."),
    Verdict.USED: N_("Mã này đã được kiểm tra rồi. Hãy mời người dân mở màn hình mới."),
    Verdict.UNKNOWN: N_("Không có mã này. Hãy kiểm tra lại các chữ số, hoặc mời người dân mở màn hình mới."),
    Verdict.FORGED: N_("Mã này không phải do hệ thống cấp. Đừng chấp nhận giấy tờ này."),
    Verdict.NO_RIGHT: N_("Tài khoản của bạn không có quyền kiểm tra giấy tờ."),
}
__all__ = ["STANDINGS", "STATES", "VERDICTS", "desk", "lines", "owner", "state", "why"]


def lines(document: Document) -> list[tuple[str, str]]:
    """(term, value) of what the screen shows."""
    kind = KINDS[document.kind]
    source = connector(kind.connector)
    part = source.part(kind.part) if source else None
    if part is None:
        return []
    fields = {one.code: one for one in part.fields}
    return [
        (gettext(fields[code].title), words.value(fields[code], document.record[code]))
        for code in kind.shows
        if code in fields and document.record.get(code) is not None
    ]


def why(document: Document) -> str:
    """Why its source was not asked with success, where it was not."""
    found = words.WHY.get(Outcome(document.reason)) if document.reason in set(Outcome) else None
    return gettext(found) if found else ""


def owner(code: str) -> str:
    """Who issues this kind of document."""
    source = connector(KINDS[code].connector)
    return gettext(source.owner) if source else ""


def desk(code: str) -> str:
    source = connector(KINDS[code].connector)
    return gettext(source.desk_title) if source else ""
