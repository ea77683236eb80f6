"""UserInfo, many requests at once (migrations/0049_releases.sql): what may go out is decided, read and recorded in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from dancu.accounts.models import Contacts
from dancu.kit import arrays
from dancu.kit.db import Conn
from dancu.kit.prepared import Prepared
from dancu.kit.ring import ring
from dancu.oidc.models import Mark
from dancu.oidc.models.facts import Facts, Home
from dancu.oidc.store.families import brought

_PLACE, _IN_CONTACTS = itemgetter(0), frozenset({"phone", "email"})
_RELEASE = Prepared(
    "SELECT ord, word, (fam).claims, groups, facts, phone, phone_verified, email, email_verified FROM oidc.release_many(%s::integer[], %s::bytea[],"
    " %s::integer[], %s::bigint[], %s::bytea[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb, %s::jsonb)"
)


class Ask(NamedTuple):
    """One request: the marks it brings, whose family at which client, and the terms under which something may go out:
    `wanted` by its scope, `allowed` by the agreement, with `consent` or without. `purposes` of the agreement with their
    legal bases, None without an agreement: then `purpose` (code, basis) it is."""

    marks: Sequence[Mark]
    person_key: int
    family_id: bytes
    client_no: int
    org_code: str
    request_id: str
    wanted: Collection[str]
    allowed: Collection[str]
    consent: bool
    purposes: dict[str, str] | None
    purpose: tuple[str, str]

    def terms(self) -> str:
        value = {
            "wanted": list(self.wanted), "allowed": list(self.allowed), "consent": self.consent, "purposes": self.purposes,
            "purpose": self.purpose,
        }  # fmt: skip
        return orjson.dumps(value).decode()


class Release(NamedTuple):
    """`word`: ok, or why nothing goes out: replayed, unknown, ended, expired, locked, denied (by the gate). `claims`: the parameter of
    the request behind the token."""

    word: str
    claims: Mapping[str, Any] = MappingProxyType({})
    groups: frozenset[str] = frozenset()
    facts: Facts = Facts()
    contacts: Contacts | None = None


async def release_many(conn: Conn, asked: Sequence[Ask], claim_groups: str, group_fields: str) -> list[Release]:
    """An answer per request, in that order; the evidence of what goes out is committed with the statement. `claim_groups`: JSON
    {claim: group}; `group_fields`: JSON [[group, [fields of the registry]], …] in the order of the groups."""
    marks, persons, families, clients, orgs, requests, *_ = zip(*asked, strict=True)
    rows = await _RELEASE.rows(
        conn,
        (
            *brought(marks), arrays.numbers(persons), arrays.blobs(families), arrays.numbers(clients), arrays.texts(orgs),
            arrays.texts(requests), arrays.texts(map(Ask.terms, asked)), claim_groups, group_fields,
        ),
    )  # fmt: skip
    if len(rows) > 1:
        rows.sort(key=_PLACE)
    return [_release(person, *row) for person, row in zip(persons, rows, strict=True)]


def _release(
    person: int, _: int, word: str, claims: dict[str, Any], groups: Sequence[str], facts: dict[str, Any] | None, phone: bytes | None,
    phone_verified: bool | None, email: bytes | None, email_verified: bool | None,
) -> Release:  # fmt: skip
    if word != "ok":
        return Release(word)
    contacts = None
    if not _IN_CONTACTS.isdisjoint(groups):
        contacts = Contacts(_opened(person, "phone", phone), _opened(person, "email", email), bool(phone_verified), bool(email_verified))
    return Release("ok", claims, frozenset(groups), _facts(facts or {}), contacts)


def _facts(found: dict[str, Any]) -> Facts:
    birth, home = found.get("birth"), found.get("home")
    return Facts(
        name=found.get("name") or "", birth=tuple(birth[:3]) if birth else (None, None, None), sex=birth[3] if birth else "",
        number=found.get("number") or "", nationality=found.get("nationality") or "", home=Home(*home) if home else None,
    )  # fmt: skip


def _opened(key: int, column: str, field: bytes | None) -> str:
    return ring().decrypt(bytes(field), table="accounts.account", row=key, column=column).decode() if field else ""
