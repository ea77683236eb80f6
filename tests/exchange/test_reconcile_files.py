"""Files as they come: broken, poisoned, empty, killed in the middle, in every format and encoding; and the way a program sends
one."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import random
import signal
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.audit import service as audit
from dancu.exchange.matching.comparing import compare_birth
from dancu.exchange.matching.deciding import Scored
from dancu.exchange.models.reconcile import Declared
from dancu.exchange.service.reconcile import addresses, reading, rejecting, results, uploads, work
from dancu.exchange.service.reconcile.comparing import differences
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, DancuError, Invalid
from dancu.kernel.text import fold_ascii
from dancu.kit.keys import KeyRing
from dancu.population.models.linkage import Candidate
from tests.exchange.reconciling import ORG, Registry, build, environment

HEADER = "Mã số BHXH,Họ và tên,Ngày sinh,Giới tính,Số định danh/CCCD/CMND,Họ tên chủ hộ,Số định danh chủ hộ,Quan hệ với chủ hộ,Địa chỉ hộ gia đình"


@pytest.fixture(scope="module")
def registry(make_database: Callable[[], Any]) -> Registry:
    return build(make_database(), 1_500)


@pytest.fixture(scope="module")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keys(keys_folder: Path) -> KeyRing:
    return KeyRing.open(keys_folder)


def rows_of(path: Path) -> list[Any]:
    source = reading.Source(path, reading.profile("social-insurance"), SYSTEM_CLOCK.today())
    try:
        found = []
        while chunk := source.chunk(100):
            found += chunk
        return found
    finally:
        source.close()


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\r\n".join((HEADER, *lines, "")).encode(encoding, "surrogateescape"))
    return path


def test_cells_are_read_as_the_field_writes_them(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "1,TRẦN THỊ HOÀ,12.04.1990,nữ,049 190 012 345,,,chủ hộ,\"Tổ 8, Xã Gò Nổi, Thành phố Đà Nẵng\"",
        "2,12/04/1990,Trần Thị Hòa,2,49190012345,,,vợ,",
        "3,049190012345,1990,0,Trần Thị Hoà,,,,",
        "4,Y Moan,00/00/1950,x,205123456,,,,20353",
        "5,,1990,,,,,,",
    )
    a, b, c, d, e = rows_of(path)
    assert (a.name, a.folded, str(a.born), a.sex, a.number, a.relation) == ("Trần Thị Hoà", "trần thị hòa", "1990-04-12", "female", "049190012345", "head")
    assert a.areas and a.front == "to 8"
    assert (b.name, str(b.born), b.numbers) == ("Trần Thị Hòa", "1990-04-12", ("049190012345",))
    assert (c.name, c.numbers) == ("Trần Thị Hoà", ("049190012345",))
    assert (str(d.born), d.numbers) == ("1950", ("205123456",))
    assert e.problem is not None and e.problem[0] == "person.name.empty"


def test_old_and_new_units_are_the_communes_of_today() -> None:
    today = SYSTEM_CLOCK.today()
    read = addresses.Addresses(today).read
    new = read("Tổ 8, Thôn Phong Thượng, Xã Gò Nổi, Thành phố Đà Nẵng", "")
    old = read("Tổ 11, Thôn Quang Tây, X. Điện Quang, TX Điện Bàn, T. Quảng Nam", "")
    assert new.areas and new.areas == old.areas
    assert new.front == "to 8, thon phong thuong"
    assert read("", "") == addresses.Home() and read("không rõ", "").areas == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "reconcile.file.empty"),
        (b"a,b\r\n1,2\r\n", "reconcile.header"),
        (HEADER.encode() + b"\r\n", "reconcile.file.no_rows"),
        ((HEADER + ",Họ và tên\r\n1,A B,1990,,,,,,,C D\r\n").encode(), "reconcile.header.twice"),
        ((HEADER + '\r\n1,"A B').encode() + b"x" * (11 << 20), "import.file.broken"),
        (b"PK\x03\x04 no book", "import.file.broken"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(
    registry: Registry, keys: KeyRing, tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / ("x.xlsx" if content.startswith(b"PK") else "x.csv")
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        await registry.reconcile(path, keys)
    assert refused.value.code == code
    if content:
        assert registry.one("SELECT failure FROM exchange.reconcile_run ORDER BY run_no DESC LIMIT 1") == code


@pytest.mark.parametrize("wrap", ["\ufeff{}", "sep=DELIMITER\r\n{}", "{}", "\r\n{}", "\0{}"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_marks_titles_and_delimiters_are_seen_through(tmp_path: Path, wrap: str, delimiter: str) -> None:
    wrap = wrap.replace("DELIMITER", delimiter)
    path = tmp_path / "a.csv"
    lines = HEADER, "1,Trần Thị Hoà,12/04/1990,nữ,049190012345,,,vợ,", "2,Lê Văn Ba,,,,,,,"
    path.write_bytes(wrap.format("\r\n".join(line.replace(",", delimiter) for line in lines)).encode())
    assert [(row.name, row.numbers, row.problem) for row in rows_of(path)] == [
        ("Trần Thị Hoà", ("049190012345",), None), ("Lê Văn Ba", (), None),
    ]  # fmt: skip


def test_a_cell_of_a_megabyte_is_one_bad_row_and_a_larger_one_a_lost_quotation_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"1,\"{'A' * 1_000_000}\",,,,,,,", "2,Lê Văn Ba,,,,,,,")
    assert [row.problem and row.problem[0] for row in rows_of(path)] == ["reconcile.cell", None]
    with pytest.raises(Invalid) as refused:
        rows_of(write(tmp_path / "b.csv", f"1,\"{'A' * 1_100_000}\",,,,,,,", "2,Lê Văn Ba,,,,,,,"))
    assert refused.value.code == "import.file.broken"


def _rewritten(book: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The book with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith(part) else old.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "change", "code"),
    [
        ("sheet1.xml", lambda xml: xml[: len(xml) // 2], "import.file.broken"),
        ("sheet1.xml", lambda xml: b"", "import.file.broken"),
        ("sheet1.xml", lambda xml: b"<!DOCTYPE x [<!ENTITY a 'aaa'>]>" + xml, "import.file.broken"),
        ("workbook.xml", lambda xml: b"no XML", "import.file.broken"),
        ("styles.xml", lambda xml: xml + b" " * (65 << 20), "import.file.inflated"),
    ],
)
def test_a_broken_or_inflated_book_is_refused(tmp_path: Path, part: str, change: Callable[[bytes], bytes], code: str) -> None:
    from openpyxl import Workbook

    book, kept = Workbook(), io.BytesIO()
    page: Any = book.active
    for line in (HEADER, "=1+1,Lê Văn Ba,,,,,,,"):
        page.append(line.split(","))
    book.save(kept)
    path = tmp_path / "a.xlsx"
    path.write_bytes(_rewritten(kept.getvalue(), part, change))
    with pytest.raises(Invalid) as refused:
        rows_of(path)
    assert refused.value.code == code


def _texts(count: int, first: str = "") -> bytes:
    """A table of texts, as Excel keeps them."""
    items = "".join(f"<si><t>{text}</t></si>" for text in (*first.split(","), *(f"Tổ {n}, Xã Gò Nổi" for n in range(count))))
    return f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{items}</sst>'.encode()


def test_a_book_whose_texts_stand_in_a_table_is_read(tmp_path: Path) -> None:
    from openpyxl import Workbook

    kept, path = io.BytesIO(), tmp_path / "a.xlsx"
    Workbook().save(kept)
    titles = HEADER.split(",")
    rows = range(len(titles)), (len(titles), len(titles) + 1)
    sheet = "".join("<row>" + "".join(f'<c t="s"><v>{at}</v></c>' for at in row) + "</row>" for row in rows)
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    book = _rewritten(kept.getvalue(), "sheet1.xml", lambda _: f"<worksheet {space}><sheetData>{sheet}</sheetData></worksheet>".encode())
    named = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    book = _rewritten(book, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", named))
    path.write_bytes(book)
    with zipfile.ZipFile(path, "a") as whole:
        whole.writestr("xl/sharedStrings.xml", _texts(1, f"{HEADER},000123,Trần Thị Hoà"))
    assert [(row.ref, row.name) for row in rows_of(path)] == [("000123", "Trần Thị Hoà")]


def test_texts_of_a_book_take_no_memory() -> None:
    import tracemalloc

    from dancu.kit.sheets.texts import Texts

    def held(count: int) -> int:
        texts = Texts(io.BytesIO(_texts(count, "một")))
        assert (texts[0], texts[1], texts[count]) == ("một", "Tổ 0, Xã Gò Nổi", f"Tổ {count - 1}, Xã Gò Nổi")
        with pytest.raises(IndexError):
            texts[count + 1]
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held(100)
        assert held(6_000) - held(1_000) < 50_000  # as texts in a list they would take half a megabyte more
    finally:
        tracemalloc.stop()


async def test_poisoned_rows_are_refused_one_by_one_and_the_others_go_on(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    number, name = registry.rows(
        "SELECT d.number, n.full_name FROM population.directory d JOIN population.person_name n USING (person_key)"
        " JOIN population.person p USING (person_key) WHERE d.kind = 'personal_id' AND p.alive_until = 'infinity' LIMIT 1"
    )[0]
    bad = "\udc8a\udc9e"  # bytes that are no UTF-8
    path = write(
        tmp_path / "độc.csv",
        f"=cmd|' /C calc'!A0,{name},,,{number},,,,",
        f"2,{name}\0,,,{number},,,,",
        f"3,{'Nguyễn ' * 400},,,,,,,",
        f"4,@SUM(1+1)*cmd,,,{number},,,,",
        f"5,{bad},,,,,,,",
        f"'; DROP TABLE population.person; --,{name},31/02/1990,??,{number},,,,",
        "7,Không Có Ai Như Thế,1/1/1901,,,,,,",
        "8",
    )
    done, told = await registry.reconcile(path, keys)
    assert done.finished
    codes = {line: (r["outcome"], r.get("code", "")) for line, r in told.items()}
    assert codes[2][0] in ("matched", "matched_with_differences", "dead") and told[2]["ref"].startswith("=cmd")
    assert codes[3] == codes[4] == ("rejected", "reconcile.cell")
    assert codes[5][0] == codes[6][0] == codes[9][0] == "rejected"
    assert codes[7][0] in ("duplicate", "ambiguous")
    assert codes[8] == ("not_found", "")
    async with await registry.connect() as conn:
        refused = await rejecting.write(conn, keys, done.run, path)
    assert refused is not None
    rejects = list(csv.DictReader(Path(refused).read_text("utf-8-sig").splitlines()))
    assert [row["_line"] for row in rejects] == ["3", "4", "5", "6", "9"] and all(row["_reason"] for row in rejects)
    assert rejects[2]["Họ và tên"].startswith("'@SUM")
    as_csv = results.as_csv(b"".join(json.dumps(r).encode() + b"\n" for r in told.values()))
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(as_csv.splitlines()) for cell in row)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=30), max_size=10), min_size=1, max_size=6))
def test_whatever_the_cells_hold_rows_are_read_or_refused(tmp_path: Path, cells: list[list[str]]) -> None:
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        writer.writerows(cells)
    try:
        for row in rows_of(path):
            assert row.problem is not None or row.ascii
    except DancuError:
        pass


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "utf-16", "windows-1258", "tcvn3"])
async def test_every_format_and_encoding_says_the_same(registry: Registry, tmp_path: Path, kind: str) -> None:
    from dancu.demo.messy import files
    from dancu.demo.messy.truth import Row

    plain = tmp_path / "a.csv"
    registry.file(plain, 60, 3)
    with plain.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or ())
        rows = [Row(dict(row)) for row in reader if "." not in row["Họ và tên"]]
    other = tmp_path / ("b." + (kind if kind in ("xlsx", "parquet") else "csv"))
    form: Any = kind if kind in ("xlsx", "parquet") else "csv"
    files.write(other, header, rows, form, "utf-8" if form != "csv" else kind)  # type: ignore[arg-type]
    files.write(plain, header, rows, "csv", "utf-8")
    ours, theirs = rows_of(plain), rows_of(other)
    same = sum((a.folded, a.born, a.numbers, a.areas) == (b.folded, b.born, b.numbers, b.areas) for a, b in zip(ours, theirs, strict=True))
    assert same >= len(ours) * 0.95


async def test_a_killed_run_goes_on_and_hands_out_every_row_once(
    registry: Registry, keys: KeyRing, keys_folder: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "kill.csv", tmp_path / "out.jsonl"
    truth = registry.file(path, 1_200, 21)
    run = await registry.submit(path)
    rng = random.Random(3)
    kills = 0
    for _ in range(40):
        before = registry.one("SELECT position FROM exchange.reconcile_run WHERE run_no = %s", run.run_no)
        child = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "tests.exchange.reconcile_child", registry.database.dsn("app"), str(keys_folder), str(run.run_no),
             str(path), str(out)], stderr=subprocess.PIPE,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while child.poll() is None and time.monotonic() < deadline:
            moved = registry.one("SELECT position FROM exchange.reconcile_run WHERE run_no = %s", run.run_no)
            if kills < 3 and moved > before + 60:
                await asyncio.sleep(rng.random() * 0.05)
                child.send_signal(signal.SIGKILL)
                kills += 1
                break
            await asyncio.sleep(0.01)
        _, said = child.communicate(timeout=120)
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL or b"reconcile.running" in said, said
        assert not out.exists()
        await asyncio.sleep(0.2)
    assert kills == 3
    told = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["line"] for line in told] == sorted(truth)
    whole = registry.one("SELECT counts FROM exchange.reconcile_run WHERE run_no = %s", run.run_no)
    assert sum(whole.get(o, 0) for o in {line["outcome"] for line in told}) == len(truth)


async def test_who_is_told_may_go_away_and_come_back_for_every_row(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    """A reader that stops reading (`dancu reconcile … | head`) stops the work behind its last chunk; the next one hands out all."""
    path = tmp_path / "left.csv"
    truth = registry.file(path, 120, 61)
    run = await registry.submit(path)

    async def gone(nth: int, lines: bytes) -> None:
        if nth == 1:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await work.work(registry.connect, keys, run.run_no, path, deliver=gone, chunk=30)
    assert registry.one("SELECT chunks FROM exchange.reconcile_run WHERE run_no = %s", run.run_no) == 2
    done, told = await registry.reconcile(path, keys)
    assert done.run.run_no == run.run_no and sorted(told) == sorted(truth)


async def test_memory_does_not_grow_with_the_file(
    registry: Registry, keys: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every chunk is the same hundred rows, so that what is remembered of names and days is remembered after the first: whatever a
    later chunk leaves behind, a file of millions would leave behind millions of times."""
    import gc
    import tracemalloc

    plain = tmp_path / "a.csv"
    registry.file(plain, 60, 51)
    header, *lines = plain.read_bytes().splitlines(keepends=True)
    path = tmp_path / "flat.csv"
    path.write_bytes(header + b"".join(lines) * 10)
    held: list[int] = []

    def after(run: Any) -> None:
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])

    async def here(task: Callable[..., Any], *given: Any) -> Any:
        return task(*given)

    run = await registry.submit(path)
    monkeypatch.setattr(asyncio, "to_thread", here)  # or the next chunk were read in part, or whole, when this one is counted
    tracemalloc.start()
    try:
        await work.work(registry.connect, keys, run.run_no, path, chunk=len(lines), progress=after)
    finally:
        tracemalloc.stop()
    assert len(held) == 10
    # A chunk as read takes some 60 kB, its results compressed 3 kB; the driver keeps a few more once, when it prepares a statement.
    assert statistics.median(later - before for before, later in pairwise(held[2:])) < 2_000, held


def test_what_is_remembered_has_an_end(tmp_path: Path) -> None:
    """Names and addresses of a country are never all at hand: the first thousands take what all of them take."""
    import tracemalloc

    from dancu.exchange.matching import comparing

    homes = addresses.Addresses(SYSTEM_CLOCK.today())
    words = ["An", "Ánh", "Bảo", "Bình", "Chi", "Cường", "Dung", "Đức", "Giang", "Hà", "Hải", "Hạnh", "Hiền", "Hoa", "Huy", "Khánh", "Kiên", "Lan", "Linh", "Long", "Mai", "Minh"]

    def remember(first: int) -> int:
        for n in range(first, first + 2_500):
            homes.read(f"Số {n}, Tổ 8, Xã Gò Nổi, Thành phố Đà Nẵng", "")
        for n in range(2 * first, 2 * first + 5_000):
            name = " ".join(words[n // len(words) ** place % len(words)] for place in range(3))
            comparing.keys(name)
            comparing.heard(fold_ascii(name))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = remember(0)
        assert remember(2_500) - before < 600_000
    finally:
        tracemalloc.stop()


async def test_a_file_in_parts_is_whole_or_thrown_away(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DANCU_DATA", str(tmp_path / "data"))
    path = tmp_path / "parts.csv"
    registry.file(path, 50, 30)
    content = path.read_bytes()
    run = await registry.submit(path)
    assert uploads.take(run, 0, content[:100], last=False) == (100, False)
    assert uploads.take(run, 0, content[:100], last=False) == (100, False)  # sent twice: passed over
    with pytest.raises(Conflict):
        uploads.take(run, 150, content[150:], last=True)
    assert uploads.take(run, 100, content[100:], last=True) == (len(content), True)
    assert uploads.file_of(run).read_bytes() == content
    uploads.forget(run)
    with pytest.raises(Invalid) as wrong:
        uploads.take(run, 0, b"something else", last=True)
    assert wrong.value.code == "reconcile.upload.digest" and uploads.received(run) == 0
    monkeypatch.setenv("DANCU_RECONCILE_MOST_BYTES", "1000")
    with pytest.raises(Invalid) as large:
        uploads.take(run, 900, b"x" * 200, last=False)
    assert large.value.code == "reconcile.upload.too_large"
    assert hashlib.sha256(content).digest() == run.digest


def test_the_command_writes_results_rejects_and_a_report(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer import Typer
    from typer.testing import CliRunner

    from dancu.audit import alongside
    from dancu.exchange.reconcile_commands import reconcile

    monkeypatch.setattr(alongside, "_STUCK", 0.2)  # nobody sequences here
    monkeypatch.setenv("DANCU_DATA", str(tmp_path / "data"))
    audit.make_signer(tmp_path / "data" / "keys")
    path, out = tmp_path / "lệnh.csv", tmp_path / "kết quả.csv"
    truth = registry.file(path, 80, 41)
    with path.open("a", encoding="utf-8") as file:
        file.write("81,1234567890,0001,1,,,,,,,\r\n")
    app = Typer()
    app.command()(reconcile)
    with environment(registry.database):
        done = CliRunner().invoke(app, [str(path), "--partner", ORG, "--out", str(out), "--case", "KH-1", "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        report = json.loads(done.stdout)
        again = json.loads(CliRunner().invoke(app, [str(path), "--partner", ORG, "--case", "KH-1", "--json"]).stdout)
        nobody = CliRunner().invoke(app, [str(path), "--partner", "không có"])
    assert report["rows"] == len(truth) + 1 and report["counts"]["rejected"] >= 1 and report["state"] == "done"
    lines = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [int(line["line"]) for line in lines] == [*sorted(truth), max(truth) + 1]
    assert Path(report["rejects_file"]).name == "lệnh.rejects.csv"
    assert again["run"] == report["run"] and len(Path(again["out"]).read_text().splitlines()) == report["rows"]
    assert isinstance(nobody.exception, DancuError) and nobody.exception.code == "exchange.partner.unknown"


async def test_a_run_of_nobody_is_not_there(registry: Registry, keys: KeyRing, tmp_path: Path) -> None:
    with pytest.raises(DancuError) as none:
        await work.work(registry.connect, keys, 10**9, tmp_path / "none.csv")
    assert none.value.code == "reconcile.run"


@pytest.mark.parametrize(
    ("declared", "known", "says"),
    [
        ("1950", (1950, None, None), {}), ("1950-03", (1950, 3, None), {}), ("1950-03-07", (1950, 3, 7), {}),
        ("1950", (1950, 3, None), {"birth": "close"}), ("1950-03-07", (1950, None, None), {"birth": "close"}), ("1951", (1950, None, None), {"birth": "no"}),
    ],
)  # fmt: skip
def test_a_date_known_as_far_as_the_other_knows_it_is_no_difference(declared: str, known: tuple[int, int | None, int | None], says: dict[str, str]) -> None:
    """As *verify* has it: of many old people both sides know the year alone."""
    born = PartialDate.from_iso(declared)
    candidate = Candidate(1, 1, "", *known, "", "", True, None, None, None, None, None, None, None, None)
    best = Scored(candidate, "same", compare_birth(born, False, *known), "same", "same", "", 0.0, 0.0, False)
    assert dict(differences(Declared(1, [], born=born), best)) == says
