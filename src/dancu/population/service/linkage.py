"""Comparing rows of an agency's file with the registry, a chunk at a time, for the room that answers the agency.

The gate checks that the agency's program may, writes one entry for each person compared and answers with what comparing
needs; nothing of it goes out. Nobody has two entries of one transaction, however many rows they were compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dancu.audit import service as audit
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import DancuError, NotAllowed
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population.models.linkage import Candidate, Probe
from dancu.population.service.look import refusal
from dancu.population.store import linkage
from dancu.territory import service as territory

COMPARED: Final = ("number", "name", "birth", "sex", "residence", "household", "life")


async def by_numbers(
    conn: Conn, actor: Actor, purpose: Purpose, note: Mapping[str, Any], probes: Sequence[Probe]
) -> list[Candidate]:
    """Whoever bears the numbers the rows name. Raises NotAllowed where the gate refuses; the refusal is recorded."""
    verdict, found = await linkage.by_numbers(conn, actor, purpose, note, COMPARED, probes)
    if verdict != "ok":
        raise _refused(actor, purpose, note, verdict)
    return await _known(conn, found)


async def by_traits(
    conn: Conn, actor: Actor, purpose: Purpose, note: Mapping[str, Any], probes: Sequence[Probe], lines: Sequence[int],
    *, widely: bool,
) -> list[Candidate]:  # fmt: skip
    """Whoever the rows at `lines` (from 1) may mean by their whole name and birth, or by the household whose head bears the number
    they name; `widely`: by words of the name in their communes and by the head's name too. Raises NotAllowed as above."""
    verdict, found = await linkage.by_traits(conn, actor, purpose, note, COMPARED, probes, lines, widely=widely)
    if verdict != "ok":
        raise _refused(actor, purpose, note, verdict)
    return await _known(conn, found)


async def entries(conn: Conn) -> tuple[int, int, int]:
    """(first, last, how many) evidence entries of comparing in this transaction; zeros where nobody was compared."""
    return await linkage.entries(conn)


async def size(conn: Conn) -> int:
    """About how many people the registry knows; at least a thousand."""
    return await linkage.size(conn)


async def _known(conn: Conn, found: list[Candidate]) -> list[Candidate]:
    await territory.learn_hamlets(conn, {candidate.hamlet_id for candidate in found})
    return found


def _refused(actor: Actor, purpose: Purpose, note: Mapping[str, Any], verdict: str) -> DancuError:
    """The refusal, with its entry for the transaction after the one that is rolled back."""
    error = (
        NotAllowed("agreement.none", N_("Không có thỏa thuận đối soát còn hiệu lực cho mục đích và căn cứ này."))
        if verdict == "no_agreement"
        else refusal(verdict)
    )
    error.evidence = lambda conn: audit.record(
        conn, actor, purpose, action="denied", subjects=[None], fields=["reconcile"], note={**note, "verdict": verdict}
    )
    return error


__all__ = ["COMPARED", "Candidate", "Probe", "by_numbers", "by_traits", "entries", "size"]
