"""What other rooms ask of the evidence log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dancu.audit.models import Access, Action, FoundEntry, Query, Report
from dancu.audit.store import log as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.lazy import offer
from dancu.kit.reading import Reading

if TYPE_CHECKING:
    from dancu.audit.alongside import sequencer, settle
    from dancu.audit.facts import FactLine, facts_digest
    from dancu.audit.keys import load_signer, load_verifier, make_signer, matching_verifier
    from dancu.audit.ownership import check_key, signer_of_log
    from dancu.audit.proofs import PROGRAM, Proof, content_of_client, contents_of_client, proof
    from dancu.audit.publish import export
    from dancu.audit.sequencer import drain, run_sequencer, sequence_once
    from dancu.audit.verify import verify, verify_export

__all__ = [
    "PROGRAM", "Access", "Action", "FactLine", "FoundEntry", "Proof", "Query", "Report", "accesses_of", "check_key", "content_of_client", "contents_of_client", "drain", "erase", "export",
    "facts_digest", "load_signer", "load_verifier", "make_signer", "matching_verifier", "proof", "readings", "record", "reserve", "run_sequencer", "search_entries", "sequence_once", "sequencer", "settle",
    "signer_of_log", "silent_seconds", "take_entry_ids", "unwritten", "verbs", "verify", "verify_export",
]  # fmt: skip

# Whoever only records entries (every look at a person) loads neither the tree nor its verification.
offer(
    __name__,
    {
        "dancu.audit.alongside": ("sequencer", "settle"),
        "dancu.audit.facts": ("FactLine", "facts_digest"),
        "dancu.audit.keys": ("load_signer", "load_verifier", "make_signer", "matching_verifier"),
        "dancu.audit.ownership": ("check_key", "signer_of_log"),
        "dancu.audit.proofs": ("PROGRAM", "Proof", "content_of_client", "contents_of_client", "proof"),
        "dancu.audit.publish": ("export",),
        "dancu.audit.sequencer": ("drain", "run_sequencer", "sequence_once"),
        "dancu.audit.verify": ("verify", "verify_export"),
    },
)


def _entry(
    actor: Actor,
    purpose: Purpose,
    action: str,
    subject: int | None,
    fields: Sequence[str] | None,
    facts: bytes | None,
    note: dict[str, Any] | None,
) -> store.EntryIn:
    return (
        str(action), actor.kind.value, actor.actor_id, actor.org_code, purpose.code, purpose.legal_basis,
        purpose.case_ref or None, subject, list(fields) if fields is not None else None, actor.request_id or None,
        actor.channel.value, facts, note,
    )  # fmt: skip


async def reserve(conn: Conn, count: int) -> list[int]:
    """Entry ids to stamp rows with before their entries can be recorded (see `record`, `entry_ids`)."""
    return await store.next_entry_ids(conn, count)


async def take_entry_ids(conn: Conn, count: int) -> int:
    """First of a block of `count` entry ids, for a COPY into audit.pending (roles import and worker)."""
    return await store.take_entry_ids(conn, count)


async def record(
    conn: Conn,
    actor: Actor,
    purpose: Purpose,
    *,
    action: str,
    subjects: Sequence[int | None],
    fields: Sequence[str] | None,
    note: dict[str, Any] | None = None,
    facts: bytes | Sequence[bytes | None] | None = None,
    entry_ids: Sequence[int] | None = None,
) -> list[int]:
    """One entry per subject, in the transaction of the read or write they witness; entry ids in that order.

    `subjects`: person keys, or [None] for what concerns nobody. `facts`: digest (`facts_digest`) of the rows written,
    one for all or one per subject. `entry_ids`: ids from `reserve`, where the rows already carry them. Raises
    Unavailable where the log is not being sequenced: then nothing may be shown.
    """
    if not subjects:
        return []
    digests = [facts] * len(subjects) if facts is None or isinstance(facts, bytes) else list(facts)
    if len(digests) != len(subjects) or (entry_ids is not None and len(entry_ids) != len(subjects)):
        raise ValueError("one digest and one id per subject")
    like = _entry(actor, purpose, action, None, fields, None, note)
    return await store.record(conn, like, subjects, digests, entry_ids)


async def silent_seconds(conn: Conn) -> float:
    """For readiness and `doctor`: seconds since the sequencer last caught up (it beats every ten seconds, even when
    idle). Data are refused once entries wait for over sixty."""
    from dancu.audit.store import publish

    return await publish.silent_seconds(conn)


async def readings(conn: Conn) -> list[Reading]:
    """For metrics: how far the sequencer is (roles app, verify). An age that does not exist (nothing signed yet, never
    caught up) is left out."""
    from dancu.audit.store import publish

    sequenced, waiting, checkpoint, silent = await publish.sequencing(conn)
    ages = (
        ("dancu_audit_oldest_waiting_seconds", "Age of the oldest entry not yet sequenced, 0: none", waiting or 0.0),
        ("dancu_audit_checkpoint_age_seconds", "Since the last checkpoint was signed (an idle log signs none)", checkpoint),
        ("dancu_audit_sequencer_silent_seconds", "Since the sequencer last caught up; it beats every ten seconds", silent),
    )
    total = Reading("dancu_audit_entries", "Entries of the evidence log that have their place in it", float(sequenced), total=True)
    return [total, *(Reading(name, help_, age) for name, help_, age in ages if age is not None)]


async def unwritten(conn: Conn, moments: Mapping[int, datetime]) -> list[int]:
    """For rooms that check what they worked out (role verify): of these persons, each with the moment at which something
    was last recorded of them, the ones of whom the log has no write of that moment."""
    from dancu.audit.store import scan

    return await scan.unwritten(conn, list(moments), list(moments.values()))


async def verbs(conn: Conn, entry_ids: Sequence[int]) -> dict[int, tuple[int | None, str | None]]:
    """(subject, verb) of entries by id (role verify); verb None where the content was erased or names none."""
    from dancu.audit.store import scan

    return await scan.verbs(conn, entry_ids)


async def accesses_of(
    conn: Conn, person_key: int, *, limit: int = 50, before_seq: int | None = None
) -> list[Access]:
    """Who looked at this person, newest first. The person must have been opened in this transaction
    (population.look); NotAllowed otherwise. An access shows here once it is sequenced, under a second later."""
    return await store.accesses_of(conn, person_key, limit, before_seq)


async def search_entries(
    conn: Conn, actor: Actor, purpose: Purpose, session_hash: bytes, query: Query
) -> list[FoundEntry]:
    """The auditor's search, newest first, itself recorded. NotAllowed without the right audit.read."""
    if query.since >= query.until:
        raise Invalid("audit.query.period", "Thời điểm bắt đầu phải trước thời điểm kết thúc.")
    criteria = {
        "since": query.since.isoformat(),
        "until": query.until.isoformat(),
        "org": query.org_code,
        "actor": query.actor_id,
        "action": query.action,
        "purpose": query.purpose,
    }
    note = {"verb": "audit.search", **{key: value for key, value in criteria.items() if value is not None}}
    asked = _entry(actor, purpose, Action.SEARCH, query.subject, ["accesses"], None, note)
    return await store.search_entries(conn, actor.actor_id, session_hash, asked, query)


async def erase(conn: Conn, actor: Actor, purpose: Purpose, entry_id: int, note: dict[str, Any] | None = None) -> int:
    """Erase what one sequenced entry says (role worker). The erasure is an entry with its legal basis, of the same
    citizen; its id is returned. The leaf stays. NotFound where the entry is not sequenced, erased already, or itself
    an erasure."""
    if not purpose.legal_basis.strip():
        raise Invalid("audit.erase.no_basis", "Việc xóa phải nêu căn cứ pháp lý.")
    asked = _entry(actor, purpose, Action.ERASE, None, ["evidence"], None, note)
    made = await store.erase(conn, entry_id, asked) if 0 <= entry_id < 2**63 else None
    if made is None:
        raise NotFound("audit.entry.not_found", "Không có mục nhật ký số {entry_id} để xóa.", entry_id=entry_id)
    return made
