"""A partner's call that proves residence: its counter's program asks, with the agreement's fields and the call's context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dancu.cards.service import read_text
from dancu.exchange.models.call import Call
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.models.residence import Asked, Outcome, Proved, Way
from dancu.exchange.service import residence, sandbox
from dancu.kernel.errors import Invalid, NotAllowed
from dancu.kernel.names import normal_form
from dancu.kit.db import Conn
from dancu.kit.i18n import N_

_TEXTS: Final = {
    "procedure": 40, "way": 20, "device": 40, "number": 20, "name": 200, "birth": 40, "issued_on": 40, "text": 4200, "chip": 20_000,
    "code": 12, "token": 100,
}  # fmt: skip
#: What is compared and shown whatever the procedure, in the words of data agreements; and what a need adds.
_ALWAYS: Final = ("personal_id", "name", "birth", "sex", "card")
_NEEDS: Final = {"residence": ("address", "temporary_address"), "household": ("household",), "marital": ("marital",)}


@dataclass(frozen=True, slots=True)
class Told:
    body: dict[str, Any]
    entries: tuple[int, ...] = ()


async def prove(conn: Conn, call: Call) -> Told:
    """Raises Invalid for members that do not fit, Refused `agreement.field`, NotAllowed where consent is needed and the citizen
    was not asked, NotAllowed and Exceeded as the desk's own page."""
    asked = read(call)
    wanted = [*_ALWAYS, *(field for need in PROCEDURES[asked.procedure].needs for field in _NEEDS[need])]
    call.demand(wanted)
    if call.sandbox:
        return Told(_in_sandbox(asked))
    if call.needing_consent(wanted) and asked.way is not Way.ACCOUNT:
        raise NotAllowed("residence.consent", N_("Thỏa thuận cần người dân đồng ý: hãy dùng tài khoản định danh của người dân."))
    result = await residence.prove(conn, call.actor, asked, org_name=call.org_name, purpose=call.reason, officer=call.officer)
    return Told(_body(result), (result.verification.entry_id,) if result.verification else ())


def read(call: Call) -> Asked:
    """The question in a call's body; its dossier is the call's case."""
    body = call.body
    for name, value in body.items():
        if name not in _TEXTS or not isinstance(value, str) or len(value) > _TEXTS[name]:
            raise Invalid("residence.request", N_("Yêu cầu có mục không đúng. Xem mô tả của dịch vụ."))
    if body.get("procedure") not in PROCEDURES or body.get("way") not in list(Way):
        raise Invalid("residence.request", N_("Yêu cầu có mục không đúng. Xem mô tả của dịch vụ."))
    told = {name: str(body.get(name, "")) for name in _TEXTS}
    return Asked(case_ref=call.case_ref[:80], way=Way(told.pop("way")), **told)


def _body(result: Proved) -> dict[str, Any]:
    kept = result.verification
    return {
        "outcome": result.outcome.value, "next_way": result.next_way.value if result.next_way else None, "filed": result.filed,
        **({"disagreement": result.disagreement} if result.disagreement else {}),
        **({"token": result.found.token} if result.found.token else {}),
        **({"fields": dict(result.found.fields)} if result.found.fields else {}),
        **({
            "verification_id": kept.verification_id, "statement": kept.statement, "person": dict(result.found.facts),
            "replaces": kept.replaces, "remarks": list(result.found.how),
        } if kept else {}),
    }  # fmt: skip


def _in_sandbox(asked: Asked) -> dict[str, Any]:
    """Invented people only: by the number typed or read; nothing is kept, counted or filed."""
    number = asked.number
    if asked.way is Way.QR:
        try:
            number = read_text(asked.text).number
        except Invalid:
            return {"outcome": Outcome.UNREADABLE.value, "next_way": Way.CHIP.value, "filed": False, "sandbox": True}
    _, said = sandbox.find(number)
    outcome = Outcome.NOT_FOUND
    if said is not None:
        name = str(said["names"][0][1])
        agrees = not asked.name or normal_form(asked.name).keys.tone_folded == normal_form(name).keys.tone_folded
        outcome = Outcome.PROVED if agrees else Outcome.DISAGREES
    following = residence.next_way(asked.way)
    more: dict[str, Any] = {}
    if outcome is Outcome.PROVED and said is not None:
        home = next((one[2] for one in said["residences"] if one[0] == "permanent"), "")
        more = {"person": {"number": said["number"], "name": said["names"][0][1], "permanent": home}}
    next_way = None if outcome is Outcome.PROVED else following
    return {"outcome": outcome.value, "next_way": next_way.value if next_way else None, "filed": False, "sandbox": True, **more}
