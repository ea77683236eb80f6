"""SPDCI's registry interfaces (CRVS and social registries 1.0.0): searches, subscriptions and their status in its words.

A search names one person by a number, or by name and birth date; everything else that the standard's query languages can say
(ranges, patterns, graphs) would be trawling here and is refused with the standard's own codes. Fields follow the agreement.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dancu.exchange.service import said
from dancu.exchange.service.registries import Reader
from dancu.exchange.store import dialects as store
from dancu.kernel import names
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import DancuError
from dancu.kit.db import Conn
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service import verify as registry
from dancu.population.service.look import check_number

MOST_SEARCHES: Final = 50
_ID_TYPES: Final = frozenset({"uin", "nationalid", "nid", "personal_id", "cmnd", "national_id", "ddcn"})
_NUMBER: Final = frozenset({*_ID_TYPES, "identifier", "identifier_value", "identifier.identifier_value", "id"})
_NAME: Final = frozenset({"name", "full_name"})
_BORN: Final = frozenset({"birth_date", "birthdate", "dob"})
_CRVS: Final = ("name", "birth", "sex", "address", "marital", "life", "parents", "phone", "email", "birth_place")
_GROUP: Final = ("household", "head", "members")
_SEX: Final = {"male": "male", "female": "female"}
_MARITAL: Final = {"single": "S", "married": "M", "divorced": "D", "widowed": "W"}
EVENT_TYPES: Final = frozenset({"livebirth", "death", "marriage", "divorce", "annulment", "separation", "adoption", "register", "newhouseholdmember"})


class Rejected(Exception):
    """One request of a message is not answered: `code` of the standard, text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a query names."""

    number: str = ""
    name: str = ""
    born: str = ""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def correlation() -> str:
    return str(uuid.uuid4())


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
        if not is_time(one.get("timestamp")):
            raise Rejected("rjct.timestamp.invalid", "timestamp is not a date-time")
        criteria = one.get("search_criteria")
        if not isinstance(criteria, Mapping):
            raise Rejected("rjct.search_criteria.invalid", "search_criteria is missing")
        page, size = _pagination(criteria)
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
    """An RFC 3339 date-time (the zone may be missing, as in the standard's own examples)."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return False
    try:
        datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _pagination(criteria: Mapping[str, Any]) -> tuple[int, int]:
    sort = criteria.get("sort")
    if sort is not None and not (isinstance(sort, list) and all(isinstance(s, Mapping) and s.get("sort_order", "asc") in ("asc", "desc") for s in sort)):
        raise Rejected("rjct.sort.invalid", "sort_order must be asc or desc")
    found = criteria.get("pagination")
    if found is None:
        return 1, 20
    page, size = (found.get("page_number", 1), found.get("page_size", 20)) if isinstance(found, Mapping) else (0, 0)
    if not all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 100_000 for n in (page, size)):
        raise Rejected("rjct.pagination.invalid", "page_size and page_number must be positive integers")
    return page, size


async def _records(conn: Conn, reader: Reader, criteria: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = named_by(criteria.get("query_type"), criteria.get("query"))
    keys = await _keys(conn, named)
    if len(keys) > 1:
        raise Rejected("rjct.search.too_many_records_found", "the name and birth date fit several people; give a number")
    group = "group" in str(criteria.get("response_entity") or criteria.get("reg_record_type") or "").lower()
    wanted = [field for field in (_CRVS + _GROUP if group else _CRVS) if field in reader.fields]
    records = []
    for key in keys:
        _, view = await registry.released(conn, reader.actor, reader.reason, key, tuple(dict.fromkeys(["personal_id", *wanted])))
        records.append(await _group(conn, reader, view, wanted) if group else person(view, wanted))
    return records


def named_by(query_type: Any, query: Any) -> Named:
    """Whom a query of one of the standard's languages names. Raises Rejected for all it may not ask."""
    if query_type == "idtype-value" and isinstance(query, Mapping):
        kind, value = str(query.get("type", "")), query.get("value")
        if isinstance(value, Mapping):
            value = value.get("value")
        if kind.rpartition(":")[2].lower() not in _ID_TYPES or not isinstance(value, str | int) or isinstance(value, bool):
            raise Rejected("rjct.search_criteria.invalid", "type must be UIN or NationalID, value a number as text")
        return Named(number=str(value))
    if query_type == "predicate" and isinstance(query, Sequence) and not isinstance(query, str):
        return _named([pair for part in query for pair in _predicates(part)])
    if query_type == "expression" and isinstance(query, Mapping):
        inner = query.get("value")
        inner = inner.get("expression") if isinstance(inner, Mapping) else None
        inner = inner.get("query", inner) if isinstance(inner, Mapping) else None
        return _named(_expressions(inner))
    raise Rejected("rjct.search_criteria.invalid", "query_type must be idtype-value, predicate or expression")


def _predicates(part: Any) -> list[tuple[str, Any]]:
    if not isinstance(part, Mapping) or part.get("condition", "and") != "and":
        raise Rejected("rjct.filter.invalid", "only equality joined by 'and' is answered")
    pairs = []
    for name in ("expression1", "expression2"):
        test = part.get(name)
        if test is None:
            continue
        if not isinstance(test, Mapping) or test.get("operator") != "eq":
            raise Rejected("rjct.filter.invalid", "only equality joined by 'and' is answered")
        pairs.append((str(test.get("attribute_name", "")), test.get("attribute_value")))
    return pairs


def _expressions(query: Any, depth: int = 0) -> list[tuple[str, Any]]:
    if not isinstance(query, Mapping) or depth > 4:
        raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
    pairs: list[tuple[str, Any]] = []
    for member, test in query.items():
        if member == "$and" and isinstance(test, Sequence) and not isinstance(test, str):
            pairs += [pair for part in test for pair in _expressions(part, depth + 1)]
        elif member.startswith("$"):
            raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
        elif isinstance(test, Mapping) and set(test) == {"$eq"}:
            pairs.append((member, test["$eq"]))
        elif isinstance(test, str | int) and not isinstance(test, bool):
            pairs.append((member, test))
        else:
            raise Rejected("rjct.filter.invalid", "only equality joined by '$and' is answered")
    return pairs


def _named(pairs: Sequence[tuple[str, Any]]) -> Named:
    said_so = {name.lower(): str(value) for name, value in pairs if isinstance(value, str | int) and not isinstance(value, bool)}
    number = next((value for name, value in said_so.items() if name in _NUMBER), "")
    name = next((value for key, value in said_so.items() if key in _NAME), "")
    born = next((value for key, value in said_so.items() if key in _BORN), "")
    if len(said_so) != len(pairs) or said_so.keys() - _NUMBER - _NAME - _BORN or not (number or (name and born)):
        raise Rejected("rjct.filter.invalid", "name one person: by identifier, or by name and birth_date")
    return Named(number, name, born)


async def _keys(conn: Conn, named: Named) -> Sequence[int]:
    try:
        if named.number:
            check_number(named.number)
            return await population.keys_by_number(conn, named.number)
        born = PartialDate.from_iso(named.born[:10])
        return await registry.named(conn, names.normal_form(named.name[:200]), born, None)
    except DancuError as error:
        raise Rejected("rjct.search_criteria.invalid", "the identifier or birth date cannot be read") from error


def _identifier(number: str | None) -> dict[str, Any]:
    return {"@type": "Identifier", "identifier_type": "UIN", "identifier_value": number or ""}


def _name(full: str | None) -> dict[str, Any]:
    words = (full or "").split()
    middle = " ".join(words[1:-1])
    return {"@type": "Name", "surname": words[0] if words else "", "given_name": words[-1] if len(words) > 1 else "", "second_name": middle,
            "prefix": "", "suffix": ""}  # fmt: skip


def _address(home: Any) -> dict[str, Any]:
    found = home if isinstance(home, Mapping) else {}
    return {"@type": "Address", "address_line1": found.get("text") or "", "address_line2": found.get("unit") or "", "locality": "",
            "sub_region_code": "", "region_code": "", "postal_code": "", "country_code": "VN"}  # fmt: skip


def person(view: PersonView, wanted: Sequence[str]) -> dict[str, Any]:
    """A person in the shape of CRVS; what was not agreed is empty."""
    facts = said.of_view(view, wanted)
    life, marital = facts.get("life") or {}, facts.get("marital") or {}
    parents = [one.get("number") for one in facts.get("parents") or () if one.get("relation") in ("father", "mother")]
    number = view.personal_id.number if view.personal_id else None
    birth = facts.get("birth_place") or {}
    return {
        "@context": {"@vocab": "https://schema.spdci.org/common/v1"}, "@id": f"urn:dancu:person:{number or ''}", "@type": "CRVS_Person",
        "identifier": _identifier(number), "name": _name(facts.get("name")), "sex": _SEX.get(str(facts.get("sex")), "unknown"),
        "birth_date": facts.get("birth") or "", "birth_place": {"name": ((birth.get("birth") or {}).get("text") or ""), "address_line": ""},
        "death_date": (life.get("date") or "") if life.get("status") == "dead" else "", "death_place": "", "address": _address(facts.get("address")),
        "phone_number": [facts["phone"]] if facts.get("phone") else [], "email": [facts["email"]] if facts.get("email") else [],
        "marital_status": _MARITAL.get(str(marital.get("status")), "U") if marital else "",
        "marriage_date": (marital.get("since") or "") if marital.get("status") == "married" else "",
        "divorce_date": (marital.get("since") or "") if marital.get("status") == "divorced" else "",
        "parent1_identifier": _identifier(parents[0] if parents else None), "parent2_identifier": _identifier(parents[1] if len(parents) > 1 else None),
    }  # fmt: skip


def _member(view: PersonView, wanted: Sequence[str]) -> dict[str, Any]:
    facts = said.of_view(view, wanted)
    number = view.personal_id.number if view.personal_id else None
    return {
        "@type": "Member", "@id": f"urn:dancu:person:{number or ''}", "member_identifier": [_identifier(number)],
        "demographic_info": {
            "@type": "SRPerson", "identifier": [_identifier(number)], "name": _name(facts.get("name")),
            "sex": _SEX.get(str(facts.get("sex")), "unknown"), "birth_date": facts.get("birth") or "", "address": _address(facts.get("address")),
        },
        "is_disabled": False, "marital_status": str((facts.get("marital") or {}).get("status") or ""),
    }  # fmt: skip


async def _group(conn: Conn, reader: Reader, view: PersonView, wanted: Sequence[str]) -> dict[str, Any]:
    """The household as a group of the social registry; members only where the agreement has them."""
    home = view.household
    members: list[PersonView] = []
    if home is not None and "members" in wanted:
        members = (await population.household_members(conn, reader.actor, reader.reason, home.household_key, "person.release"))[0]
    head = next((one for one in members if one.membership is not None and one.membership.relation == "head"), None)
    plain = [field for field in wanted if field not in _GROUP]
    return {
        "@context": {"spdci": "https://schema.spdci.org/extensions/social/v1/", "common": "https://schema.spdci.org/common/v1/"},
        "@id": f"urn:dancu:household:{home.household_key if home else 0}", "@type": "spdci:Group",
        "group_identifier": [{"@type": "Identifier", "identifier_type": "HouseholdID", "identifier_value": str(home.household_key) if home else ""}],
        "group_type": "family", "group_size": len(members), "group_head_info": _member(head, plain) if head is not None else {},
        "member_list": [_member(one, plain) for one in members],
    }  # fmt: skip


async def subscribe(conn: Conn, sender: str, url: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's subscribe response."""
    answers = []
    seen: set[str] = set()
    for one in message["subscribe_request"][:MOST_SEARCHES]:
        reference = str(one.get("reference_id", ""))
        base = {"reference_id": reference, "timestamp": now()}
        try:
            criteria = one.get("subscribe_criteria")
            if not reference or len(reference) > 99 or reference in seen:
                raise Rejected("rjct.reference_id.duplicate" if reference in seen else "rjct.reference_id.invalid", "reference_id is missing or came twice")
            seen.add(reference)
            if not is_time(one.get("timestamp")):
                raise Rejected("rjct.timestamp.invalid", "timestamp is not a date-time")
            event = str(criteria.get("reg_event_type", "")) if isinstance(criteria, Mapping) else ""
            if not isinstance(criteria, Mapping) or event.rpartition(":")[2].lower() not in EVENT_TYPES:
                raise Rejected("rjct.notify_types.invalid", "reg_event_type is not one of ours")
            kept = {"reg_event_type": event[:99], "filter": criteria.get("filter"), "notify_record_type": str(criteria.get("notify_record_type", ""))[:99]}
            if await store.subscribed(conn, sender, kept):
                raise Rejected("rjct.event.already_subscribed", "there is such a subscription")
            code = str(uuid.uuid4())
            await store.subscribe(conn, code, sender, url, kept)
            known = {"version": "1.0.0", "code": code, "status": "subscribe", "timestamp": now(), **kept}
            answers.append({**base, "status": "succ", "subscriptions": [known]})
        except Rejected as error:
            answers.append({**base, "status": "rjct", "status_reason_code": error.code, "status_reason_message": error.text})
    return {"transaction_id": message["transaction_id"], "correlation_id": correlation_id, "subscribe_response": answers}


async def unsubscribe(conn: Conn, sender: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's unsubscribe response."""
    outcomes = {code: await store.unsubscribe(conn, sender, code) for code in message["subscription_codes"][:MOST_SEARCHES]}
    base: dict[str, Any] = {"transaction_id": message["transaction_id"], "correlation_id": correlation_id, "timestamp": now()}
    if not outcomes or "unknown" in outcomes.values():
        return {**base, "status": "rjct", "status_reason_code": "rjct.subscription_code.invalid", "status_reason_message": "no such subscription"}
    if set(outcomes.values()) == {"already"}:
        return {**base, "status": "rjct", "status_reason_code": "rjct.event.already_unsubscribed", "status_reason_message": "ended before"}
    return {**base, "status": "succ", "subscription_status": [{"code": code, "status": "unsubscribe"} for code in outcomes]}


async def status(conn: Conn, sender: str, message: Mapping[str, Any], correlation_id: str) -> dict[str, Any]:
    """The standard's status response: what became of an earlier message."""
    request = message["txnstatus_request"]
    attribute, value = request.get("attribute_type"), request.get("attribute_value")
    found = await store.outcomes(conn, sender, attribute, value) if attribute in ("transaction_id", "correlation_id") and isinstance(value, str) else []
    kind = request.get("txn_type")
    matching = next((outcome for known, _, _, outcome in found if known == kind and outcome), None)
    shown = matching if matching is not None else {f"{kind}_response": [], "transaction_id": message["transaction_id"], "correlation_id": correlation_id}
    return {"transaction_id": message["transaction_id"], "correlation_id": correlation_id,
            "txnstatus_response": {"txn_type": kind, "txn_status": shown}}  # fmt: skip


async def keep(conn: Conn, sender: str, message_id: str, transaction_id: str, correlation_id: str, kind: str) -> bool:
    """False where this message came before."""
    return await store.keep(conn, sender, message_id, transaction_id, correlation_id, kind)


async def settle(conn: Conn, sender: str, message_id: str, outcome: dict[str, Any]) -> None:
    await store.settle(conn, sender, message_id, outcome)
