"""What a run promises: the same file twice changes nothing, a trial writes nothing, a later word is a later fact, a
contradiction waits for a person, everything is witnessed."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from dancu.audit import facts as commitment
from dancu.demo import messy
from dancu.kernel.actor import SYSTEM
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid
from dancu.population import bulk
from dancu.population import models as m
from dancu.population.importing.profile import load_profile
from dancu.population.store.facts import load_view
from tests.importing.conftest import PURPOSE, Registry

TODAY = SYSTEM_CLOCK.today()
HEADER = [
    "Số hồ sơ cư trú", "Số ĐDCN", "CMND", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc", "Quốc tịch", "Quê quán",
    "Địa chỉ thường trú", "Mã ĐVHC", "Ngày đăng ký", "Quan hệ với chủ hộ", "Họ tên cha", "Số điện thoại", "Ghi chú",
]  # fmt: skip
HOA: dict[str, str] = {
    "Số hồ sơ cư trú": "HS-1", "Số ĐDCN": "049190012345", "CMND": "205123456", "Họ và tên": "Trần Thị Hoà",
    "Ngày sinh": "12/04/1990", "Giới tính": "Nữ", "Dân tộc": "Kinh", "Quốc tịch": "Việt Nam",
    "Quê quán": "Trường Xuân, Tam Kỳ, Quảng Nam",
    "Địa chỉ thường trú": "Khối phố Xuân Đông, phường Trường Xuân, Tam Kỳ, Quảng Nam", "Mã ĐVHC": "20350",
    "Ngày đăng ký": "01/06/2010", "Quan hệ với chủ hộ": "chủ hộ", "Họ tên cha": "Trần Văn Bình",
}  # fmt: skip


def book(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


async def counts(registry: Registry, path: Path, **options: Any) -> tuple[int, ...]:
    result = await registry.run(path, "residence-register", **options)
    rows = result.tally.rows
    return tuple(rows[name] for name in ("inserted", "updated", "unchanged", "needs_review", "rejected"))


async def person(registry: Registry, number: str = "049190012345") -> m.PersonView:
    key = await registry.one(
        "SELECT person_key FROM population.directory WHERE number = %s AND kind = 'personal_id'", number
    )
    async with await registry.connect("admin") as conn:
        return (await load_view(conn, [key], TODAY))[key]


async def test_a_file_imported_twice_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    messy.write_residence_register(path, rows=300)
    first = await registry.run(path, "residence-register")
    before = await registry.snapshot()
    again = await registry.run(path, "residence-register")
    assert again.tally.rows["inserted"] == again.tally.rows["updated"] == 0
    assert again.tally.rows["unchanged"] == sum(first.tally.rows[k] for k in ("inserted", "updated", "unchanged"))
    assert again.tally.rows["needs_review"] == first.tally.rows["needs_review"]
    assert again.tally.rows["rejected"] == first.tally.rows["rejected"] > 0
    after = await registry.snapshot()
    for table, content in before.items():
        if not table.startswith(("population.import_reject", "audit.pending")):
            assert after[table] == content, table


async def test_a_trial_tells_the_same_and_writes_nothing(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    messy.write_residence_register(path, rows=300)
    empty = await registry.snapshot()
    trial = await registry.run(path, "residence-register", dry_run=True)
    assert await registry.snapshot() == empty
    assert not (tmp_path / "a.rejects.csv").exists()
    real = await registry.run(path, "residence-register")
    assert trial.tally.rows == real.tally.rows
    assert trial.tally.reasons == real.tally.reasons
    assert trial.tally.findings == real.tally.findings


async def test_a_trial_leaves_evidence_of_whom_it_compared(registry: Registry, tmp_path: Path) -> None:
    await counts(registry, book(tmp_path / "a.csv", HOA))
    await counts(registry, book(tmp_path / "b.csv", {**HOA, "Ghi chú": "x"}), dry_run=True)
    assert await registry.one("SELECT count(*) FROM audit.pending WHERE action = 'read'") == 1


async def test_rejects_are_mended_and_imported_again(registry: Registry, tmp_path: Path) -> None:
    path = book(tmp_path / "a.csv", HOA, {**HOA, "Họ và tên": "", "Số ĐDCN": "049190012346", "CMND": ""})
    result = await registry.run(path, "residence-register")
    assert result.rejects_file == str(tmp_path / "a.rejects.csv")
    (row,) = csv.DictReader(Path(result.rejects_file).read_text("utf-8-sig").splitlines())
    assert (row["_line"], row["_code"]) == ("3", "person.name.empty")
    assert "Họ tên" in row["_reason"]
    assert {k: v for k, v in row.items() if not k.startswith("_")}["Số ĐDCN"] == "049190012346"
    mended = tmp_path / "mended.csv"
    with mended.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow({**row, "Họ và tên": "Trần Văn Út"})
    assert await counts(registry, mended) == (1, 0, 0, 0, 0)
    view = await person(registry, "049190012346")
    assert [n.full_name for n in view.names] == ["Trần Văn Út"]


async def test_a_later_move_is_a_later_fact_and_history_stays(registry: Registry, tmp_path: Path) -> None:
    await counts(registry, book(tmp_path / "a.csv", HOA))
    known_then = datetime.now(UTC)
    moved = {**HOA, "Địa chỉ thường trú": "Khối phố 5, phường An Xuân, Tam Kỳ, Quảng Nam", "Mã ĐVHC": "",
             "Ngày đăng ký": "05/03/2022", "Số hồ sơ cư trú": "HS-2"}  # fmt: skip
    assert await counts(registry, book(tmp_path / "b.csv", moved)) == (0, 1, 0, 0, 0)
    view = await person(registry)
    old, new = view.residences
    assert (old.valid, new.valid) == (m.Valid(date(2010, 6, 1), date(2022, 3, 5)), m.Valid(date(2022, 3, 5)))
    assert old.unit_id != new.unit_id
    assert len({f.household_key for f in view.memberships}) == 2
    async with await registry.connect("admin") as conn:
        before = (await load_view(conn, [view.person_key], TODAY, known_then))[view.person_key]
    assert [r.valid for r in before.residences] == [m.Valid(date(2010, 6, 1))]
    assert view.areas != ()
    topics = await registry.rows("SELECT topic FROM kit.outbox ORDER BY id")
    assert [t for (t,) in topics] == ["population.person.registered", "population.person.moved"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Giới tính": "Nam"}, "import.conflict"),
        ({"Ngày sinh": "13/04/1990"}, "import.conflict"),
        ({"Họ và tên": "Trần Thị Hoài"}, "import.conflict"),
        ({"Họ và tên": "Lê Văn Tám", "Ngày sinh": "01/01/2001"}, "match.number_of_another"),
        ({"Số ĐDCN": "049190099999"}, "match.other_number"),
        ({"Địa chỉ thường trú": "Hòa Hương, Tam Kỳ, Quảng Nam", "Mã ĐVHC": "", "Ngày đăng ký": ""}, "import.conflict"),
        ({"Họ tên cha": "Trần Văn Chín"}, "import.conflict"),
    ],
)
async def test_a_contradiction_waits_for_a_person(
    registry: Registry, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    await counts(registry, book(tmp_path / "a.csv", HOA))
    before = (await person(registry)).facts()
    other = book(tmp_path / "b.csv", {**HOA, **change})
    assert await counts(registry, other) == (0, 0, 0, 1, 0)
    assert (await person(registry)).facts() == before
    ((cells, reasons, candidates),) = await registry.rows(
        "SELECT cells, reasons, candidates FROM population.import_review"
    )
    assert cells["Họ và tên"] == {**HOA, **change}["Họ và tên"]
    assert reason in {code for code, _ in reasons}
    assert candidates == [(await person(registry)).person_key]
    assert reason in {c for (c,) in await registry.rows("SELECT code FROM population.finding")}
    # The same file again neither repeats the review nor the finding.
    assert await counts(registry, other) == (0, 0, 0, 1, 0)
    assert await registry.one("SELECT count(*) FROM population.import_review") == 1
    assert await registry.one("SELECT count(*) FROM population.finding WHERE code = %s", reason) == 1


async def test_what_was_empty_is_filled_with_its_own_source(registry: Registry, tmp_path: Path) -> None:
    poor = {**HOA, "Quê quán": "", "Ngày sinh": "1990", "Dân tộc": "", "Số điện thoại": ""}
    await counts(registry, book(tmp_path / "a.csv", poor))
    assert "origin" in (await person(registry)).missing
    rich = {**HOA, "Số điện thoại": "0571000001", "Số hồ sơ cư trú": "HS-1"}
    assert await counts(registry, book(tmp_path / "b.csv", rich)) == (0, 1, 0, 0, 0)
    view = await person(registry)
    assert view.birth is not None
    assert view.birth.day == 12
    assert set(view.birth.origins or {}) == {"birth_month", "birth_day", "origin_unit", "origin_place"}
    assert view.missing == ("birth_place", "birth_registration")
    assert await registry.one("SELECT count(*) FROM population.person_birth") == 2
    later = {**rich, "Số điện thoại": "0571000002"}
    assert await counts(registry, book(tmp_path / "c.csv", later)) == (0, 1, 0, 0, 0)
    phones = sorted(c.value for c in (await person(registry)).contacts)
    assert phones == ["+84571000001", "+84571000002"]


async def test_one_person_twice_in_one_file(registry: Registry, tmp_path: Path) -> None:
    twice = [
        HOA,
        {**HOA, "Họ và tên": "TRẦN THỊ HÒA", "Ghi chú": "bản sao"},
        HOA,
        {**HOA, "Số điện thoại": "0571000001"},
    ]
    assert await counts(registry, book(tmp_path / "a.csv", *twice)) == (1, 1, 2, 0, 0)
    assert await registry.one("SELECT count(*) FROM population.person") == 1


async def test_names_alone_join_nobody(registry: Registry, tmp_path: Path) -> None:
    bare = {**HOA, "Số ĐDCN": "", "CMND": "", "Số hồ sơ cư trú": "HS-9", "Họ tên cha": ""}
    await counts(registry, book(tmp_path / "a.csv", HOA))
    assert await counts(registry, book(tmp_path / "b.csv", bare)) == (0, 0, 0, 1, 0)
    assert await counts(registry, book(tmp_path / "c.csv", {**bare, "Ngày sinh": "13/04/1990"})) == (1, 0, 0, 0, 0)


async def test_a_household_has_one_head_and_gets_one_later(registry: Registry, tmp_path: Path) -> None:
    child = {**HOA, "Số ĐDCN": "049215000001", "CMND": "", "Họ và tên": "Lê Minh", "Ngày sinh": "01/02/2015",
             "Giới tính": "Nam", "Quan hệ với chủ hộ": "con"}  # fmt: skip
    await counts(registry, book(tmp_path / "a.csv", child))
    assert await registry.one("SELECT head_key FROM population.household") is None
    second = {**HOA, "Số ĐDCN": "049190000002", "CMND": "", "Họ và tên": "Lê Thị Ba"}
    await counts(registry, book(tmp_path / "b.csv", HOA, second))
    mother = await person(registry)
    assert (
        await registry.one("SELECT head_key FROM population.household WHERE upper_inf(recorded)") == mother.person_key
    )
    assert await registry.one("SELECT count(DISTINCT household_key) FROM population.household_member") == 1
    assert await registry.one("SELECT count(*) FROM population.finding WHERE code = 'import.two_heads'") == 1
    assert await registry.one("SELECT count(*) FROM population.household_member WHERE relation = 'head'") == 1


async def test_a_birth_is_linked_to_its_parents_and_origin_proposed(registry: Registry, tmp_path: Path) -> None:
    await counts(registry, book(tmp_path / "a.csv", HOA))
    path = tmp_path / "births.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["so", "quyenSo", "ngayDangKy", "noiDangKy", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "meHoTen",
                         "meNgaySinh", "meSoGiayToTuyThan", "chaHoTen", "chaNgaySinh"])  # fmt: skip
        writer.writerow(["5", "01-TP/HT-2022-KS", "01/03/2022", "UBND phường Trường Xuân", "Lê Trần An", "1", "12/02/2022",
                         "Trần Thị Hoà", "1990", "049190012345", "Lê Văn C", "1988"])  # fmt: skip
    result = await registry.run(path, "birth-book")
    assert result.tally.rows["inserted"] == 1
    mother = await person(registry)
    (child,) = mother.relatives(m.KinRelation.CHILD)
    assert child.relative_name == "Lê Trần An"
    rows = await registry.rows("SELECT relation, relative_key, relative_birth FROM population.kinship WHERE person_key = %s",
                               child.relative_key)  # fmt: skip
    assert sorted(rows) == [("father", None, "1988"), ("mother", mother.person_key, "1990")]
    missing = await registry.one("SELECT missing FROM population.person WHERE person_key = %s", child.relative_key)
    assert {"origin", "personal_id"} <= set(missing)
    params = await registry.one("SELECT params FROM population.finding WHERE code = 'person.origin.proposal'")
    assert params["from"] == "mother"
    assert mother.birth is not None
    assert params["unit"] == mother.birth.origin_unit


async def test_every_write_commits_to_its_facts(registry: Registry, tmp_path: Path) -> None:
    messy.write_residence_register(tmp_path / "a.csv", rows=150)
    await registry.run(tmp_path / "a.csv", "residence-register")
    await counts(registry, book(tmp_path / "b.csv", HOA))
    await counts(registry, book(tmp_path / "c.csv", {**HOA, "Số điện thoại": "0571000001", "Ngày đăng ký": "05/03/2022",
                 "Địa chỉ thường trú": "Hòa Hương, Tam Kỳ, Quảng Nam", "Mã ĐVHC": ""}))  # fmt: skip
    lines: dict[int, list[bytes]] = {}
    for table, key, columns in await registry.rows("SELECT table_name, key_column, columns FROM audit.fact_source"):
        select = ", ".join("lower(recorded)" if c == "recorded" else c for c in columns)
        for row in await registry.rows(
            f"SELECT entry_id, closed_by, upper(recorded), {key}, fact_id, {select} FROM {table}"
        ):
            entry, closed_by, until, person_key, fact_id, *values = row
            lines.setdefault(entry, []).append(commitment.opened(table, person_key, fact_id, values))
            if closed_by is not None:
                lines.setdefault(closed_by, []).append(commitment.closed(table, person_key, fact_id, until))
    entries = dict(await registry.rows("SELECT entry_id, facts FROM audit.pending WHERE action = 'write'"))
    assert set(lines) == set(entries)
    assert {entry: commitment.facts_digest(own) for entry, own in lines.items()} == entries


async def test_people_loaded_otherwise_are_found_too(registry: Registry, tmp_path: Path) -> None:
    """The registry, not the run, is what a file is held against."""
    async with await registry.connect() as conn:
        draft = m.PersonDraft(
            names=(m.NameFact(source=m.Source("id_card"), full_name="Trần Thị Hoà"),),
            birth=m.BirthFact(source=m.Source("id_card"), year=1990, month=4, day=12, sex=m.Sex.FEMALE),
            numbers=(m.NumberFact(source=m.Source("id_card"), kind=m.NumberKind.PERSONAL_ID, number="049190012345"),),
        )
        await bulk.load(conn, [draft], actor=SYSTEM, purpose=PURPOSE)
    assert await counts(registry, book(tmp_path / "a.csv", HOA)) == (0, 1, 0, 0, 0)
    view = await person(registry)
    assert view.permanent is not None
    assert view.permanent.source.kind == "residence_register"


async def test_a_file_is_imported_by_one_process_at_a_time(registry: Registry, tmp_path: Path) -> None:
    path = book(tmp_path / "a.csv", HOA)
    async with await registry.connect() as other:
        digest = hashlib.sha256(path.read_bytes()).digest()
        await other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (0x494D504F, digest.hex()))
        with pytest.raises(Conflict, match=r"import\.running"):
            await registry.run(path, "residence-register")
    assert await counts(registry, path) == (1, 0, 0, 0, 0)


async def test_files_that_are_none_of_ours_are_refused_with_a_sentence(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x;y\n1;2\n")
    (tmp_path / "b.xlsx").write_bytes(b"PK no")
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    (tmp_path / "d.doc").write_bytes(b"")
    for name, code in (
        ("a.csv", "header"),
        ("b.xlsx", "broken"),
        ("c.parquet", "broken"),
        ("d.doc", "kind"),
        ("e.csv", "missing"),
    ):
        with pytest.raises(Invalid) as error:
            await registry.run(tmp_path / name, "residence-register")
        assert error.value.code == f"import.file.{code}"
        assert error.value.text()
    with pytest.raises(Invalid, match=r"import\.profile\.unknown"):
        load_profile("../secrets")


async def test_an_impossible_row_goes_to_a_person_and_the_others_go_in(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a value pass all checks and be refused by the database, one row waits, not the file."""
    async with await registry.connect("admin") as conn:
        await conn.execute("ALTER TABLE population.person_name ADD CONSTRAINT no_tam CHECK (full_name <> 'Lê Văn Tám')")
    others = [{**HOA, "Số ĐDCN": f"0491900{n:05}", "CMND": "", "Số hồ sơ cư trú": f"HS-{n}"} for n in range(9)]
    bad = {**others[4], "Họ và tên": "Lê Văn Tám"}
    path = book(tmp_path / "a.csv", *others[:4], bad, *others[5:])
    assert await counts(registry, path, dry_run=True) == (8, 0, 0, 1, 0)
    assert await counts(registry, path) == (8, 0, 0, 1, 0)
    assert await registry.one("SELECT reasons FROM population.import_review") == [["import.impossible", "no_tam"]]


async def test_dirty_text_of_every_kind_goes_in_or_waits(registry: Registry, tmp_path: Path) -> None:
    nasty = ["\x00", "\\N", "\\.", "a\tb", "\u202e", "'; DROP TABLE x", "{}", '"', "😀", "a" * 5_000]
    rows = [
        {**HOA, "Số ĐDCN": f"0491910{n:05}", "CMND": "", "Số hồ sơ cư trú": f"HS{text}", "Ghi chú": text, "Quê quán": text,
         "Họ tên cha": f"Trần {text}", "Dân tộc": text, "Số điện thoại": text, "Địa chỉ thường trú": f"{text}, Tam Kỳ"}
        for n, text in enumerate(nasty)
    ]  # fmt: skip
    result = await registry.run(book(tmp_path / "a.csv", *rows), "residence-register")
    assert result.tally.rows["inserted"] == len(rows)


async def test_people_of_old_books_are_seen_where_their_places_may_have_been(registry: Registry, tmp_path: Path) -> None:
    """No unit is guessed into the facts, yet somebody can open the record; another day for the places fills them in."""
    path = tmp_path / "2012.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["so", "quyenSo", "ngayDangKy", "noiDangKy", "nksHoTen", "nksGioiTinh", "nksNgaySinh", "nksQueQuan", "soDinhDanh"])
        writer.writerow(["7", "01-TP/HT-2012-KS", "15/03/2012", "UBND xã Tam Thăng, Tam Kỳ, Quảng Nam", "Nguyễn Văn Tí", "1",
                         "02/03/2012", "xã Tam Thăng, Tam Kỳ, Quảng Nam", ""])  # fmt: skip
    result = await registry.run(path, "birth-book", as_of=None)
    assert (result.tally.rows["inserted"], result.tally.findings["place.of_that_time"]) == (1, 2)
    units = "SELECT b.registration_unit, p.areas FROM population.person p JOIN population.person_birth b USING (person_key) WHERE upper_inf(b.recorded)"
    ((unit, areas),) = await registry.rows(units)
    assert unit is None
    assert areas, "nobody local could open the record"
    again = await registry.run(path, "birth-book", as_of=date(2023, 4, 1))
    assert again.tally.rows["inserted"] == 0
    ((unit, areas),) = await registry.rows(units)
    assert unit is not None
    assert areas


async def test_a_family_in_one_file_is_linked_both_ways(registry: Registry, tmp_path: Path) -> None:
    """Parents and child are all new: their rows name each other by number, or by the household alone."""
    file = tmp_path / "a.csv"
    file.write_text(
        "Số hộ,Họ và tên,Ngày sinh,Giới tính,Số định danh,Quan hệ với chủ hộ,Quê quán,Nơi thường trú,Số định danh cha,Số định danh vợ/chồng\n"
        'H1,Vương Văn Bố,01/01/1970,Nam,049070881001,Chủ hộ,"Duy Vinh, Duy Xuyên, Quảng Nam","Trường Xuân, Tam Kỳ, Quảng Nam",049099881004,049172881002\n'
        'H1,Lý Thị Mẹ,01/01/1972,Nữ,049172881002,Vợ,,"Trường Xuân, Tam Kỳ, Quảng Nam",,\n'
        'H1,Vương Thị Con,01/01/1999,Nữ,049199881003,Con,,"Trường Xuân, Tam Kỳ, Quảng Nam",049070881001,\n'
        'H1,Vương Văn Em,01/01/1999,Nam,049099881004,Con,,"Trường Xuân, Tam Kỳ, Quảng Nam",,\n', encoding="utf-8",
    )  # fmt: skip
    result = await registry.run(file, "residence-register")
    assert result.tally.rows["inserted"] == 4
    kin = await registry.rows(
        "SELECT p.number, k.relation, r.number, k.relative_name FROM population.kinship k"
        " JOIN population.directory p USING (person_key) LEFT JOIN population.directory r ON r.person_key = k.relative_key"
    )
    father, mother, child, son = "049070881001", "049172881002", "049199881003", "049099881004"
    assert set(kin) == {
        (father, "spouse", mother, ""), (mother, "spouse", father, "Vương Văn Bố"),
        (child, "father", father, ""), (father, "child", child, "Vương Thị Con"),
        (father, "father", None, ""),  # his own son's number: nobody becomes his own grandfather
    }  # fmt: skip
    assert result.tally.findings["kin.age"] == 1
    proposals = dict(await registry.rows(
        "SELECT d.number, f.params->>'from' FROM population.finding f JOIN population.directory d USING (person_key)"
        " WHERE f.code = 'person.origin.proposal'"
    ))  # fmt: skip
    assert proposals == {child: "father", son: "father"}
