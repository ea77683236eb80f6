"""The rejects file has the form of its source, and can be imported as it is once mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit.sheets import open_sheet
from dancu.kit.sheets.columns import EXTRA
from dancu.kit.sheets.rejects import kept_before
from dancu.kit.sheets.sheet import armed, disarmed
from dancu.population.importing.profile import load_profile
from tests.importing.conftest import Registry

HEADER = ["Số ĐDCN", "Họ và tên", "Ngày sinh", "Giới tính", "Cột lạ"]
ROWS = [["049190012345", "Trần Thị Hoà", "12/04/1990", "Nữ", "a"], ["049190012346", "", "01/02/1991", "Nữ", "b\nc"]]


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    if path.suffix == ".csv":
        text = "\r\n".join(";".join(f'"{cell}"' for cell in row) for row in [header, *rows])
        path.write_text(text, "utf-8")
    elif path.suffix == ".xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for row in [header, *rows]:
            book.active.append(row)
        book.save(path)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))), path)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
async def test_round_trip(registry: Registry, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"so{suffix}"
    write(path, HEADER, ROWS)
    result = await registry.run(path, "residence-register")
    assert (result.tally.rows["inserted"], result.tally.rows["rejected"]) == (1, 1)
    assert result.ignored_columns == ("Cột lạ",)
    assert result.rejects_file is not None
    kept = Path(result.rejects_file)
    assert kept.suffix == suffix
    sheet = open_sheet(kept, load_profile("residence-register").recognises)
    assert sheet.header == [*HEADER, *EXTRA]
    ((_, cells),) = list(sheet.rows)
    sheet.close()
    assert cells[:5] == ROWS[1]
    assert cells[5:7] == ["3", "person.name.empty"]
    cells[1] = "Trần Thị Mai"
    mended = tmp_path / f"sua{suffix}"
    write(mended, sheet.header, [cells])
    again = await registry.run(mended, "residence-register")
    assert (again.tally.rows["inserted"], again.rejects_file) == (1, None)
    # What is mended in place and refused no more leaves no file behind.
    write(path, HEADER, [ROWS[0]])
    assert (await registry.run(path, "residence-register")).rejects_file is None
    assert not kept.exists()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
async def test_titles_below_merged_cells_are_read_and_come_back(registry: Registry, tmp_path: Path, suffix: str) -> None:
    """Also where the last titles stand in the second row only: nothing is cut off."""
    path, mended = tmp_path / f"hai{suffix}", tmp_path / f"sửa{suffix}"
    above = ["Số ĐDCN", "Họ và tên", "Ngày sinh", "Giới tính", "Cha", "", ""]
    below = ["", "", "", "", "Họ tên", "Năm sinh", "Tình trạng hôn nhân"]
    refused = ["049190012399", "", "01/02/1991", "Nữ", "Trần Văn Cha", "1960", "Độc thân"]
    write(path, above, [below, ["049190012398", "Trần Thị Gộp", *refused[2:]], refused])
    result = await registry.run(path, "residence-register")
    assert (result.tally.rows["inserted"], result.tally.rows["rejected"]) == (1, 1)
    assert result.ignored_columns == () and result.rejects_file is not None
    profile = load_profile("residence-register")
    sheet = open_sheet(Path(result.rejects_file), profile.recognises)
    ((_, cells),) = list(sheet.rows)
    sheet.close()
    read = {field: cells[at] for field, at in profile.places(sheet.header).items()}
    assert (read["father_name"], read["father_birth"], read["marital"]) == tuple(refused[4:])
    cells[1] = "Trần Thị Mai"
    write(mended, sheet.header, [cells])
    assert (await registry.run(mended, "residence-register")).tally.rows["inserted"] == 1


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (["Số ĐDCN", "Họ và tên", "Ngày sinh", "", "Cha"], ["", "", "Nam", "Nữ", "Họ tên"]),
        (["Số ĐDCN", "Họ và tên", "Ngày sinh nam", "Ngày sinh nữ", "Họ tên cha"], None),
        (["Số ĐDCN", "Họ và tên", "Nam", "Nữ", "Họ tên cha"], None),
    ],
)
async def test_the_birth_in_the_column_of_the_sex(registry: Registry, tmp_path: Path, above: list[str], below: list[str] | None) -> None:
    rows = [
        ["049190012398", "Trần Thị Nữ", "", "01/02/1990", "Trần Cha"],
        ["049088000016", "Trần Văn Nam", "03/05/1988", "", "Trần Cha"],
        ["049190012377", "Trần Văn Hai", "01/02/1990", "04/05/1991", "Trần Cha"],
    ]
    path = tmp_path / "cũ.csv"
    write(path, above, [*([below] if below else []), *rows])
    result = await registry.run(path, "residence-register")
    assert (result.tally.rows["inserted"], result.tally.rows["needs_review"]) == (2, 1)
    assert result.ignored_columns == ()
    found = await registry.rows("SELECT birth_year, birth_month, birth_day, sex FROM population.person_birth ORDER BY 1")
    assert found == [(1988, 5, 3, "male"), (1990, 2, 1, "female")]
    assert await registry.one("SELECT count(*) FROM population.finding WHERE code = 'import.code'") == 0
    # Asked again, the same file says nothing new.
    again = await registry.run(path, "residence-register")
    assert again.tally.rows["unchanged"] == 2


def test_ticks_a_year_and_a_contradiction() -> None:
    from dancu.population.importing.by_sex import by_sex, side

    assert [side(t) for t in ("Năm sinh", "Ngày, tháng, năm sinh", "Nam", "NỮ", "Ngày sinh: Nam", "Nữ Giới tính", "Năm")] == ["", "", "Nam", "Nữ", "Nam", "Nữ", "Nam"]
    assert by_sex(["Họ tên", "Năm sinh", "Năm"], {"birth": 1}) is None
    ticked = by_sex(["Họ tên", "Ngày sinh", "Nam", "Nữ"], {"birth": 1})
    assert ticked is not None
    assert ticked.read(["A", "01/02/1990", "", "x"]) == ("01/02/1990", "Nữ")
    assert ticked.read(["A", "1990", "x", "x"]) == ("1990", "Nam / Nữ")
    own = by_sex(["Ngày sinh nam", "Ngày sinh nữ", "Giới tính"], {"birth": 0, "sex": 2})
    assert own is not None
    assert own.read(["1990", "", "NAM"]) == ("1990", "NAM")
    assert own.read(["1990", "", "Nữ"]) == ("1990", "Nữ / Nam")
    assert own.read(["", "", "Nữ"]) == ("", "Nữ")


@given(st.text(alphabet="'=+-@\t\r aĐ0", max_size=6))
def test_no_cell_computes_and_every_cell_comes_back(cell: str) -> None:
    assert not disarmed(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert armed(disarmed(cell)) == cell


def test_an_apostrophe_of_a_name_is_its_own() -> None:
    assert disarmed("'Hơ Nhuêl") == armed("'Hơ Nhuêl") == "'Hơ Nhuêl"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
async def test_a_formula_is_text_in_the_rejects_and_comes_back(registry: Registry, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"so{suffix}"
    formula = '=HYPERLINK(1)'
    if suffix == ".csv":
        write(path, HEADER, [["+84912345678", "", "-", "@SUM(A1)", formula]])
    else:
        write(path, HEADER, [["+84912345678", "", "-", "@SUM(A1)", "x"]])
    result = await registry.run(path, "residence-register")
    assert result.rejects_file is not None
    kept = Path(result.rejects_file)
    assert kept.stat().st_mode & 0o777 == 0o600
    if suffix == ".csv":
        assert "'+84912345678;;'-;'@SUM(A1);'=HYPERLINK(1)" in kept.read_text("utf-8-sig")
    sheet = open_sheet(kept, load_profile("residence-register").recognises)
    ((_, cells),) = list(sheet.rows)
    sheet.close()
    assert cells[:4] == ["+84912345678", "", "-", "@SUM(A1)"]
    assert suffix != ".csv" or cells[4] == formula


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
async def test_corrections_are_not_written_over(registry: Registry, tmp_path: Path, suffix: str) -> None:
    """Who imports the book again before the mended rejects file finds the mended rows beside the new file."""
    path = tmp_path / f"so{suffix}"
    write(path, HEADER, ROWS)
    rejects = Path((await registry.run(path, "residence-register")).rejects_file or "")
    await registry.run(path, "residence-register")
    assert kept_before(rejects) == []  # the same again is no work of anybody's
    sheet = open_sheet(rejects, load_profile("residence-register").recognises)
    ((_, cells),) = list(sheet.rows)
    sheet.close()
    cells[1] = "Trần Thị Mai"
    write(rejects, sheet.header, [cells])
    await registry.run(path, "residence-register")
    (mended,) = kept_before(rejects)
    assert mended.name == f"so.rejects.1{suffix}"
    result = await registry.run(mended, "residence-register")
    assert result.tally.rows["inserted"] == 1
