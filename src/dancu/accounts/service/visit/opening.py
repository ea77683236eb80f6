"""Opening a visit: the card names the person, the registry says who that is, the rule whether they may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dancu.access import service as access
from dancu.accounts.events import CARD_DIFFERS
from dancu.accounts.models.level2 import Means, Visit
from dancu.accounts.policy import level2 as policy
from dancu.accounts.rules_level2 import Level2Rule
from dancu.accounts.service import core, offices
from dancu.accounts.service import guardian as guardians
from dancu.accounts.service.visit.common import (
    ENROL,
    cards,
    one,
    purpose,
    recorded,
    rule_in_force,
)
from dancu.accounts.store import level2 as store
from dancu.cards.models import Reading
from dancu.cards.service import Standing, alike, standing, void
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, FieldError, Invalid
from dancu.kernel.names import normal_form
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.models import CardState, PersonView
from dancu.population.service.look import nobody
from dancu.population.service.verify import compare

#: What is compared -> the fact of the record it is about.
_FACTS: Final = {
    "name": ("name", "full_name"), "birth": ("birth", "birth_date"), "sex": ("birth", "sex"), "old_number": ("number", "cmnd"),
    "card": ("card", "number"),
}  # fmt: skip


async def begin(
    conn: Conn, actor: Actor, office_id: int, text: str, *, name: str = "", birth: str = "", assisted: bool = False,
    channel: str = "counter", record_id: str | None = None, guardian: str = "",
    named: list[int] | None = None,
) -> Visit:  # fmt: skip
    """Open a visit for whom the card (or a typed number with `name` and `birth`, ISO) names; the one that is open already,
    where there is one. `guardian`: the card of who came with a child, as it was read. `named`: takes the person key
    as soon as what was shown names somebody, whatever is raised afterwards. Raises Invalid for what cannot be read or names somebody else, NotFound, NotAllowed with the reason
    the rule gives."""
    access.require(actor, ENROL)
    await offices.own(conn, actor, office_id)
    reading = cards.read_text(text)
    means = {"qr": Means.QR, "mrz": Means.MRZ}.get(reading.kind.value, Means.TYPED)
    declared = dict(reading.declared())
    if means is Means.TYPED:
        declared = _typed(name, birth)
    view = await _named(conn, actor, reading.number)
    words = {field: str(word) for field, word in compare(view, declared).items()}
    if not policy.shown_enough(means, words):
        raise Invalid(
            "visit.somebody_else",
            N_("Thông tin trên thẻ không khớp với người mang số này. Hãy quét lại, hoặc kiểm tra số, họ tên và ngày sinh."),
        )
    if named is not None:
        named.append(view.person_key)
    chosen = rule_in_force()
    if (refused := _refused(view, chosen, guardian=bool(guardian.strip()))) is not None:
        raise refused
    if means is Means.MRZ and words.get("name") == "close" and _same_letters(view, reading.name):
        words["name"] = "yes"
    if means is not Means.TYPED:
        words["card"] = _card(view, reading)
    with_whom = await _with_whom(conn, actor, view, chosen, guardian)
    key = view.person_key
    await core.open(conn, [key])
    if (open_visit := await store.open_of(conn, key)) is not None and record_id is None:
        return await one(conn, key, open_visit)
    visit_id = await store.add_visit(
        conn, key, office_id=office_id, channel=channel, opened_by=actor.actor_id, rule=chosen.code, means=means,
        comparison=words, circumstances=(), assisted=assisted, record_id=record_id, guardian_key=with_whom,
    )  # fmt: skip
    await recorded(conn, actor, key, "visit.begin", visit=visit_id, means=means.value)
    await _file(conn, actor, key, means, words)
    return await one(conn, key, visit_id)


def _same_letters(view: PersonView, name: str) -> bool:
    """Is it a name of the record but for the marks? The machine-readable zone has no marks at all."""
    shown = normal_form(name).keys.ascii
    return any(normal_form(known.full_name).keys.ascii == shown for known in (view.name, *view.other_names) if known is not None)


async def _file(conn: Conn, actor: Actor, key: int, means: Means, words: Mapping[str, str]) -> None:
    """A card and the registry disagree: news, from which the room of cases opens one with the area's desk."""
    differing = [field for field in _FACTS if words.get(field) in policy.DISAGREES]
    if not differing:
        return
    group, field = _FACTS[differing[0]]
    details = {".".join(_FACTS[name]): word for name, word in words.items() if name in _FACTS}
    await events.emit(conn, CARD_DIFFERS, key, {
        "group": group, "field": field, "reporter_org": actor.org_code, "source": means.value, "details": details,
    })  # fmt: skip


def _typed(name: str, birth: str) -> dict[str, str]:
    wrong = [
        FieldError(field, "field.required", N_("Mục này cần được điền."))
        for field, value in (("name", name), ("birth", birth))
        if not value.strip()
    ]
    if wrong:
        raise Invalid("visit.typed", N_("Không có thẻ thì cần cả họ tên và ngày sinh, như người đến khai."), fields=tuple(wrong))
    return {"name": name, "birth": birth}


def _card(view: PersonView, reading: Reading) -> str:
    """How the card that was read stands to the one in force: yes, unknown, or what the rule may want a second officer for (expired;
    newer than the registry knows; alike to one of the same day that is in force no more). Raises Invalid for one that was replaced, lost or revoked: whoever found it could show it."""
    state = void(reading, view)
    if state in (CardState.LOST, CardState.REVOKED):
        raise Invalid(
            "visit.card_not_in_force",
            N_("Thẻ này đã báo mất hoặc bị thu hồi. Hãy gõ số định danh, họ tên và ngày sinh thay cho quét thẻ, rồi so mặt người đến; thẻ mới làm cùng lượt này được."),
        )
    if state is CardState.REPLACED:
        raise Invalid(
            "visit.card_replaced",
            N_("Thẻ này đã được thay bằng thẻ mới hơn. Hãy quét thẻ mới; người đến không mang theo thì gõ số định danh, họ tên và ngày sinh, rồi so mặt người đến."),
        )
    if state is CardState.EXPIRED:
        return "expired"
    if alike(reading, view):
        return "alike"
    known = standing(reading, view)
    return {Standing.SAME: "yes", Standing.OTHER: "newer"}.get(known, "unknown")


async def _named(conn: Conn, actor: Actor, number: str) -> PersonView:
    """The record that carries the number, looked at for enrolment; one that was merged stands behind what it became."""
    views = [
        await population.person(conn, actor, purpose(), key, permission=ENROL)
        for key in await population.keys_by_number(conn, number)
    ]
    if not views:
        raise nobody(actor, purpose())
    return min(views, key=lambda view: view.merged_into is not None)


def _refused(view: PersonView, chosen: Level2Rule, *, guardian: bool) -> DancuError | None:
    return policy.refusal_of(
        chosen, SYSTEM_CLOCK.today(), alive=view.alive_until is None and view.death is None, born=view.born,
        has_number=view.personal_id is not None, guardian=guardian,
    )  # fmt: skip


async def _with_whom(conn: Conn, actor: Actor, view: PersonView, chosen: Level2Rule, card: str) -> int | None:
    """The guardian, where the person is too young to come alone."""
    birth = view.born
    if birth is None or policy.age_on(birth, SYSTEM_CLOCK.today()) >= chosen.alone_from:
        return None
    return await guardians.proved(conn, actor, purpose(), view, card, chosen, permission=ENROL)
