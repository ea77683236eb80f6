"""What others script: JSON on standard output, one line an item, exit codes."""

import json

import pytest
from typer.testing import CliRunner

from dancu.kernel.errors import DancuError
from dancu.territory.commands import app

run = CliRunner()


def test_resolve_one_address_as_json() -> None:
    result = run.invoke(app, ["resolve", "truong xuan tam ky quang nam", "--as-of", "2023-04-01", "--json"])
    answer = json.loads(result.stdout)
    assert answer["status"] == "exact"
    assert list(answer["candidates"][0])[:4] == ["code", "name", "kind", "confidence"]
    assert answer["candidates"][0]["valid_to"] == "2025-07-01"


def test_lines_of_standard_input_keep_step() -> None:
    lines = "Tam Kỳ, Quảng Nam\n\nxyz qwe\n20335\n\udcff\n".encode("utf-8", errors="surrogateescape")
    result = run.invoke(app, ["resolve", "-", "--as-of", "01/04/2023", "--json"], input=lines)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [a["status"] for a in answers] == ["exact", "unknown", "unknown", "exact", "unknown"]


def test_people_see_a_table() -> None:
    result = run.invoke(app, ["resolve", "Quận 1, TPHCM", "--as-of", "2025-12-01", "--data", "nowhere"])
    assert "Phường Sài Gòn, Thành phố Hồ Chí Minh" in result.stdout
    assert "Chưa rõ" in result.stdout
    assert "district_dissolved" not in result.stdout


def test_unit_says_what_became_of_it() -> None:
    result = run.invoke(app, ["unit", "20335", "--as-of", "2023-01-01"])
    assert "Phường Tân Thạnh, Thành phố Tam Kỳ, Tỉnh Quảng Nam" in result.stdout
    assert "Phường Bàn Thạch, Thành phố Đà Nẵng" in result.stdout
    many = run.invoke(app, ["unit", "-", "--as-of", "2023-01-01", "--json"], input="20335\n99999\n")
    assert [json.loads(line).get("error") for line in many.stdout.splitlines()] == [None, "territory.code.unknown"]


@pytest.mark.parametrize(
    "args", [["unit", "99999"], ["unit", "20335", "--as-of", "31/02/2023"], ["resolve", "x", "--as-of", "mai"]]
)
def test_mistakes_are_sentences(args: list[str]) -> None:
    result = run.invoke(app, args)
    assert isinstance(result.exception, DancuError)
    assert result.exception.text().endswith(".")
