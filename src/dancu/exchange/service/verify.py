"""*Verify*: yes, no, close or unknown for each field a partner declares; nothing of the record goes out. The cheapest data
service and the one to prefer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dancu.exchange.models.call import Call
from dancu.exchange.service import sandbox
from dancu.exchange.service.asked import allowed
from dancu.exchange.service.lane import Ask
from dancu.kernel import names
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import DancuError, FieldError, Invalid
from dancu.kernel.numbers import normalize_phone
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.service.verify import Agreement, compare_dates, compare_keys

_LONGEST = 200
YES, NO, CLOSE, UNKNOWN = Agreement.YES, Agreement.NO, Agreement.CLOSE, Agreement.UNKNOWN
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What was declared about whom: `number` digits, `declared` by field, ready to be compared. `withheld`: fields that were declared and that the citizen has not
    consented to: they are not compared."""

    number: str
    declared: Mapping[str, Any]
    withheld: tuple[str, ...] = ()


def read(call: Call) -> Question:
    """The question in a call's body: {"number": …, "fields": {field: value}}. Raises Invalid with every member that is wrong,
    Refused `agreement.field`."""
    number, fields = digits_of(call.body.get("number")), call.body.get("fields")
    if call.body.keys() - {"number", "fields"} or not isinstance(fields, dict) or not 0 < len(fields) <= len(READ):
        raise Invalid("verify.request", N_("Yêu cầu đối chiếu cần number và fields; không nhận mục khác."))
    if unknown := [name for name in fields if name not in READ]:
        raise Invalid("verify.field", N_("Có {count} trường không đối chiếu được."), count=len(unknown))
    call.demand(fields)
    declared, wrong = {}, []
    for name, value in fields.items():
        try:
            if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
                raise Invalid("field.invalid", N_("Mục này chưa đúng định dạng."))
            declared[name] = READ[name](value)
        except DancuError as error:
            wrong.append(FieldError(f"fields.{name}", error.code, error.message))
    if wrong:
        raise Invalid("verify.value", N_("Có giá trị không đọc được. Xem từng mục."), fields=tuple(wrong))
    return Question(number, declared)


def digits_of(value: object) -> str:
    """A personal ID number or CMND as digits. Raises Invalid `person.number.length`."""
    text = value if isinstance(value, str) and len(value) <= 32 else ""
    digits = "".join(ch for ch in text if ch not in " .-")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (9, 12)):
        raise Invalid("person.number.length", N_("Số định danh có 12 chữ số, số CMND có 9 chữ số. Hãy kiểm tra lại."))
    return digits


async def consented(conn: Conn, call: Call, question: Question) -> Question:
    """The question about what the citizen consents to; as it is where nothing of it needs that. Raises NotAllowed `exchange.consent`, also
    where the number is nobody's: who asks without consent does not learn that."""
    may = await allowed(conn, call, await population.keys_by_number(conn, question.number), question.declared)
    kept = {name: value for name, value in question.declared.items() if name in may}
    return replace(question, declared=kept, withheld=tuple(name for name in question.declared if name not in may))


def ask_of(call: Call, question: Question) -> Ask:
    fields = tuple(sorted(question.declared))
    return Ask(call, question.number, fields, ("number", *fields), "person.verify", "exchange.verify")


def answer(verdict: str, record: Record | None, question: Question) -> dict[str, Any]:
    """The body of the answer."""
    if record is None:
        return {"found": False, "ambiguous": True, "fields": {}} if verdict == "ambiguous" else {"found": False, "fields": {}}
    fields = {name: COMPARE[name](value, record) for name, value in question.declared.items()}
    return {"found": True, "fields": fields, **({"withheld": list(question.withheld)} if question.withheld else {})}


def in_sandbox(question: Question) -> dict[str, Any]:
    verdict, record = sandbox.find(question.number)
    return answer(verdict, record, question)


# How each field is read -------------------------------------------------------------------------------------------------


def _date(value: str) -> PartialDate:
    return PartialDate.from_iso(value) if "/" not in value else parse_date(value).date


def _one_of(**words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        found = words.get(value.strip().casefold().replace(" ", "_"))
        if found is None:
            raise Invalid("field.invalid", N_("Mục này chưa đúng định dạng."))
        return found

    return read


def _name(value: str) -> names.NameKeys:
    return names.normal_form(value).keys


def _folded(value: str) -> str:
    return names.normal_form(value).keys.tone_folded


_SEX = _one_of(male="male", female="female", nam="male", nữ="female", undetermined="undetermined")
_LIFE = _one_of(alive="alive", dead="dead", missing="missing")
_MARITAL = _one_of(single="single", married="married", divorced="divorced", widowed="widowed")
READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": _name, "other_name": _name, "birth": _date, "sex": _SEX, "personal_id": digits_of, "old_number": digits_of,
    "ethnicity": _folded, "religion": _folded, "nationality": _folded, "life": _LIFE, "marital": _MARITAL,
    "phone": normalize_phone, "email": str.casefold,
}  # fmt: skip


# How each is compared ---------------------------------------------------------------------------------------------------


def _names(value: names.NameKeys, record: Record, kinds: tuple[str, ...]) -> Agreement:
    words = {compare_keys(value, full) for kind, full in record["names"] or () if kind in kinds}
    return next((word for word in (YES, CLOSE, NO) if word in words), UNKNOWN)


def _birth(value: PartialDate, record: Record) -> Agreement:
    born = record["birth"]
    if not born or born["y"] is None:
        return UNKNOWN
    return compare_dates(value, PartialDate(born["y"], born["m"], born["d"]))


def _sex(value: str, record: Record) -> Agreement:
    born = record["birth"]
    return UNKNOWN if not born else YES if born["sex"] == value else NO


def _number(value: str, record: Record, active: bool) -> Agreement:
    known = [number for kind, number, state in record["numbers"] or () if (kind == "personal_id" and state == "active") == active]
    return UNKNOWN if not known else YES if value in known else NO


def _trait(place: int) -> Callable[[str, Record], Agreement]:
    def compare(value: str, record: Record) -> Agreement:
        known = (record["trait"] or ("", "", ""))[place]
        if not known:
            return UNKNOWN
        ours = _folded(known)
        return YES if ours == value else CLOSE if names.normal_form(ours).keys.ascii == names.normal_form(value).keys.ascii else NO

    return compare


def _life(value: str, record: Record) -> Agreement:
    status = record["life"][0] if record["life"] else "alive" if record["alive"] else "dead"
    return YES if status == value else NO


def _marital(value: str, record: Record) -> Agreement:
    status = record["marital"][0] if record["marital"] else "unknown"
    return UNKNOWN if status == "unknown" else YES if status == value else NO


def _contact(kind: str) -> Callable[[str, Record], Agreement]:
    def compare(value: str, record: Record) -> Agreement:
        known = [text.casefold() for one, text in record["contacts"] or () if one == kind]
        return UNKNOWN if not known else YES if value in known else NO

    return compare


COMPARE: Final[Mapping[str, Callable[[Any, Record], Agreement]]] = {
    "name": lambda value, record: _names(value, record, ("birth", "other")),
    "other_name": lambda value, record: _names(value, record, ("other",)),
    "birth": _birth, "sex": _sex,
    "personal_id": lambda value, record: _number(value, record, True),
    "old_number": lambda value, record: _number(value, record, False),
    "ethnicity": _trait(0), "religion": _trait(1), "nationality": _trait(2), "life": _life, "marital": _marital,
    "phone": _contact("phone"), "email": _contact("email"),
}  # fmt: skip
