"""Millions of different people in a database that a demonstration has filled with some: only what a search by name reads, and
the look behind it. For measuring search; no register.

Filled: person, person_name, person_birth, person_number (the personal number), residence (with unit, hamlet and household file)
and person_search, with every index that search and look read. Each new person takes sex, year of birth, life,
units and periods of somebody of the demonstration drawn at random, so that these keep their proportions; the name is drawn anew
from the demonstration's own tables by ethnicity, sex and generation, so that names keep the frequencies of a population and
are not repeated; day and month of birth and the number are new. All of them live in the units of the demonstration's one
province: lists of a place are longer than anywhere in the country.

Not filled: the directory of numbers, households, kin, cards, contacts, marital status, traits, the evidence and the events of
registering them. Left off: the constraints against overlapping periods (exclusion constraints), which nobody reads, and the two
indexes by which only reconciliation finds people.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from province import Running

CHUNK = 125_000
_LANES = 2  # connections that write, beside the process that draws

_STAGED = (
    "CREATE TEMP TABLE made (person_key bigint, source bigint, full_name text, birth_month smallint, birth_day smallint,"
    " number text)"
)
_KNOWN = "upper_inf(t.recorded)"
_INTO = {
    "person (person_key, areas, alive_until, last_recorded, missing)":
        "SELECT m.person_key, t.areas, t.alive_until, t.last_recorded, t.missing FROM made m JOIN population.person t ON t.person_key = m.source",
    "person_name (person_key, fact_id, kind, full_name, valid, recorded, source_kind, source_ref, source_date, entry_id)":
        "SELECT m.person_key, t.fact_id, t.kind, m.full_name, t.valid, t.recorded, t.source_kind, t.source_ref, t.source_date, t.entry_id"
        f" FROM made m JOIN population.person_name t ON t.person_key = m.source AND t.kind = 'birth' AND {_KNOWN}",
    "person_birth (person_key, fact_id, birth_year, birth_month, birth_day, sex, birth_unit, birth_place, registration_unit,"
    " registration_place, origin_unit, origin_place, origins, valid, recorded, source_kind, source_ref, source_date, entry_id)":
        "SELECT m.person_key, t.fact_id, t.birth_year, m.birth_month, m.birth_day, t.sex, t.birth_unit, t.birth_place,"
        " t.registration_unit, t.registration_place, t.origin_unit, t.origin_place, t.origins, t.valid, t.recorded, t.source_kind,"
        f" t.source_ref, t.source_date, t.entry_id FROM made m JOIN population.person_birth t ON t.person_key = m.source AND {_KNOWN}",
    "person_number (person_key, fact_id, kind, number, state, reason, valid, recorded, source_kind, source_ref, source_date, entry_id)":
        "SELECT m.person_key, t.fact_id, t.kind, m.number, t.state, t.reason, t.valid, t.recorded, t.source_kind, t.source_ref,"
        " t.source_date, t.entry_id FROM made m JOIN population.person_number t ON t.person_key = m.source"
        f" AND t.kind = 'personal_id' AND t.state = 'active' AND {_KNOWN}",
    "residence (person_key, fact_id, kind, unit_id, hamlet_id, address, file_number, reason, alive_until, valid, recorded,"
    " source_kind, source_ref, source_date, entry_id)":
        "SELECT m.person_key, t.fact_id, t.kind, t.unit_id, t.hamlet_id, t.address, t.file_number, t.reason, t.alive_until, t.valid,"
        " t.recorded, t.source_kind, t.source_ref, t.source_date, t.entry_id"
        f" FROM made m JOIN population.residence t ON t.person_key = m.source AND {_KNOWN}",
}  # fmt: skip
_TABLES = ("person", "person_name", "person_birth", "person_number", "residence", "person_search")
_NOT_READ = ("population.person_search_born", "population.person_search_named")
_SEARCH = "person_search (person_key, areas, name_ascii, name_folded, sort_key, birth_year, birth_month, birth_day, terms)"


@dataclass(frozen=True, slots=True)
class Like:
    """Somebody of the demonstration, as far as others are like them."""

    person_key: int
    male: bool
    ethnicity: str
    year: int
    number: str
    areas: tuple[int, ...]


class Maker:
    """Draws new people, never a number twice. `used`: how many have a number that begins so."""

    def __init__(self, sources: list[Like], used: dict[str, int], seed: int = 5) -> None:
        import numpy as np

        from dancu.demo.names import ETHNICITY_LABELS, tables

        self.sources = sources
        self._rng, self._dice, self._names = np.random.default_rng(seed), random.Random(seed), tables()
        index = {label: i for i, label in enumerate(ETHNICITY_LABELS)}
        self._ethnicity = np.array([index.get(s.ethnicity, 0) for s in sources])
        self._male = np.array([s.male for s in sources])
        self._year = np.array([s.year for s in sources])
        self._taken = {s.number for s in sources}
        self._serial: Counter[str] = Counter({prefix: count + count // 100 for prefix, count in used.items()})

    def chunk(self, first: int, count: int) -> tuple[bytes, bytes]:
        """`count` people with keys from `first` on, as COPY text: what the facts are made of, and the rows of search."""
        from dancu.kernel.names import normal_form
        from dancu.population.matching import search_terms

        who = self._rng.integers(0, len(self.sources), count)
        surname = self._names.surname(self._rng, self._ethnicity[who])
        names = self._names.compose(self._rng, surname, self._ethnicity[who], self._male[who], self._year[who])
        days = self._rng.integers(0, 12 * 28, count).tolist()
        known: dict[str, tuple[str, str, str]] = {}
        made, search = [], []
        for key, at, name, day in zip(itertools.count(first), who.tolist(), names, days, strict=False):
            like = self.sources[at]
            found = known.get(name)
            if found is None:
                keys = normal_form(name).keys
                found = known[name] = (keys.ascii, keys.tone_folded, keys.sort)
            plain, folded, sort = found
            month, day = divmod(day, 28)
            made.append(f"{key}\t{like.person_key}\t{name}\t{month + 1}\t{day + 1}\t{self._number(like.number[:6])}\n")
            search.append(
                f"{key}\t{{{','.join(map(str, like.areas))}}}\t{plain}\t{folded}\t{_cell(sort)}\t{like.year}\t{month + 1}\t{day + 1}"
                f"\t{{{','.join(search_terms(plain, like.year, like.areas))}}}\n"
            )
        return "".join(made).encode(), "".join(search).encode()

    def _number(self, prefix: str) -> str:
        """A number with this province, century, sex and year that nobody has. Where a million are used up, the next province."""
        while True:
            serial = self._serial[prefix]
            self._serial[prefix] += 1
            if serial > 999_999:
                prefix = f"{(int(prefix[:3]) + 1) % 97:03}{prefix[3:]}"
                continue
            number = f"{prefix}{serial * 7919 % 1_000_000:06}"
            if number not in self._taken:
                return number


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\")


def maker(running: Running) -> Maker:
    """Of the people of a demonstration, grown already or not."""
    import psycopg

    with psycopg.connect(running.dsn("admin")) as conn:
        used = conn.execute("SELECT left(number, 6), count(*) FROM population.person_number WHERE kind = 'personal_id' GROUP BY 1")
        return Maker(list(_sources(conn)), dict(used.fetchall()))


def grow(running: Running, made_by: Maker, people: int) -> dict[str, Any]:
    """Fill up to `people`; returns how many were there before, seconds of filling and of building indexes, and what the tables
    take on disk. Nobody may write to the registry meanwhile."""
    import psycopg

    with psycopg.connect(running.dsn("admin"), autocommit=True) as conn:
        _settings(conn, "max_wal_size = '6GB'", "checkpoint_timeout = '30min'", "autovacuum = off")
        before = _one(conn, "SELECT count(*) FROM population.person_search")
        began = time.monotonic()
        indexes = _drop(conn)
        first = _one(conn, "SELECT max(person_key) + 1000000 FROM population.person")
        lanes = [psycopg.connect(running.dsn("admin"), autocommit=True) for _ in range(_LANES)]
        for lane in lanes:
            _prepare(lane)
            lane.execute(_STAGED)
        with ThreadPoolExecutor(_LANES) as writers:
            writing: deque[tuple[Any, Future[None]]] = deque()
            for start in range(before, people, CHUNK):
                made, search = made_by.chunk(first + start - before, min(CHUNK, people - start))
                if not lanes:
                    lane, written = writing.popleft()
                    written.result()
                    lanes.append(lane)
                lane = lanes.pop()
                writing.append((lane, writers.submit(_write, lane, made, search)))
            for lane, written in writing:
                written.result()
                lanes.append(lane)
        for lane in lanes:
            lane.close()
        filled = time.monotonic()
        _prepare(conn)
        for index in indexes:
            conn.execute(index)
        for table in _TABLES:
            conn.execute(f"ANALYZE population.{table}")
        _settings(conn, "max_wal_size", "checkpoint_timeout", "autovacuum")
        conn.execute("CHECKPOINT")
        size = _one(conn, "SELECT sum(pg_total_relation_size(('population.' || t)::regclass))::bigint FROM unnest(%s::text[]) t", list(_TABLES))
        return {
            "before": before, "fill_s": round(filled - began), "index_s": round(time.monotonic() - filled), "gb": round(size / 1e9, 1),
        }  # fmt: skip


def _prepare(conn: Any) -> None:
    conn.execute("SET synchronous_commit = off")
    conn.execute("SET session_replication_role = replica")  # every row refers to one that is there
    conn.execute("SET maintenance_work_mem = '1GB'")
    conn.execute("SET work_mem = '128MB'")


def _settings(conn: Any, *wanted: str) -> None:
    """Of the whole server while it is filled; a bare name goes back to what it was."""
    for one in wanted:
        conn.execute(f"ALTER SYSTEM {'SET' if '=' in one else 'RESET'} {one}")
    conn.execute("SELECT pg_reload_conf()")


def _one(conn: Any, query: str, *params: Any) -> Any:
    row = conn.execute(query, params).fetchone()
    return row[0]


def _drop(conn: Any) -> list[str]:
    """Drop what is built faster afterwards; returns what builds it again. The constraints against overlaps stay away."""
    for table, name in conn.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint WHERE contype = 'x' AND conrelid = ANY (%s::regclass[])",
        ([f"population.{t}" for t in _TABLES],),
    ).fetchall():
        conn.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    found = conn.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY (%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        ([f"population.{t}" for t in _TABLES],),
    ).fetchall()
    if "population.person_search_terms" not in {name for name, _ in found}:
        raise SystemExit("filling this database was broken off once: it has no index to search by")
    for name, _ in found:
        conn.execute(f"DROP INDEX {name}")
    return [definition for name, definition in found if name not in _NOT_READ]


def _sources(conn: Any) -> Iterator[Like]:
    """Those of the demonstration of whom all is known."""
    rows = conn.execute(
        "SELECT s.person_key, b.sex = 'male', coalesce(t.ethnicity, ''), b.birth_year, n.number, s.areas FROM population.person_search s"
        " JOIN population.person_birth b ON b.person_key = s.person_key AND upper_inf(b.recorded)"
        " JOIN population.person_trait t ON t.person_key = s.person_key AND upper_inf(t.recorded)"
        " JOIN population.person_number n ON n.person_key = s.person_key AND upper_inf(n.recorded) AND n.kind = 'personal_id' AND n.state = 'active'"
        " WHERE b.birth_year IS NOT NULL AND s.areas <> '{}'"
        " AND 1 = (SELECT count(*) FROM population.person_name p WHERE p.person_key = s.person_key AND p.kind = 'birth' AND upper_inf(p.recorded))"
        " ORDER BY s.person_key"
    )
    for key, male, ethnicity, year, number, areas in rows:
        yield Like(key, male, ethnicity, year, number, tuple(areas))


def _write(conn: Any, made: bytes, search: bytes) -> None:
    with conn.transaction():
        conn.execute("TRUNCATE made")
        for table, text in (("made", made), (f"population.{_SEARCH}", search)):
            with conn.cursor().copy(f"COPY {table} FROM STDIN") as into:
                into.write(text)
        conn.execute("ANALYZE made")
        for table, select in _INTO.items():
            conn.execute(f"INSERT INTO population.{table} {select}")
