"""The ministries' files: written once, from the invented people, before anybody asks. A run that was ended begins anew."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dancu.demo.simulators.known import Draw, Known
from dancu.demo.simulators.ministries import MINISTRIES

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (number TEXT PRIMARY KEY, body TEXT NOT NULL, mended_at TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
#: Households between two commits: the well-known family comes first and is there at once.
_SLICE = 2_000


def path_of(folder: Path, code: str) -> Path:
    return folder / f"{code}.db"


def connect(folder: Path, code: str) -> sqlite3.Connection:
    """A ministry's file, made where there is none."""
    with _alone(folder):
        db = sqlite3.connect(path_of(folder, code), isolation_level=None, check_same_thread=False, timeout=10)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(_SCHEMA)
        return db


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes a file: a change of the journal's mode does not wait for others, it fails ("database is locked")."""
    with (folder / "making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stocked(folder: Path) -> bool:
    """Has every ministry's file been written whole?"""
    for code in MINISTRIES:
        if not path_of(folder, code).exists():
            return False
        with closing(connect(folder, code)) as db:
            if db.execute("SELECT 1 FROM state WHERE name = 'whole'").fetchone() is None:
                return False
    return True


def fill(folder: Path, people: int) -> int:
    """Write what each ministry would know; how many records. What a ministry mended stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {code: connect(folder, code) for code in MINISTRIES}
    rows: dict[str, list[tuple[str, str]]] = {code: [] for code in MINISTRIES}
    written = 0
    try:
        for at, known in enumerate(_people(people)):
            for code, ministry in MINISTRIES.items():
                body = ministry.record(known, Draw(code, known.person.index))
                if body is not None:
                    rows[code].append((known.person.personal_id, json.dumps(body, ensure_ascii=False, separators=(",", ":"))))
            if at in (10, 300) or at % _SLICE == _SLICE - 1:
                written += _write(files, rows)
        written += _write(files, rows)
        for db in files.values():
            db.execute("INSERT OR REPLACE INTO state VALUES ('whole', '1')")
    finally:
        for db in files.values():
            db.close()
    return written


def _write(files: dict[str, sqlite3.Connection], rows: dict[str, list[tuple[str, str]]]) -> int:
    count = 0
    for code, db in files.items():
        db.execute("BEGIN")
        db.executemany("INSERT OR IGNORE INTO record (number, body) VALUES (?, ?)", rows[code])
        db.execute("COMMIT")
        count += len(rows[code])
        rows[code].clear()
    return count


def _people(count: int) -> Iterator[Known]:
    from dancu.demo import people as province
    from dancu.demo.fill import SEED
    from dancu.demo.personas import PERSONAS
    from dancu.demo.since import passed
    from dancu.kernel.clock import SYSTEM_CLOCK
    from dancu.territory.service import gazetteer

    today, places = SYSTEM_CLOCK.today(), gazetteer()
    titles: dict[int, str] = {}
    for household in passed(province.generate(count, SEED), province.AS_OF, today, spared=PERSONAS):
        if household.unit_id not in titles:
            now = places.successors(household.unit_id, today)
            titles[household.unit_id] = now[0].title if now else ""
        for person in household.members:
            if person.flaw_of is None:
                yield Known(person, household, titles[household.unit_id], today)


def main(folder: Path, people: int) -> None:
    """As a process of its own: what drawing a province takes is given back with it."""
    os.nice(10)
    if not stocked(folder):
        fill(folder, people)


def record(db: sqlite3.Connection, number: str) -> dict[str, Any] | None:
    row = db.execute("SELECT body FROM record WHERE number = ?", (number,)).fetchone()
    found: dict[str, Any] | None = json.loads(row[0]) if row else None
    return found


def mend(db: sqlite3.Connection, number: str, body: dict[str, Any]) -> None:
    """A clerk of the ministry put a record right."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    db.execute("UPDATE record SET body = ?, mended_at = datetime('now') WHERE number = ?", (text, number))
