"""What a message must hold to be one of the standard's: its descriptions (CRVS and social registries 1.0.0) as data.

What the descriptions forbid stops the whole message at the door. What they allow and this registry does not answer is refused
later, request by request, with the standard's own `rjct.…` codes. A member that may be missing may also be null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from dancu.exchange.service.spdci import MOST_SEARCHES, is_time

# (value, where it stands) -> raises Malformed.
Check = Callable[[Any, str], None]
_LOCALE: Final = re.compile(r"[a-z]{3}", re.ASCII)
_OPERATORS: Final = frozenset({"gt", "lt", "eq", "ge", "le", "in"})
_LONGEST: Final = 99


class Malformed(Exception):
    """`text` names the member by the standard's names, never what was sent. `reason`: the standard's code for a header with it."""

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.text, self.reason = text, reason


def text(*, most: int = 1000, of: Collection[str] = ()) -> Check:
    """A text of at most so many characters, one `of` these where there are any."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or len(value) > most:
            raise Malformed(f"{where} is missing, no text or too long")
        if of and value not in of:
            raise Malformed(f"{where} must be one of {', '.join(sorted(of))}")

    return check


def members(needed: Mapping[str, Check], more: Mapping[str, Check] | None = None) -> Check:
    """An object with these members; others are not looked at."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise Malformed(f"{where} is missing or no object")
        for name, one in needed.items():
            one(value.get(name), f"{where}.{name}")
        for name, one in (more or {}).items():
            if value.get(name) is not None:
                one(value[name], f"{where}.{name}")

    return check


def each(one: Check, *, most: int) -> Check:
    """A list of such values."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise Malformed(f"{where} is missing or no list")
        if len(value) > most:
            raise Malformed(f"{where} holds more than {most}", "rjct.total_count.limit_exceeded")
        for index, item in enumerate(value):
            one(item, f"{where}[{index}]")

    return check


def _transaction(value: Any, where: str) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST or not value.isprintable():
        raise Malformed(f"{where} is missing or too long")


def _time(value: Any, where: str) -> None:
    if not is_time(value):
        raise Malformed(f"{where} is no date-time with its zone")


def _number(value: Any, where: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Malformed(f"{where} is missing or no number")


def _locale(value: Any, where: str) -> None:
    if not isinstance(value, str) or not _LOCALE.fullmatch(value):
        raise Malformed(f"{where} must be three small letters (ISO 639-3)")


def _scalar(value: Any, where: str) -> None:
    if value is None or isinstance(value, list):
        raise Malformed(f"{where} is missing or a list")


def _query(value: Any, where: str) -> None:
    (_TESTS if isinstance(value, list) else _VALUED)(value, where)


def _status_of(value: Any, where: str) -> None:
    for one in value if isinstance(value, list) and len(value) <= MOST_SEARCHES else [value]:
        _CODE(one, where)


_TEXT: Final = text()
_CODE: Final = text(most=_LONGEST)
_OBJECT: Final = members({})
_VALUED: Final = members({}, {"type": _TEXT, "value": _scalar})
_TEST: Final = members({"attribute_name": _TEXT, "operator": text(of=_OPERATORS), "attribute_value": _scalar})
_TESTS: Final = each(
    members({"expression1": _TEST}, {"seq_num": _number, "condition": text(of=("and", "or", "not")), "expression2": _TEST}), most=MOST_SEARCHES
)  # fmt: skip
_KINDS: Final = text(of=("idtype-value", "expression", "predicate", "graphql"))
_SORT: Final = each(members({}, {"attribute_name": _TEXT, "sort_order": text(of=("asc", "desc"))}), most=MOST_SEARCHES)
_PAGES: Final = members({"page_size": _number}, {"page_number": _number})
_AGREED: Final = {"consent": _OBJECT, "authorize": _OBJECT}
_CRITERIA: Final = members(
    {"query_type": _KINDS, "query": _query},
    {"version": _TEXT, "reg_type": _TEXT, "reg_record_type": _TEXT, "response_entity": _TEXT, "sort": _SORT, "pagination": _PAGES, **_AGREED},
)
_FREQUENCY: Final = members({"start_time": _time, "end_time": _time, "frequency": _TEXT})
_SUBSCRIBED: Final = members(
    {"reg_event_type": _TEXT, "filter": _query, "notify_record_type": _TEXT},
    {"version": _TEXT, "reg_type": _TEXT, "frequency": _FREQUENCY, "filter_type": _KINDS, **_AGREED},
)


def _requests(member: str, criteria: Check) -> Check:
    one = members({"reference_id": _TEXT, "timestamp": _time, member: criteria}, {"locale": _locale, "pagination": _PAGES})
    return each(one, most=MOST_SEARCHES)


SEARCH: Final = members({"transaction_id": _transaction, "search_request": _requests("search_criteria", _CRITERIA)})
SUBSCRIBE: Final = members({"transaction_id": _transaction, "subscribe_request": _requests("subscribe_criteria", _SUBSCRIBED)})
UNSUBSCRIBE: Final = members({"transaction_id": _transaction, "timestamp": _time, "subscription_codes": each(_CODE, most=MOST_SEARCHES)})
STATUS: Final = members({
    "transaction_id": _transaction,
    "txnstatus_request": members(
        {
            "reference_id": _TEXT, "txn_type": text(of=("search", "subscribe", "unsubscribe", "receipt")), "attribute_value": _status_of,
            "attribute_type": text(of=("transaction_id", "reference_id_list", "correlation_id", "subscription_code_list")),
        },
        {"locale": _locale},
    ),
})  # fmt: skip
# Of every header, and of one that answers or tells.
HEADER: Final = members({}, {"version": _TEXT, "sender_uri": _TEXT, "receiver_id": _TEXT, "meta": _OBJECT})
TOLD_HEADER: Final = members({"status": text(of=("rcvd", "pdng", "succ", "rjct"))})
