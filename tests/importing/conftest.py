"""Importing into throw-away databases."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dancu.kernel.actor import SYSTEM, Purpose
from dancu.population.importing.outcome import Result
from dancu.population.importing.profile import load_profile
from dancu.population.importing.run import import_file

PURPOSE = Purpose("import", "26/2023/QH15")
AS_OF = date(2023, 4, 15)
"""The day of the synthetic province: the units its files name."""


class Registry:
    """One database and what tests ask of it."""

    def __init__(self, database: Any) -> None:
        self.database = database

    async def connect(self, role: str = "import") -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.database.dsn(role), autocommit=True)

    async def run(self, path: Path, profile: str, **options: Any) -> Result:
        options.setdefault("as_of", AS_OF)
        options.setdefault("chunk", 300)
        return await import_file(self.connect, path, load_profile(profile), actor=SYSTEM, purpose=PURPOSE, **options)

    async def rows(self, query: str, *params: object) -> list[Any]:
        async with await self.connect("admin") as conn:
            return await (await conn.execute(query, params)).fetchall()

    async def one(self, query: str, *params: object) -> Any:
        ((value,),) = await self.rows(query, *params)
        return value

    async def snapshot(self) -> dict[str, Any]:
        """Everything an import writes, without keys, ids and times: two imports of one file are equal in it."""
        seen: dict[str, Any] = {}
        for table, columns in _COMPARED.items():
            seen[table] = sorted(map(repr, await self.rows(f"SELECT {columns} FROM {table}")))
        return seen


_NUMBER = "(SELECT min(d.number) FROM population.directory d WHERE d.person_key = f.person_key)"
_RELATIVE = "(SELECT min(d.number) FROM population.directory d WHERE d.person_key = (f.params ->> 'relative_key')::bigint)"
_COMPARED = {
    f"population.{table} f": f"{_NUMBER}, {columns}, valid, source_kind, source_ref, source_date, upper_inf(recorded)"
    for table, columns in {
        "person_name": "kind, full_name",
        "person_birth": "birth_year, birth_month, birth_day, sex, birth_unit, birth_place, origin_unit, origin_place",
        "person_trait": "ethnicity, religion, nationality, blood_group",
        "person_number": "kind, number, state",
        "residence": "kind, unit_id, address, file_number",
        "household_member": "relation",
        "kinship": "relation, relative_name, relative_number, relative_birth",
        "marital": "status",
        "contact": "kind, value",
    }.items()
} | {
    "population.household f": "unit_id, address, file_number, head_key IS NULL, upper_inf(recorded)",
    "population.person f": f"{_NUMBER}, areas, alive_until::text, missing",
    "population.person_search f": f"{_NUMBER}, areas, name_ascii, sort_key, terms",
    "population.directory f": "number, kind, state",
    "population.finding f": f"{_NUMBER}, code, params - 'relative_key', {_RELATIVE}, source_ref",
    "population.import_reject f": "line, cells, code",
    "population.import_review f": "line, cells, reasons, cardinality(candidates)",
    "population.import_row f": "fingerprint",
    "kit.outbox f": f"{_NUMBER}, topic, payload - 'relative_key' - 'household_key' - 'head_key'",
    "audit.pending f": (
        "action, (SELECT min(d.number) FROM population.directory d WHERE d.person_key = f.subject), fields,"
        " note - 'run' - 'ref', facts IS NULL"
    ),
}


def unwatched(registry: Registry) -> Registry:
    """No sequencer runs here, and on a busy machine the log would refuse to record once an entry has waited a minute."""
    with psycopg.connect(registry.database.dsn("admin"), autocommit=True) as conn:
        conn.execute("UPDATE audit.sequencer SET caught_up_at = now() + interval '1 day'")
    return registry


@pytest.fixture
def registry(make_database: Callable[[], Any]) -> Registry:
    """A fresh, empty registry."""
    return unwatched(Registry(make_database()))


@pytest.fixture
def truth() -> Callable[[Path], dict[int, dict[str, Any]]]:
    """The truth of a messy file, by record number (the header is record 1)."""

    def read(path: Path) -> dict[int, dict[str, Any]]:
        lines = path.with_name(path.stem + ".truth.jsonl").read_text("utf-8").splitlines()
        return {number: json.loads(line) for number, line in enumerate(lines, 2)}

    return read


Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]
