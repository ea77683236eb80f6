"""What is kept about a citizen beside the registry's record: who looked, what they consented to, who may ask, what they reported, their
papers. For the copy of one's own data that law 91/2025 gives everybody; each part is an entry of the log by the verb that reads it, and
the export of them all is one more."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from dancu.access import service as access
from dancu.audit import service as audit
from dancu.credentials.service import documents
from dancu.credentials.service.titles import document_title, standing
from dancu.exchange.models import procedures
from dancu.exchange.models.confirmation import ConfirmationState
from dancu.exchange.service import confirmations, paper_demands, papers, receipts_found
from dancu.exchange.service import paper_words as words
from dancu.exchange.service.connected import connectors
from dancu.exchange.service.titles import CONFIRMATIONS, way_title
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, VIETNAM
from dancu.kit.db import Conn
from dancu.kit.i18n import N_, gettext, grouped
from dancu.kit.own_data import Part, plain
from dancu.monitoring.service.looks import looks_of
from dancu.monitoring.service.permitted import permitted
from dancu.population import service as population
from dancu.quality import service as quality
from dancu.quality.models import Case, CaseState
from dancu.sharing import service as sharing
from dancu.sharing.models import SERVICES, KeptConsent, ordered_fields

#: Newest accesses that are handed over: the list goes on under “who looked”.
MOST_LOOKS: Final = 5000
_STATES: Final = {
    "waiting": N_("Chờ cơ quan trả lời"), "accepted": N_("Đã nhận, đang sửa"), "done": N_("Đã sửa"), "refused": N_("Không chấp nhận"),
    "withdrawn": N_("Đã rút"),
}  # fmt: skip
Line = tuple[str, str, str]


async def gather(conn: Conn, actor: Actor) -> list[Part]:
    """Every part about the citizen whose session it is."""
    why = access.choose_purpose("own_record")
    parts = [
        await _looks(conn, actor, why), await _consents(conn, actor, why), await _agreements(conn, actor, why), await _cases(conn, actor, why),
        await _documents(conn, actor, why), await _confirmations(conn, actor, why), await _demands(conn, actor, why),
        await _receipts(conn, actor, why), await _papers(conn, actor, why),
    ]  # fmt: skip
    note = {"verb": "own.download", "parts": {one.code: len(one.data) for one in parts}}
    await audit.record(conn, actor, why, action="export", subjects=[actor.actor_id], fields=[one.code for one in parts], note=note)
    return parts


async def _looks(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await looks_of(conn, actor, why, actor.actor_id, limit=MOST_LOOKS)
    lines: list[Line] = [
        (_at(one.at), f"{one.who} {one.did}", " · ".join(part for part in (", ".join(one.saw), one.why, one.legal_basis, one.case_ref) if part))
        for one in found.looks
    ]  # fmt: skip
    if found.more_before is not None:
        lines.append(("", gettext(N_("và {n} lượt cũ hơn"), n=grouped(found.more_before - 1)), gettext(N_("xem ở trang Ai đã xem dữ liệu của tôi"))))
    return Part("accesses", gettext(N_("Ai đã xem dữ liệu của tôi")), plain(found.looks), lines)


async def _consents(conn: Conn, actor: Actor, why: Purpose) -> Part:
    await population.open_person(conn, actor, why, actor.actor_id, fields=("consents",))
    found = await sharing.consents_of(conn, actor)
    now, english = SYSTEM_CLOCK.now(), await access.english_names(conn)
    lines: list[Line] = [
        (
            english.get(one.org_code, one.org_name) or one.client_name, ", ".join(gettext(sharing.CONSENTS[group]) for group in sharing.CONSENTS if group in one.claims),
            " · ".join((
                access.purpose_title(one.purpose), gettext(N_("đồng ý lúc {at}"), at=_at(one.given_at)),
                _until(one, now),
            )),
        )
        for one in found
    ]  # fmt: skip
    return Part("consents", gettext(N_("Tôi đã đồng ý với ai")), plain(found), lines)


def _until(one: KeptConsent, now: datetime) -> str:
    """Until when it holds; each group by itself where they end on different days."""
    if not one.stands(now):
        return gettext(N_("đã rút")) if one.ended_by == "withdrawn" else gettext(N_("đã hết"))
    apart = one.ends_apart(now)
    if not apart:
        return gettext(N_("còn hiệu lực đến {at}"), at=_at(one.until))
    groups = [group for group in sharing.CONSENTS if group in apart]
    return "; ".join(gettext(N_("{group}: còn hiệu lực đến {at}"), group=gettext(sharing.CONSENTS[group]), at=_at(apart[group])) for group in groups)


async def _agreements(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await permitted(conn, actor, why)
    data, lines = [], list[Line]()
    for org in found:
        for one in org.agreements:
            data.append({
                "org_code": org.org_code, "org_name": org.name, "service": one.service, "until": one.last_day.isoformat(),
                "looked": org.looked, "last_look": org.last.isoformat() if org.last else None,
                "purposes": [
                    {
                        "purpose": code, "legal_basis": basis, "fields": ordered_fields(one.fields_for(code)),
                        "only_with_consent": ordered_fields(one.needing_consent(code, one.fields_for(code), SYSTEM_CLOCK.today())),
                    }
                    for code, basis in one.purposes.items()
                ],
            })  # fmt: skip
        # To read: what each may ask, in one line; fields by purpose stand in the file and on the page of the same name.
        asked = ", ".join(gettext(SERVICES[one.service].title) for one in org.agreements if one.service in SERVICES)
        wherefore = {access.purpose_title(code) for one in org.agreements for code in one.purposes}
        looked = gettext(N_("đã xem {n} lần"), n=grouped(org.looked)) if org.looked else ""
        lines.append((org.name, asked, " · ".join(part for part in (", ".join(sorted(wherefore)), looked) if part)))
    return Part("agreements", gettext(N_("Ai được phép hỏi về tôi")), data, lines)


async def _cases(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await quality.cases_of(conn, actor, why, actor.actor_id)
    lines: list[Line] = [
        (
            _at(one.opened_at), f"{quality.about(one)}: {quality.found(one)}",
            " · ".join(part for part in (gettext(_STATES[one.state.value]), _due(one), one.answer or "", one.answer_basis or "") if part),
        )
        for one in found
    ]  # fmt: skip
    return Part("cases", gettext(N_("Phản ánh của tôi")), plain(found), lines)


def _due(one: Case) -> str:
    """Until when the desk must answer, or carry out what it agreed to; "" once it has."""
    day = {CaseState.WAITING: one.answer_due, CaseState.ACCEPTED: one.done_due}.get(one.state)
    return gettext(N_("hạn {day}"), day=f"{day:%d/%m/%Y}") if day else ""


async def _offices(conn: Conn) -> dict[str, str]:
    return await access.organisation_names(conn)


async def _documents(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await documents.wallet(conn, actor, why)
    lines: list[Line] = [
        (
            gettext(document_title(one.kind)), " · ".join(part for part in (str(one.record.get("number") or ""), gettext(standing(one)) if standing(one) else "") if part),
            gettext(N_("hỏi nguồn lúc {at}"), at=_at(one.checked_at)) if one.checked_at else "",
        )
        for one in found
    ]  # fmt: skip
    return Part("documents", gettext(N_("Giấy tờ trong ví của tôi")), plain(found), lines)


async def _confirmations(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await confirmations.of_person(conn, actor, why, actor.actor_id)
    names, now = await _offices(conn), SYSTEM_CLOCK.now()
    lines: list[Line] = [
        (
            _at(one.issued_at), f"{gettext(CONFIRMATIONS[one.kind])} · {one.confirmation_id}",
            " · ".join((
                one.demanded_name or names.get(one.demanded_org, one.demanded_org), procedures.title(one.procedure),
                _standing(one.state(now), one.expires_at),
            )),
        )
        for one in found
    ]  # fmt: skip
    return Part("confirmations", gettext(N_("Giấy xác nhận đã cấp cho tôi")), plain(found), lines)


def _standing(state: ConfirmationState, until: datetime) -> str:
    if state is ConfirmationState.REVOKED:
        return gettext(N_("đã thu hồi"))
    return gettext(N_("đã hết")) if state is ConfirmationState.EXPIRED else gettext(N_("còn hiệu lực đến {at}"), at=_at(until))


async def _demands(conn: Conn, actor: Actor, why: Purpose) -> Part:
    found = await paper_demands.of_person(conn, actor, why)
    names = await _offices(conn)
    lines: list[Line] = [
        (
            _at(one.at), one.org_name or names.get(one.org_code, one.org_code),
            " · ".join(part for part in (procedures.title(one.procedure), procedures.paper(one.paper), one.said) if part),
        )
        for one in found
    ]  # fmt: skip
    return Part("paper_demands", gettext(N_("Nơi vẫn đòi tôi giấy tờ")), plain(found), lines)


async def _receipts(conn: Conn, actor: Actor, why: Purpose) -> Part:
    """What stands in offices' files in place of papers."""
    found = await receipts_found.all_mine(conn, actor, why)
    names = await _offices(conn)
    lines: list[Line] = [
        (_at(one.at), names.get(one.org_code, one.org_code), " · ".join((procedures.title(one.procedure), way_title(one.way), one.case_ref)))
        for one in found
    ]
    return Part("verifications", gettext(N_("Phiếu xác minh nơi cư trú của tôi")), plain(found), lines)


async def _papers(conn: Conn, actor: Actor, why: Purpose) -> Part:
    """What ministries answered last, as kept here; nobody is asked for it."""
    known = connectors()
    await population.open_person(conn, actor, why, actor.actor_id, fields=tuple(f"paper.{code}" for code in known))
    found = [one for code in known if (one := await papers.kept(conn, actor.actor_id, code)) is not None and one.content is not None]
    lines: list[Line] = [
        (
            gettext(known[one.code].title),
            " · ".join(f"{gettext(field.title)}: {words.value(field, row[field.code])}" for field in part.fields if row.get(field.code) is not None),
            f"{gettext(part.title)} · {gettext(known[one.code].owner)} · {_at(one.fetched_at)}",
        )
        for one in found
        for part in known[one.code].parts
        for row in (one.content.parts.get(part.code, ()) if one.content else ())
    ]  # fmt: skip
    return Part("papers", gettext(N_("Các bộ, ngành trả lời về tôi lần gần nhất")), plain(found), lines)


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
