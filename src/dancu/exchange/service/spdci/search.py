"""Searches in the standard's words.

A search names one person by a number, or by name and birth date; everything else that the standard's query languages can say
(ranges, patterns, graphs) would be trawling here and is refused with the standard's own codes. Fields follow the agreement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci.envelope import now
from dancu.exchange.service.spdci.queries import Named, Rejected, named_by
from dancu.exchange.service.spdci.shapes import member, person
from dancu.kernel import names
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service import verify as registry
from dancu.population.service.look import check_number, missed

MOST_SEARCHES: Final = 50
_CRVS: Final = ("personal_id", "name", "birth", "sex", "address", "marital", "life", "parents", "phone", "email", "birth_place")
_GROUP: Final = ("household", "head", "members")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


async def search(conn: Conn, reader: Reader, message: Mapping[str, Any], correlation_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the standard's search response, what of it may be kept: statuses without data)."""
    seen: set[str] = set()
    answers = []
    for one in message["search_request"][:MOST_SEARCHES]:
        answers.append(await _search_one(conn, reader, one, seen))
    whole = {"transaction_id": message["transaction_id"], "correlation_id": correlation_id, "search_response": answers}
    kept = {**whole, "search_response": [{k: v for k, v in one.items() if k not in ("data", "pagination")} for one in answers]}
    return whole, kept


async def _search_one(conn: Conn, reader: Reader, one: Mapping[str, Any], seen: set[str]) -> dict[str, Any]:
    reference = str(one.get("reference_id", ""))
    base = {"reference_id": reference, "timestamp": now()}
    try:
        if not reference or len(reference) > 99:
            raise Rejected("rjct.reference_id.invalid", "reference_id is missing or too long")
        if reference in seen:
            raise Rejected("rjct.reference_id.duplicate", "reference_id came twice in this message")
        seen.add(reference)
        criteria = one["search_criteria"]
        page, size = pages(one)
        found = await _records(conn, reader, criteria)
        shown = found[(page - 1) * size : page * size]
        data = {
            "version": "1.0.0", "reg_type": str(criteria.get("reg_type") or "ns:org:RegistryType:Civil")[:99],
            "reg_record_type": str(criteria.get("reg_record_type") or "spdci-extensions-dci:Person")[:99], "reg_records": shown,
        }  # fmt: skip
        return {**base, "status": "succ", "data": data, "pagination": {"page_size": size, "page_number": page, "total_count": len(found)},
                "locale": str(one.get("locale") or "eng")[:3]}  # fmt: skip
    except Rejected as error:
        return {**base, "status": "rjct", "status_reason_code": error.code, "status_reason_message": error.text}


def is_time(value: Any) -> bool:
    """An RFC 3339 date-time with its zone, as the standard has it."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def pages(one: Mapping[str, Any]) -> tuple[int, int]:
    """(page number, page size) of a request; some write `pagination` beside the criteria. Raises Rejected."""
    found = one["search_criteria"].get("pagination") or one.get("pagination")
    if found is None:
        return 1, 20
    page, size = (found[name] if found.get(name) is not None else 1 for name in ("page_number", "page_size"))
    if not all(n == int(n) and 1 <= n < 1 << 31 for n in (page, size)):
        raise Rejected("rjct.pagination.invalid", "page_size and page_number must be positive integers")
    return int(page), int(size)


def unpaged(message: Mapping[str, Any]) -> str:
    """Why no answer by callback can be made of this message: the standard's code, "" where one can."""
    try:
        for one in message.get("search_request", ()):
            pages(one)
    except Rejected as error:
        return error.code
    return ""


async def _records(conn: Conn, reader: Reader, criteria: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = named_by(criteria.get("query_type"), criteria.get("query"))
    keys = await keys_of(conn, named)
    if not keys and named.number:
        await missed(conn, reader.actor, reader.reason, verb="spdci.search")
    if len(keys) > 1:
        raise Rejected("rjct.search.too_many_records_found", "the name and birth date fit several people; give a number")
    group = "group" in str(criteria.get("response_entity") or criteria.get("reg_record_type") or "").lower()
    wanted = [field for field in (_CRVS + _GROUP if group else _CRVS) if field in reader.fields]
    records = []
    for key in keys:
        _, view = await registry.released(conn, reader.actor, reader.reason, key, tuple(wanted) or ("personal_id",))
        records.append(await _group(conn, reader, view, wanted) if group else person(view, wanted))
    return records


async def keys_of(conn: Conn, named: Named) -> Sequence[int]:
    """Whom a query names: at most two keys, two meaning several. Raises Rejected where it cannot be read."""
    if named.number:
        return await population.keys_by_number(conn, named.number) if _is_number(named.number) else ()
    try:
        born = PartialDate.from_iso(named.born[:10])
        return await registry.named(conn, names.normal_form(named.name[:200]), born, None)
    except DancuError as error:
        raise Rejected("rjct.search_criteria.invalid", "the name or birth date cannot be read") from error


def _is_number(text: str) -> bool:
    """Could it be somebody's? Nobody is found by what is none."""
    try:
        check_number(text)
    except DancuError:
        return False
    return True


async def _group(conn: Conn, reader: Reader, view: PersonView, wanted: Sequence[str]) -> dict[str, Any]:
    """The household as a group of the social registry: its head and its members by name, where the agreement has them."""
    home = view.household if any(field in wanted for field in _GROUP) else None
    there: list[PersonView] = []
    if home is not None and ("head" in wanted or "members" in wanted):
        there = (await population.household_members(conn, reader.actor, reader.reason, home.household_key, "person.release"))[0]
    head = next((one for one in there if one.membership is not None and one.membership.relation == "head"), None) if "head" in wanted else None
    members = there if "members" in wanted else []
    return {
        "@context": {"spdci": "https://schema.spdci.org/extensions/social/v1/", "common": "https://schema.spdci.org/common/v1/"},
        "@id": f"urn:dancu:household:{home.household_key if home else 0}", "@type": "spdci:Group",
        "group_identifier": [{"@type": "Identifier", "identifier_type": "HouseholdID", "identifier_value": str(home.household_key) if home else ""}],
        "group_type": "family", "group_size": len(members), "group_head_info": member(head) if head is not None else {},
        "member_list": [member(one) for one in members],
    }  # fmt: skip
