"""A partner's call for a signed statement (*Confirm*). It names the procedure that needs it; the partner stands as who
demanded it, so that it shows where a look-up or a verification would have done."""

from __future__ import annotations

import base64
from typing import Any, Final

from dancu.exchange.models.call import Call
from dancu.exchange.models.confirmation import Confirmation, ConfirmationKind
from dancu.exchange.models.procedures import PROCEDURES
from dancu.exchange.service import confirmations, pdf, sandbox, statements
from dancu.exchange.service.asked import allowed, no_consent
from dancu.exchange.service.confirmations import Demanded
from dancu.exchange.service.residence_call import Told
from dancu.exchange.service.verify import digits_of
from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.service.look import nobody

_FIELDS: Final = {
    ConfirmationKind.RESIDENCE: ("address", "temporary_address", "household"), ConfirmationKind.NUMBER: ("old_number",),
    ConfirmationKind.CIVIL_STATUS: ("marital",),
}  # fmt: skip


async def confirm(conn: Conn, call: Call, site: str) -> tuple[Told, Confirmation | None]:
    """(the answer, the statement where its file was asked for too). Raises Invalid for members that do not fit, Refused
    `agreement.field`, NotFound for a number that names nobody, Conflict where the registry has nothing to state."""
    number, kind, procedure, wants_pdf = _read(call)
    stated = ("personal_id", "name", "birth", "sex", *_FIELDS[kind])
    call.demand(stated)
    if call.sandbox:
        return Told(_in_sandbox(number, kind)), None
    keys = await population.keys_by_number(conn, number)
    if (await allowed(conn, call, keys[:1], stated)) != frozenset(stated):  # a statement is whole or none
        raise no_consent()
    if not keys:
        raise nobody(call.actor, call.reason)
    made = await confirmations.issue(
        conn, call.actor, call.reason, keys[0], kind, Demanded(call.org_code, "", procedure), channel="exchange"
    )
    body: dict[str, Any] = {
        "confirmation_id": made.confirmation_id, "statement": made.statement, "expires_at": made.expires_at.isoformat(),
        "keys": f"{site}/check/keys.json", "check": f"{site}/check",
    }  # fmt: skip
    return Told(body, (made.entry_id,)), made if wants_pdf else None


async def file_of(made: Confirmation, asked_by: str, site: str, *, client_no: int, demo: bool) -> dict[str, str]:
    """What the answer has beside the statement: `pdf` in base64, or `pdf_error` why there is none, for the statement stands without
    it. Takes a second or two: nothing of the database may be held meanwhile. `demo`: the file says that it is of a demonstration."""
    try:
        return {"pdf": base64.b64encode(await pdf.confirmation(made, asked_by, site, of=("client", client_no), demo=demo)).decode()}
    except DancuError as error:
        return {"pdf_error": error.code}


def _read(call: Call) -> tuple[str, ConfirmationKind, str, bool]:
    body = call.body
    fits = (
        body.keys() <= {"number", "kind", "procedure", "pdf"} and body.get("kind") in list(ConfirmationKind)
        and body.get("procedure") in PROCEDURES and isinstance(body.get("pdf", False), bool)
    )  # fmt: skip
    if not fits:
        raise Invalid("confirm.request", N_("Yêu cầu có mục không đúng. Xem mô tả của dịch vụ."))
    return digits_of(body.get("number")), ConfirmationKind(body["kind"]), str(body["procedure"]), bool(body.get("pdf", False))


def _in_sandbox(number: str, kind: ConfirmationKind) -> dict[str, Any]:
    """A statement of an invented person, signed by nobody."""
    _, said = sandbox.find(number)
    if said is None:
        return {"found": False, "sandbox": True}
    return {"found": True, "sandbox": True, "kind": kind.value, "issuer": statements.ISSUER, "name": said["names"][0][1]}
