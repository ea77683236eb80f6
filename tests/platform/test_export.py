"""`dancu export people`: everybody handed out has an entry of their own; without the right nothing leaves."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.platform.installation import Answer, Installation

WHY = ("--purpose", "data_quality", "--reason", "Đối soát với sổ hộ tịch của phường", "--json")


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Installation]:
    with installation.serving():
        yield installation


def export(place: Installation, file: Path, *more: str) -> Answer:
    return place.dancu("export", "people", str(file), *WHY, *more)


def entries(place: Installation, action: str) -> dict[int, int]:
    """Person key -> number of entries with that action."""
    with psycopg.connect(place.cluster.dsn("admin")) as conn:
        return dict(
            conn.execute(
                "SELECT subject, count(*)::int FROM (SELECT subject, action FROM audit.pending UNION ALL"
                " SELECT subject, action FROM audit.content) AS e WHERE action = %s AND subject IS NOT NULL GROUP BY 1",
                (action,),
            ).fetchall()
        )


def denied(place: Installation) -> int:
    with psycopg.connect(place.cluster.dsn("admin")) as conn:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM audit.pending WHERE action = 'denied')"
            " + (SELECT count(*) FROM audit.content WHERE action = 'denied')"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_whole_records_as_json_lines(running: Installation, tmp_path: Path) -> None:
    said = export(running, tmp_path / "all.jsonl")
    assert said.code == 0, said.err
    people = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().split("\n") if line]
    assert said.json["persons"] == len(people) > 300
    assert entries(running, "export") == {person["person_key"]: 1 for person in people}
    assert stat.S_IMODE((tmp_path / "all.jsonl").stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / "all.jsonl"]
    again = export(running, tmp_path / "all.jsonl")
    assert (again.code, again.json["error"]) == (1, "export.exists")


def test_one_unit_as_a_table_for_spreadsheets(running: Installation, tmp_path: Path) -> None:
    with psycopg.connect(running.cluster.dsn("admin")) as conn:
        code, count = conn.execute(
            """SELECT u.code, count(*) FROM population.person p JOIN LATERAL unnest(p.areas) AS a(unit_id) ON true
               JOIN territory.unit u USING (unit_id) WHERE u.level = 3 AND p.merged_into IS NULL
               GROUP BY 1 ORDER BY 2 DESC LIMIT 1"""
        ).fetchone() or ("", 0)
    assert export(running, tmp_path / "unit.csv", "--unit", code).json["persons"] == count
    text = (tmp_path / "unit.csv").read_text("utf-8")
    assert text.startswith("\ufeffpersonal_id,name,born,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == count
    assert all(row["name"] and row["residence_unit"] for row in rows if row["personal_id"] and row["residence"])


def test_formulas_do_not_leave() -> None:
    from dancu.population.export_commands import _safe

    assert [_safe(cell) for cell in ("=1+1", "+84", "@x", "-", "Nguyễn")] == ["'=1+1", "'+84", "'@x", "'-", "Nguyễn"]


def test_without_the_right_or_a_serving_purpose_nothing_leaves(running: Installation, tmp_path: Path) -> None:
    file = tmp_path / "none.csv"
    wrong = running.dancu("export", "people", str(file), "--purpose", "identity_check", "--reason", "để xem thử xem sao", "--json")
    assert (wrong.code, wrong.json["error"]) == (1, "person.no_purpose")
    before = denied(running)
    with psycopg.connect(running.cluster.dsn("admin"), autocommit=True) as conn:
        held = conn.execute("DELETE FROM access.staff_right WHERE permission = 'person.export' RETURNING *").fetchall()
        try:
            refused = export(running, file)
        finally:
            conn.cursor().executemany("INSERT INTO access.staff_right VALUES (%s, %s, %s, %s, %s)", held)
    assert (refused.code, refused.json["error"]) == (1, "person.no_permission")
    assert denied(running) == before + 1
    assert list(tmp_path.iterdir()) == []
