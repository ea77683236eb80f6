"""*Look up*: fields of one person, by number or by name and birth. Which fields go out: those asked for, of them those that were
agreed on for the call's purpose (else the call is refused), of them those the citizen consents to where the agreement or the law needs
that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dancu.audit import service as audit
from dancu.exchange.models.call import Call
from dancu.exchange.service import said, sandbox
from dancu.exchange.service.asked import allowed
from dancu.exchange.service.verify import digits_of
from dancu.kernel import names
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate, parse_date
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import service as population
from dancu.population.service import verify as registry
from dancu.sharing.models import FIELDS, ordered_fields
from dancu.territory import service as territory

_MEMBERS = {"number", "name", "birth", "place", "fields"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom, by `number` or by `form` and `born` (and `areas`), and which fields."""

    fields: tuple[str, ...]
    number: str = ""
    form: names.NameForm | None = None
    born: PartialDate | None = None
    areas: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`verdict`: 'ok', 'not_found', 'ambiguous'. `withheld`: fields the citizen has not consented to. `others`: evidence entries of
    other people whose data are in the answer -> where they stand in it ("members/0", "head")."""

    verdict: str
    entry_id: int
    person: dict[str, Any] | None = None
    withheld: tuple[str, ...] = ()
    others: Mapping[int, str] = field(default_factory=dict)

    @property
    def about(self) -> dict[int, str]:
        """Every entry of somebody whose data are in the answer, by position."""
        return {self.entry_id: "person", **self.others}

    def body(self) -> dict[str, Any]:
        if self.person is None:
            return {"found": False, **({"ambiguous": True} if self.verdict == "ambiguous" else {})}
        return {"found": True, "person": self.person, **({"withheld": list(self.withheld)} if self.withheld else {})}


def read(call: Call) -> Wanted:
    """The question in a call's body. Raises Invalid, Refused `agreement.field`."""
    body = call.body
    fields = body.get("fields")
    if body.keys() - _MEMBERS or ("number" in body) == ("name" in body):
        raise Invalid("lookup.request", N_("Tra cứu bằng number, hoặc bằng name và birth (thêm place nếu có); kèm fields."))
    if not isinstance(fields, list) or not 0 < len(fields) <= len(FIELDS) or not all(isinstance(f, str) and f in FIELDS for f in fields):
        raise Invalid("lookup.fields", N_("Mục fields phải là danh sách trường dữ liệu có trong danh mục."))
    call.demand(fields)
    wanted = tuple(ordered_fields(fields))
    if "number" in body:
        return Wanted(wanted, number=digits_of(body["number"]))
    name, birth, place = (body.get(member, "") for member in ("name", "birth", "place"))
    if not all(isinstance(text, str) and len(text) <= 200 and text.isprintable() for text in (name, birth, place)):
        raise Invalid("lookup.request", N_("Tra cứu bằng number, hoặc bằng name và birth (thêm place nếu có); kèm fields."))
    if not birth.strip():
        raise Invalid("lookup.birth", N_("Tra cứu theo họ tên cần ngày sinh, ít nhất là năm sinh."))
    born = PartialDate.from_iso(birth) if "/" not in birth else parse_date(birth).date
    areas = None
    if place.strip() and not (areas := territory.areas_named(place, SYSTEM_CLOCK.today())):
        raise Invalid("search.unknown_place", N_("Không nhận ra nơi này. Hãy nhập xã, phường và tỉnh, thành phố."))
    return Wanted(wanted, form=names.normal_form(name), born=born, areas=areas)


async def find(conn: Conn, call: Call, wanted: Wanted) -> Found:
    """Evidence first, then the fields. Raises NotAllowed where consent is needed and none stands."""
    keys = await _keys(conn, wanted)
    may = await allowed(conn, call, keys, wanted.fields)
    by = "number" if wanted.number else "name"
    if len(keys) != 1:
        verdict = "ambiguous" if keys else "not_found"
        note = {"verb": "exchange.lookup", "by": by, "verdict": verdict}
        (entry,) = await audit.record(conn, call.actor, call.reason, action="denied", subjects=[None], fields=[by], note=note)
        return Found(verdict, entry)
    fields = tuple(one for one in wanted.fields if one in may)
    entry, view = await registry.released(conn, call.actor, call.reason, keys[0], fields)
    person = said.of_view(view, fields)
    others: dict[int, str] = {}
    if "head" in fields or "members" in fields:
        shown, others = await _household(conn, call, view, fields)
        person |= shown
    return Found("ok", entry, person, tuple(one for one in wanted.fields if one not in fields), others)


def in_sandbox(wanted: Wanted) -> Found:
    if wanted.form is not None and wanted.born is not None:
        form, born = wanted.form.keys, wanted.born
        verdict, record = sandbox.named(form.tone_folded, form.ascii, born.year, born.month, born.day)
    else:
        verdict, record = sandbox.find(wanted.number)
    return Found(verdict, 0, None if record is None else said.of_record(record, wanted.fields))


async def _keys(conn: Conn, wanted: Wanted) -> Sequence[int]:
    if wanted.form is not None and wanted.born is not None:
        return await registry.named(conn, wanted.form, wanted.born, wanted.areas)
    return await population.keys_by_number(conn, wanted.number)


async def _household(conn: Conn, call: Call, view: Any, fields: tuple[str, ...]) -> tuple[dict[str, Any], dict[int, str]]:
    """Names and relations of the household's members; each is an entry of its own in that person's list. With them the entries of
    those that are shown, and where."""
    home = view.household
    looks = await population.household_looks(conn, call.actor, call.reason, home.household_key) if home else []
    listed = [said.of_member(one) for _, one in looks]
    first = next((place for place, one in enumerate(listed) if one["relation"] == "head"), None)
    shown: dict[str, Any] = {}
    others: dict[int, str] = {}
    if "head" in fields:
        shown["head"] = listed[first] if first is not None else None
        others |= {looks[first][0]: "head"} if first is not None else {}
    if "members" in fields:
        shown["members"] = listed
        others |= {entry: f"members/{place}" for place, (entry, _) in enumerate(looks)}
    return shown, others
