"""A citizen's own record as a file to read and print: Vietnamese letters, long names, many pages, nothing torn."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zlib

import pytest

from dancu.kernel.errors import Exceeded, Unavailable
from dancu.kit import pdf
from dancu.population.service.record_pdf import draw

NAME = "Công Tằng Tôn Nữ Thị Nguyễn Phước Bảo Khuyên"


def record(lines: int = 3, note: str = "Sổ đăng ký khai sinh 01/1990") -> dict[str, object]:
    facts = [["Họ và tên", NAME, note], ["Nơi thường trú", "Tổ 3, Khối phố Xuân Đông, Phường Trường Xuân, Thành phố Tam Kỳ, Tỉnh Quảng Nam", note]]
    facts += [[f"Mục {n}", "Đường Trần Hưng Đạo, số nhà " + "rất dài " * 12, note] for n in range(lines)]
    return {"mark": "Bản trình diễn", "title": "Hồ sơ của tôi", "lead": "Những gì ghi về bạn.", "foot": "Bản sao dữ liệu của tôi", "lang": "vi-VN", "sections": [["Nhân thân", facts]]}


def letters(file: bytes) -> set[str]:
    """Characters the fonts of the file say their glyphs are."""
    found: set[str] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", file, re.DOTALL):
        try:
            plain = zlib.decompress(stream)
        except zlib.error:
            plain = stream
        if b"beginbf" in plain:
            found |= {chr(int(code, 16)) for code in re.findall(rb"<[0-9A-Fa-f]{4}>\s*<([0-9A-Fa-f]{4})>", plain)}
    return found


def test_every_letter_of_a_name_is_in_the_file() -> None:
    known = letters(draw(record()))
    assert known >= set(NAME.replace(" ", "")) and {"ằ", "ữ", "ễ", "Đ", "ổ"} <= known


def test_long_records_take_more_pages_and_none_is_empty() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    short, long = (int(PdfFileReader(io.BytesIO(draw(record(lines)))).root["/Pages"]["/Count"]) for lines in (3, 60))
    assert short == 1 and 4 <= long <= 8


@pytest.mark.asyncio
async def test_the_child_draws_it() -> None:
    assert (await pdf.made("dancu.population.service.record_pdf", record(), of=1)).startswith(b"%PDF-")


@pytest.mark.asyncio
async def test_what_cannot_be_drawn_is_said_so() -> None:
    with pytest.raises(Unavailable) as failed:
        await pdf.made("dancu.population.service.record_pdf", {"title": "x"}, of=1)
    assert failed.value.code == "pdf.failed"


def test_text_longer_than_a_page_goes_on_on_the_next_ones_and_words_without_spaces_are_broken() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    said = record(0)
    said["sections"] = [["Nhân thân", [["a" * 9000, "b" * 9000, "c" * 4000], ["Sau đó", "một dòng", ""]]]]
    pages = int(PdfFileReader(io.BytesIO(draw(said))).root["/Pages"]["/Count"])
    assert 8 <= pages <= 20


@pytest.mark.asyncio
async def test_one_asker_with_many_files_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are drawn at once; whoever comes second has the next turn, however many the first still waits for, and nobody takes all places."""
    drawn, go_on = list[str](), asyncio.Semaphore(0)

    async def by_child(module: str, message: bytes) -> bytes:
        drawn.append(json.loads(message)["of"])
        await go_on.acquire()
        return b"%PDF-"

    def ask(of: str) -> asyncio.Task[bytes]:
        return asyncio.create_task(pdf.made("x", {"of": of}, of=of))

    async def others() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    monkeypatch.setattr(pdf, "_by_child", by_child)
    greedy = [ask("greedy") for _ in range(5)]
    await others()
    assert drawn == ["greedy"] * 2
    with pytest.raises(Exceeded, match=r"pdf\.busy"):
        await greedy.pop()
    left, other = ask("left"), ask("other")
    await others()
    left.cancel()  # somebody closed the page: their place is nobody's
    for _ in range(2):
        go_on.release()
        await others()
    assert drawn == ["greedy", "greedy", "greedy", "other"]
    for _ in range(3):
        go_on.release()
    await asyncio.gather(*greedy, other)
    # Every place is free again.
    files = [ask(f"person {n}") for n in range(20)]
    await others()
    late = ask("late")
    with pytest.raises(Exceeded, match=r"pdf\.busy"):
        await late
    for _ in files:
        go_on.release()
    assert await asyncio.gather(*files) == [b"%PDF-"] * 20
