"""Each use of a citizen's data by what kind of processing it was, as findUsage v3 tells it.

`DATA_RESPONSE`: another organisation's program asked us. `DATA_REQUEST`: we asked a ministry about the person. `DATA_PROCESSING`: what
ministries had answered before was looked at. `INTERNAL_PROCESSING`: all else, by officers, by the person, by this system.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dancu.access import service as access
from dancu.access.models import Organisation, OrganisationKind
from dancu.audit.models import Access
from dancu.exchange.connectors.catalogue import connector
from dancu.exchange.service import usage
from dancu.exchange.service.registries import Reader
from dancu.kernel.actor import SYSTEM
from dancu.kit.db import Conn

_BULK_PURPOSES: Final = frozenset({"import"})
_BULK_VERBS: Final = frozenset({"reconcile", "import"})


class Kind(StrEnum):
    """In the protocol's words."""

    REQUEST = "DATA_REQUEST"
    RESPONSE = "DATA_RESPONSE"
    PROCESSING = "DATA_PROCESSING"
    INTERNAL = "INTERNAL_PROCESSING"


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation: "GOV" or "COM", its name, and its program's where one took part."""

    kind: str
    name: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Processing:
    """One use. `by`: who began it, None for the person itself; `other`: who answered (requests and responses) or whose data they are."""

    at: datetime
    kind: Kind
    what: str
    legal_basis: str
    group: str
    bulk: bool
    by: Party | None
    other: Party


OURS: Final = Party("GOV", SYSTEM.name, SYSTEM.name)


async def find(
    conn: Conn, reader: Reader, asker: str, person: str, systems: Mapping[int, str], *, kinds: Collection[Kind] = tuple(Kind), bulk: bool = False,
    since: datetime | None = None, until: datetime | None = None, offset: int = 0, limit: int = usage.USUAL,
) -> tuple[int, list[Processing]]:  # fmt: skip
    """(how many of these `kinds` in the period, this page of them, latest first). `bulk`: those of mass processing too. Otherwise
    as `usage.find`. The whole period is read to be counted: a citizen's list, not the log."""
    usage.check_page(offset, limit)
    key = await usage.opened(conn, reader, asker, person)
    if key is None:
        return 0, []
    first, last = await usage.stretch(conn, key, since, until)
    found = [one for one in await usage.page(conn, key, first, last, last) if kind_of(one) in kinds and (bulk or not is_bulk(one))]
    found.sort(key=lambda one: (one.at, one.seq), reverse=True)
    shown = found[offset : offset + limit]
    names = await usage.organisations(conn, shown)
    return len(found), [_told(one, names, systems, key) for one in shown]


def kind_of(one: Access) -> Kind:
    if sources := _sources(one):
        return Kind.REQUEST if len(sources) == 1 else Kind.PROCESSING
    return Kind.RESPONSE if one.actor_kind == "client" else Kind.INTERNAL


def is_bulk(one: Access) -> bool:
    return one.purpose in _BULK_PURPOSES or (one.note or {}).get("verb") in _BULK_VERBS


def _sources(one: Access) -> list[str]:
    """The ministries whose answers it was about."""
    found = (connector(field.removeprefix("paper.")) for field in one.fields if field.startswith("paper."))
    return [known.owner for known in found if known is not None]


def _told(one: Access, names: Mapping[str, Organisation | str], systems: Mapping[int, str], key: int) -> Processing:
    kind = kind_of(one)
    org = one.org_code or SYSTEM.org_code
    what = ": ".join(word for word in (usage.done(one), access.purpose_title(one.purpose or "")) if word)
    program = systems.get(one.actor_id or 0, "") if one.actor_kind == "client" else ""
    by = None if usage.itself(one, key) else Party(_sort(names.get(org)), usage.name_of(org, names), program)
    other = Party("GOV", ", ".join(dict.fromkeys(_sources(one)))) if kind in (Kind.REQUEST, Kind.PROCESSING) else OURS
    group = f"{org}-{one.case_ref}" if one.case_ref else ""
    return Processing(one.at, kind, what, one.legal_basis or "", group, is_bulk(one), by, other)


def _sort(org: Organisation | str | None) -> str:
    enterprise = isinstance(org, str) or (org is not None and org.kind is OrganisationKind.ENTERPRISE)
    return "COM" if enterprise else "GOV"
