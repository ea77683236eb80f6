"""Runs: submitted, looked at, erased. The same file on the same terms is the same run, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from dancu.audit import service as audit
from dancu.exchange.matching.weights import CURRENT, weights
from dancu.exchange.models.call import refused
from dancu.exchange.models.partner import Environment
from dancu.exchange.models.reconcile import Outcome, Run, RunState
from dancu.exchange.service.reconcile.reading import profile
from dancu.exchange.store import partners
from dancu.exchange.store import reconcile as store
from dancu.kernel.actor import Purpose
from dancu.kernel.errors import Invalid, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.sharing.models import DataAgreement

SERVICE: Final = "reconcile"
#: How long results lie ready before they are erased.
KEPT: Final = timedelta(days=30)
_KINDS: Final = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


def kind_of(name: str) -> str:
    """"csv", "xlsx" or "parquet" by the file's name. Raises Invalid("reconcile.file.kind")."""
    kind = _KINDS.get(Path(name).suffix.lower())
    if kind is None:
        raise Invalid("reconcile.file.kind", N_("Tệp đối soát phải là CSV, XLSX hoặc Parquet."))
    return kind


def digest_of(path: Path) -> bytes:
    """SHA-256 of the file. Raises Invalid: "import.file.missing", "reconcile.file.empty"."""
    if not path.is_file():
        raise Invalid("import.file.missing", "Không có tệp {name}. Hãy xem lại đường dẫn.", name=path.name)
    if path.stat().st_size == 0:
        raise Invalid("reconcile.file.empty", N_("Tệp không có gì."))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


async def submit(
    conn: Conn, agreement: DataAgreement | None, purpose: Purpose, *, digest: bytes, file_name: str, profile_name: str,
    client_no: int = 0, officer: str = "", request_id: str = "", now: datetime | None = None,
) -> Run:  # fmt: skip
    """The run of this file. Raises Refused (agreement.*) where the agreement does not permit it, Invalid for a file or profile
    that is none."""
    if agreement is None:
        raise refused("agreement.none")
    released = agreement.fields_for(purpose.code)
    if code := agreement.permits(SERVICE, released, purpose.code, purpose.legal_basis, now or datetime.now(UTC)):
        raise refused(code)
    columns = profile(profile_name)
    kind = kind_of(file_name)
    terms = _terms(columns.digest, weights().digest, released, purpose)
    moment = datetime.now(UTC)
    return await store.insert(
        conn,
        Run(
            0, agreement.org_code, client_no, digest, Path(file_name).name[:200], kind, profile_name, CURRENT, released,
            purpose.code, purpose.legal_basis, purpose.case_ref, officer, request_id, RunState.WAITING, "", 0, 0, {}, 0.0, moment, None,
        ),
        terms,
    )  # fmt: skip


def _terms(columns: bytes, weighed: bytes, fields: Iterable[str], purpose: Purpose) -> bytes:
    parts = (columns.hex(), weighed.hex(), ",".join(sorted(fields)), purpose.code, purpose.legal_basis, purpose.case_ref)
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


async def one(conn: Conn, run_no: int, org_code: str | None = None) -> Run:
    """A run, of this partner where one is named. Raises NotFound."""
    run = await store.find(conn, run_no)
    if run is None or (org_code is not None and run.org_code != org_code):
        raise NotFound("reconcile.run", N_("Không có lượt đối soát này."))
    return run


async def of_partner(conn: Conn, org_code: str, how_many: int = 50) -> list[Run]:
    """The partner's runs, newest first."""
    return await store.of_partner(conn, org_code, how_many)


async def started(conn: Conn, run: Run) -> None:
    """Its file is here: somebody may work on it."""
    if run.state is RunState.WAITING:
        await store.put_state(conn, run.run_no, RunState.RUNNING)


async def client_of(conn: Conn, org_code: str) -> int:
    """The partner's live program in whose name its operator reconciles; 0 where it has none."""
    found = [system.client_no for system in await partners.systems(conn, org_code) if system.environment == Environment.LIVE]
    return min(found, default=0)


async def settled(run: Run) -> bool:
    """Wait until the evidence of the run has its place in the log; False where nobody sequences any more."""
    first, end = run.counts.get("first_entry", 0), run.counts.get("last_entry", 0) + 1
    return await audit.settle((first, end)) if first else True


def report(run: Run) -> dict[str, Any]:
    """A run as programs read it."""
    counts = {outcome.value: run.counts.get(outcome.value, 0) for outcome in Outcome}
    return {
        "run": run.run_no, "state": run.state.value, "failure": run.failure, "file": run.file_name, "digest": run.digest.hex(),
        "rows": sum(counts.values()), "counts": counts, "compared": run.counts.get("compared", 0), "weights": run.weights,
        "profile": run.profile, "seconds": round(run.seconds, 1), "chunks": run.chunks, "position": run.position,
    }  # fmt: skip


async def left_lying(conn: Conn, since: timedelta) -> list[int]:
    """Runs nobody has moved for so long."""
    return await store.left_lying(conn, since)


async def erase_old(conn: Conn) -> list[int]:
    """Erase what was kept longer than KEPT; returns the runs."""
    return await store.erase_older(conn, KEPT)
