"""The linking kit's part of the provider: which of a service's own customers are which citizens.

A service that has accounts already brings number, name and birth date of its customers; it learns for each whether exactly
one living citizen is meant, and if so by which `sub` that citizen will sign in to it. It learns no data it did not bring,
and a number alone tells nothing: where neither name nor birth date agrees the answer is that of an unknown number. Every
comparison is an entry in that person's log. See docs/linking.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.dates import parse_date
from dancu.kernel.errors import Invalid
from dancu.kit.db import Conn
from dancu.oidc.models import Client
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.release import actor_of
from dancu.oidc.service.seal import Sealer
from dancu.oidc.service.subjects import subject_of
from dancu.oidc.store import linking as store
from dancu.population.service import verify
from dancu.sharing import service as sharing

SCOPE = "linking.match"
MOST_ROWS = 200
MOST_A_DAY = 20_000
_NEEDED = frozenset({"name", "birthdate", "personal_id"})


class Outcome(StrEnum):
    """`MATCHED`: number, name and birth date agree, and the person lives. `AMBIGUOUS`: the number is a citizen's, and only part
    of the rest agrees: let the citizen prove it. `NOT_FOUND`: everything else."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Row:
    """One customer as the service knows them. `ref`: the service's own name for the row. `birthdate`: ISO or day first as
    people write it (12/04/1990), a year alone too."""

    ref: str
    personal_id: str
    name: str
    birthdate: str


@dataclass(frozen=True, slots=True)
class Result:
    """`sub` where the outcome is MATCHED: by which the citizen is known to this client."""

    ref: str
    outcome: Outcome
    sub: str = ""


async def match(conn: Conn, sealer: Sealer, client: Client, rows: Sequence[Row], request_id: str) -> list[Result]:
    """A result per row, in that order. Raises OAuthError: invalid_request for too many rows, access_denied without an
    agreement that names what is compared, temporarily_unavailable (429) past MOST_A_DAY."""
    if not 0 < len(rows) <= MOST_ROWS:
        raise OAuthError("invalid_request", f"between 1 and {MOST_ROWS} rows")
    agreement = await sharing.agreement(conn, client.client_no)
    if agreement is None or not agreement.claims >= _NEEDED:
        raise OAuthError("access_denied", "no agreement covers name, birthdate and personal_id", 403)
    if await store.rows_of_a_day(conn, client.client_no) + len(rows) > MOST_A_DAY:
        raise OAuthError("temporarily_unavailable", "too many rows in a day", 429, {"Retry-After": "3600"})
    code, basis = next(iter(agreement.purposes.items()))
    actor, purpose = actor_of(client, request_id), Purpose(code, basis)
    results = [await _one(conn, sealer, client, actor, purpose, row) for row in rows]
    counted = Counter(result.outcome for result in results)
    await store.add(conn, client.client_no, *(counted[outcome] for outcome in Outcome))
    return results


async def _one(conn: Conn, sealer: Sealer, client: Client, actor: Actor, purpose: Purpose, row: Row) -> Result:
    try:
        born = str(parse_date(row.birthdate).date)
        found = await verify.verify(conn, actor, purpose, row.personal_id, {"name": row.name, "birth": born})
    except (Invalid, ValueError):  # no number, no date: nobody can be meant
        return Result(row.ref, Outcome.NOT_FOUND)
    words = found.fields
    if not found.found or len(words) < 2 or all(word is verify.Agreement.NO for word in words.values()):
        return Result(row.ref, Outcome.NOT_FOUND)
    if found.agrees and found.alive:
        return Result(row.ref, Outcome.MATCHED, subject_of(sealer, client, found.person_key))
    return Result(row.ref, Outcome.AMBIGUOUS)
