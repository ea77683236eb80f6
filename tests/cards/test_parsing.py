"""Text of cards: what is written is read back; what readers make of it is accepted and named; nothing else is raised."""

from __future__ import annotations

import contextlib
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.cards.models import FEMALE, MALE, Reading, TextKind
from dancu.cards.parsing import read_mrz, read_qr, read_text, write_mrz, write_qr
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Invalid
from dancu.kernel.numbers import PersonalId
from dancu.kernel.text import fold_ascii

QR = "049190012345|205123456|Trần Thị Hoà|12041990|Nữ|Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam|05042022"
MRZ = "IDVNM1900123457049190012345<<8\n9004126F3004124VNM<<<<<<<<<<<0\nTRAN<<THI<HOA<<<<<<<<<<<<<<<<<"


def test_the_handbooks_qr_example():
    read = read_text(QR)
    assert read.kind is TextKind.QR
    assert (read.number, read.old_number, read.name) == ("049190012345", "205123456", "Trần Thị Hoà")
    assert (read.birth, read.sex, read.issued_on) == (PartialDate(1990, 4, 12), FEMALE, date(2022, 4, 5))
    assert read.address == "Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam"
    assert (read.degraded, read.extras, read.findings) == ((), (), ())
    assert read_text(QR.replace("205123456", "")).old_number == ""


def test_the_handbooks_mrz_example():
    read = read_text(MRZ)
    assert read.kind is TextKind.MRZ
    assert (read.number, read.name, read.birth, read.sex) == ("049190012345", "TRAN THI HOA", PartialDate(1990, 4, 12), FEMALE)
    assert read.expires_on == date(2030, 4, 12)
    assert (read.degraded, read.findings) == ((), ())
    assert write_mrz(read) == MRZ


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (QR.replace("205123456|", ""), "fields"),
        (QR.replace("12041990", "12/04/1990").replace("05042022", "05/04/2022"), "dates"),
        (unicodedata.normalize("NFD", QR), "nfc"),
        (QR.replace("Đông", "Ðông"), "eth"),
        (QR.encode().decode("latin-1"), "mojibake"),
        (QR.replace("|", "¦"), "separators"),
        ("".join(c if c.isascii() else "?" for c in QR), "letters"),
    ],
)
def test_what_readers_make_of_it_is_read_and_named(text, why):
    read = read_text(f"{text}\r\n")
    assert why in read.degraded
    assert (read.number, read.birth, read.sex, read.issued_on) == (
        "049190012345", PartialDate(1990, 4, 12), FEMALE, date(2022, 4, 5),
    )  # fmt: skip
    if why != "letters":
        assert (read.name, read.address) == ("Trần Thị Hoà", "Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam")
        assert read.declared()["name"] == "Trần Thị Hoà"
    else:
        assert "name" not in read.declared()


def test_further_fields_of_newer_cards_stay_raw():
    read = read_text(QR + "||Trần Văn A|Lê Thị B|")
    assert read.extras == ("", "Trần Văn A", "Lê Thị B", "")
    assert [finding.code for finding in read.findings] == ["card.extra_fields"]
    # A field more before the name does not shift what follows.
    moved = read_text(QR.replace("205123456|", "205123456|049190000000|"))
    assert (moved.name, moved.extras) == ("Trần Thị Hoà", ("049190000000",))


@pytest.mark.parametrize(
    "text",
    [
        MRZ.replace("\n", ""),
        MRZ.replace("\n", "\r\n") + "\r\n",
        MRZ.lower(),
        "\n".join(MRZ.replace("\n", "")[i : i + 10] for i in range(0, 90, 10)),
        "\n".join(line.rstrip("<") for line in MRZ.split("\n")),
        MRZ.replace("\n", "").rstrip("<"),
        "]Q1" + MRZ,
    ],
)
def test_lines_glued_split_or_cut_are_read(text):
    read = read_text(text)
    assert (read.number, read.name, read.degraded) == ("049190012345", "TRAN THI HOA", ())


def test_letters_for_digits_are_put_right_by_their_place():
    misread = MRZ.replace("0", "O").replace("IDVNM1", "1DVNMI")
    read = read_text(misread)
    assert (read.number, read.degraded) == ("049190012345", ("repaired",))


@pytest.mark.parametrize("at", [5, 14, 15, 26, 29, 31, 37, 39, 45, 60])
def test_each_check_digit_is_checked(at):
    assert MRZ[at].isdigit()
    wrong = MRZ[:at] + str((int(MRZ[at]) + 1) % 10) + MRZ[at + 1 :]
    with pytest.raises(Invalid) as refused:
        read_mrz(wrong)
    assert refused.value.code == "card.mrz.check"


def test_a_number_alone_and_things_that_are_no_card():
    assert read_text(" 049 190 012 345 ").kind is TextKind.NUMBER
    for text, code in (
        ("", "card.text.empty"),
        ("https://example.vn/x", "card.text.unknown"),
        ("a|b|c|d", "card.qr.fields"),
        ("x" * 3000, "card.text.long"),
        ("IDVNM<<<", "card.mrz.length"),
        (MRZ.replace("VNM", "LAO"), "card.mrz.country"),
        (QR.replace("049190012345", "04919001234"), "person.number.length"),
    ):
        with pytest.raises(Invalid) as refused:
            read_text(text)
        assert refused.value.code == code
        assert refused.value.text()


def test_the_sex_that_the_number_contradicts_is_a_finding():
    assert "person.number.sex" in [finding.code for finding in read_text(QR.replace("Nữ", "Nam")).findings]


words = st.sampled_from(["Trần", "Nguyễn", "Thị", "Hoà", "Đỗ", "Y", "H'Hen", "Ưng", "Ý", "Phương", "Điểu"])
births = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@st.composite
def cards(draw: st.DrawFn) -> Reading:
    born = draw(births)
    sex = draw(st.sampled_from([MALE, FEMALE]))
    place = draw(st.from_regex(r"[0-9]{3}", fullmatch=True))
    number = PersonalId.compose(place, sex, born.year, draw(st.integers(0, 999_999))).value
    return Reading(
        TextKind.QR, number, draw(st.one_of(st.just(""), st.from_regex(r"[0-9]{9}", fullmatch=True))),
        " ".join(draw(st.lists(words, min_size=1, max_size=4))), PartialDate.of(born), sex,
        draw(st.sampled_from(["", "Số 1 Phan Châu Trinh, Tam Kỳ", "Thôn Đông, xã Trà Kót"])),
        draw(st.dates(date(2016, 1, 1), date(2060, 1, 1))), draw(st.one_of(st.none(), st.dates(date(2016, 1, 1), date(2098, 1, 1)))),
    )  # fmt: skip


@settings(deadline=None)
@given(cards())
def test_every_card_written_is_read_back(card):
    read = read_text(write_qr(card))
    for field in ("number", "old_number", "name", "birth", "sex", "address", "issued_on", "degraded", "findings"):
        assert getattr(read, field) == getattr(card, field), field
    lines = read_text(write_mrz(card))
    for field in ("number", "birth", "sex", "expires_on", "degraded"):
        assert getattr(lines, field) == getattr(card, field), field
    if lines.name_reliable:
        assert lines.name.split() == fold_ascii(card.name).upper().replace("'", " ").split()


@settings(deadline=None)
@given(st.one_of(st.text(max_size=300), st.text(alphabet="ID<VNM0123456789|O\n NamữF", max_size=120)))
def test_no_text_raises_anything_but_invalid(text):
    for read in (read_text, read_qr, read_mrz):
        with contextlib.suppress(Invalid):
            read(text)


@settings(deadline=None)
@given(cards(), st.data())
def test_no_damage_raises_anything_but_invalid(card, data):
    text = data.draw(st.sampled_from([write_qr(card), write_mrz(card)]))
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.sampled_from(["", "|", "<", "\n", "?", "é", "0", "\x00"])) + text[at + 1 :]
    with contextlib.suppress(Invalid):
        read_text(damaged)
