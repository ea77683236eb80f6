"""What the citizen states, wants and confirms, or that they left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from dancu.accounts.models.level2 import Stated, Visit
from dancu.accounts.rules_level2 import DOCUMENTS
from dancu.accounts.service.visit.common import (
    ENROL,
    purpose,
    recorded,
    working_visit,
)
from dancu.accounts.store import level2 as store
from dancu.kernel.actor import Actor
from dancu.kernel.errors import FieldError, Invalid
from dancu.kernel.numbers import normalize_phone
from dancu.kit import messages
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import PersonView

_TABLE, _LONGEST = "accounts.visit", 200


async def state(
    conn: Conn, actor: Actor, visit_id: int, said: Stated, *, documents: Sequence[str] = (), card_wanted: bool = False
) -> None:
    """What the citizen states and wants; what was confirmed before must be confirmed again. Raises Invalid."""
    visit = await working_visit(conn, actor, visit_id)
    kept = checked_statement(said, documents)
    sealed = ring().encrypt(
        json.dumps(kept.as_json()).encode(), table=_TABLE, row=f"{visit.person_key}/{visit_id}", column="stated"
    )
    await store.state_more(conn, visit.person_key, visit_id, stated=sealed, documents=documents, card_wanted=card_wanted)
    await recorded(conn, actor, visit.person_key, "visit.state", visit=visit_id, card=card_wanted, documents=list(documents))


def checked_statement(said: Stated, documents: Sequence[str] = ()) -> Stated:
    """The statement as it is kept. Raises Invalid for a phone, an e-mail, a language or a document that is none."""
    phone = _phone(said.phone) if said.phone else ""
    unknown = [code for code in documents if code not in DOCUMENTS]
    if unknown or said.language not in ("vi", "en"):
        raise Invalid("field.choice", N_("Xin chọn một trong các lựa chọn."))
    email = said.email.strip()
    if email and (len(email) > _LONGEST or not messages.is_mail(email)):
        message = N_("Địa chỉ thư điện tử chưa đúng.")
        raise Invalid("person.email.format", message, fields=(FieldError("email", "person.email.format", message),))
    return Stated(phone, email, said.language)


def _phone(text: str) -> str:
    try:
        return normalize_phone(text)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields=(FieldError("phone", error.code, error.message),)) from None


async def stated_of(conn: Conn, visit: Visit) -> Stated:
    sealed = await store.stated(conn, visit.person_key, visit.visit_id)
    if sealed is None:
        return Stated()
    text = ring().decrypt(sealed, table=_TABLE, row=f"{visit.person_key}/{visit.visit_id}", column="stated")
    return Stated(**json.loads(text))


def form_digest(view: PersonView, said: Stated, visit: Visit) -> bytes:
    """What the citizen confirms, as a digest: a later change of the record or of the statement is seen."""
    content = {
        "number": view.personal_id.number if view.personal_id else "",
        "name": view.name.full_name if view.name else "",
        "birth": str(view.born or ""),
        "stated": said.as_json(), "documents": sorted(visit.documents), "card": visit.card_wanted,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()


async def confirm(conn: Conn, actor: Actor, visit_id: int, how: str) -> None:
    """The citizen confirms the form: on the second screen, having heard it read aloud, or on paper."""
    visit = await working_visit(conn, actor, visit_id)
    if how not in ("screen", "aloud", "paper"):
        raise Invalid("visit.how", N_("Xin chọn một trong các lựa chọn."))
    view = await population.person(conn, actor, purpose(), visit.person_key, permission=ENROL)
    await store.confirm(conn, visit.person_key, visit_id, how, form_digest(view, await stated_of(conn, visit), visit))
    await recorded(conn, actor, visit.person_key, "visit.confirm", visit=visit_id, how=how)


async def abandon(conn: Conn, actor: Actor, visit_id: int) -> None:
    """The citizen left or thought better of it: nothing is kept but that the visit was."""
    visit = await working_visit(conn, actor, visit_id)
    await store.abandon(conn, visit.person_key, visit_id)
    await store.forget_images(conn, visit.person_key, visit_id)
    await recorded(conn, actor, visit.person_key, "visit.abandon", visit=visit_id)
