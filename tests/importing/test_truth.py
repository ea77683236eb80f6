"""Messy files against what is known of every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dancu.demo import messy
from tests.importing.conftest import Registry

WRITERS = {"birth-book": messy.write_birth_book, "residence-register": messy.write_residence_register}
FILES = [("csv", "utf-8-sig"), ("csv", "utf-16"), ("csv", "windows-1258"), ("csv", "tcvn3"), ("csv", "vni"),
         ("xlsx", "utf-8"), ("parquet", "utf-8")]  # fmt: skip
KEPT = {"inserted", "updated", "unchanged"}


@pytest.mark.parametrize("profile", WRITERS)
@pytest.mark.parametrize(("format", "encoding"), FILES)
async def test_every_row_has_an_outcome_a_careful_clerk_would_give(
    registry: Registry, truth: Callable[[Path], Any], tmp_path: Path, profile: str, format: str, encoding: str
) -> None:
    path = tmp_path / f"book.{format}"
    rows = 300 if encoding == "utf-8-sig" else 100  # each flaw at least once, and room for clean rows
    WRITERS[profile](path, rows=rows, format=format, encoding=encoding)
    result = await registry.run(path, profile)
    known = truth(path)
    told = await _outcomes(registry, result.run_id)
    wrong = [
        (line, told.get(line, "kept"), row["outcome"], row["flaws"])
        for line, row in known.items()
        if row["outcome"] != "ignored" and not _fits(told.get(line, "kept"), set(row["acceptable"]))
    ]
    assert not wrong
    wanted = Counter(row["outcome"] for row in known.values())
    counts = result.tally.rows
    assert sum(counts.values()) == sum(n for outcome, n in wanted.items() if outcome != "ignored")
    kept = sum(wanted[outcome] for outcome in KEPT)
    assert abs(sum(counts[outcome] for outcome in KEPT) - kept) <= 0.04 * kept
    await _check_values(registry, known, told, profile)


async def _outcomes(registry: Registry, run_id: int) -> dict[int, str]:
    refused = await registry.rows("SELECT line FROM population.import_reject WHERE run_id = %s", run_id)
    waiting = await registry.rows("SELECT line FROM population.import_review WHERE run_id = %s", run_id)
    return {line: "rejected" for (line,) in refused} | {line: "needs_review" for (line,) in waiting}


def _fits(told: str, acceptable: set[str]) -> bool:
    return bool(acceptable & KEPT) if told == "kept" else told in acceptable


async def _check_values(registry: Registry, known: Any, told: dict[int, str], profile: str) -> None:
    """What lies in the registry is what the row meant: names letter by letter, dates, sex, numbers."""
    rows = await registry.rows(
        "SELECT n.full_name, b.birth_year, b.birth_month, b.birth_day, b.sex, t.ethnicity,"
        " (SELECT min(number) FROM population.person_number p WHERE p.person_key = n.person_key AND kind = 'personal_id')"
        " FROM population.person_name n JOIN population.person_birth b USING (person_key)"
        " LEFT JOIN population.person_trait t USING (person_key)"
    )
    held = Counter((name, _iso(y, m, d), sex, ethnicity, number) for name, y, m, d, sex, ethnicity, number in rows)
    sexes = {"M": "male", "F": "female", None: "undetermined"}
    missing = []
    for line, row in known.items():
        if told.get(line) or row["outcome"] == "ignored" or row["same_as"]:
            continue
        person = row["person"]
        number = person["personal_id"] if profile == "residence-register" else None
        item = (person["name"], person["born"], sexes[person["sex"]], person["ethnicity"], number)
        if not held[item]:
            missing.append((line, row["flaws"], item))
    assert len(missing) <= 0.01 * len(known), missing[:5]


def _iso(year: int | None, month: int | None, day: int | None) -> str | None:
    if year is None:
        return None
    return "-".join([f"{year}", *(f"{part:02}" for part in (month, day) if part is not None)])
