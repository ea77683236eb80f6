"""Why a change may be made: purpose, legal basis, and the paper it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dancu.access import service as access
from dancu.kernel.actor import Document, Purpose
from dancu.kernel.errors import DancuError
from dancu.kit.i18n import N_, language
from dancu.kit.web import Form, FormErrors
from dancu.population.models import SourceKind

_SEPARATOR = "|"
_NOT_OFFERED = frozenset({"import", "own_record", "break_glass"})


@dataclass(frozen=True, slots=True)
class Basis:
    """One purpose with one legal basis, as offered: `value` travels in the form."""

    value: str
    purpose: str
    title: str
    law: str


def offered_bases(permission: str, preferred: str) -> list[Basis]:
    """What serves the permission today; those of the desk's purpose (`preferred`) first."""
    found = [
        Basis(
            f"{purpose.code}{_SEPARATOR}{law.code}", purpose.code, access.purpose_title(purpose.code),
            f"{law.name_en if language() == 'en' else law.name} ({law.code})",
        )
        for purpose, laws in access.purposes(serving=[permission])
        if purpose.code not in _NOT_OFFERED
        for law in laws
    ]  # fmt: skip
    return sorted(found, key=lambda b: b.purpose != preferred)


def read_basis(
    form: Form, errors: FormErrors, bases: Sequence[Basis], kinds: Sequence[str]
) -> tuple[Purpose | None, Document]:
    """The chosen purpose with its legal basis (an article may be added), and the document."""
    purpose: Purpose | None = None
    chosen = next((b for b in bases if b.value == form.value("basis")), None)
    if chosen is None:
        errors.add("basis", "field.choice", N_("Xin chọn một trong các lựa chọn."))
    else:
        law = chosen.value.partition(_SEPARATOR)[2]
        try:
            purpose = access.choose_purpose(
                chosen.purpose, " ".join((law, form.value("article")[:60])).strip(), form.value("case_ref")[:80]
            )
        except DancuError as error:
            errors.add("basis", error.code, error.message, **error.params)
    kind, number = form.value("doc_kind"), " ".join(form.value("doc_number").split())
    if kind not in kinds:
        errors.add("doc_kind", "field.choice", N_("Xin chọn một trong các lựa chọn."))
    if not number and kind != SourceKind.DECLARATION:
        errors.add("doc_number", "document.number", N_("Hãy ghi số của giấy tờ làm căn cứ."))
    issued = form.date("doc_date", errors, required=False)
    return purpose, Document(kind, number[:80], issued, " ".join(form.value("doc_issuer").split())[:120])
