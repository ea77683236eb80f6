"""Who acts, and why. No call that touches a citizen's data goes without both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ActorKind(StrEnum):
    STAFF = "staff"
    CITIZEN = "citizen"
    SYSTEM = "system"
    CLIENT = "client"
    ANONYMOUS = "anonymous"


class Channel(StrEnum):
    WEB = "web"
    API = "api"
    CLI = "cli"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in staff member, a citizen about their own record, an organisation's registered program, or the system
    itself.

    `actor_id` is the staff id for STAFF, the person_key for CITIZEN, the client's number for CLIENT, 0 for SYSTEM. `permissions` is what the
    session's roles give; the database checks permission and area again at every look at a person.
    """

    kind: ActorKind
    actor_id: int
    org_code: str
    name: str = ""
    request_id: str = ""
    session_id: str = ""
    channel: Channel = Channel.WEB
    permissions: frozenset[str] = frozenset()

    def can(self, permission: str) -> bool:
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a citizen's data are looked at or changed: a code of the purpose catalogue, the legal basis (article of
    law) it rests on, and the case it serves where there is one."""

    code: str
    legal_basis: str
    case_ref: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The paper or record that supports a change (birth certificate no. 12/2015, decision no. …)."""

    kind: str
    number: str = ""
    issued_on: date | None = None
    issuer: str = ""


SYSTEM = Actor(kind=ActorKind.SYSTEM, actor_id=0, org_code="dancu", name="Dancu", channel=Channel.JOB)

ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS, actor_id=0, org_code="")
"""Nobody signed in: holds no permission and may see only public pages."""
