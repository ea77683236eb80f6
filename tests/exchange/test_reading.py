"""Reading what ministries send: nothing they send breaks us, and what is not understood is named and kept out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.exchange.connectors import reading
from dancu.exchange.connectors.catalogue import connectors
from dancu.exchange.connectors.reading import Unreadable

LICENCE = connectors()["driving_licence"]
INSURANCE = connectors()["health_insurance"]
ANSWER: dict[str, Any] = {
    "data": {
        "chu_giay_phep": {"so_cccd": "049190012345", "ho_va_ten": "TRẦN THỊ HOÀ", "ngay_sinh": "1990", "gioi_tinh": "nu"},
        "giay_phep": [{"so": "49", "hang": "A1", "che_do": "cu", "ngay_cap": "31-02-2020", "den_ngay": "", "diem": "12", "tinh_trang": "99"}],
        "cap_nhat_luc": "22-11-2026",
    }
}


def test_partial_dates_unknown_codes_and_impossible_days() -> None:
    content = reading.content(LICENCE, [ANSWER])
    assert content.holder["birth"] == "1990"
    (row,) = content.parts["licences"]
    assert row == {"number": "49", "class": "A1", "regime": "regime_before_2025", "points": 12}
    assert content.unread == ("licences.issued", "licences.state")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"data": null}', b'{"data": {}}', b'{"data": {"giay_phep": "x"}}', b"\xff\xfe", b'{"data": []}',
     b'{"data": {"chu_giay_phep": {"so_cccd": "1"}, "giay_phep": ["x"]}}', b"[" * 100_000],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        reading.content(LICENCE, [reading.parse(body, "json")])


def test_xml_with_a_document_type_is_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><TheBHYT><MaKQ>&x;</MaKQ></TheBHYT>'
    with pytest.raises(Unreadable):
        reading.parse(bomb, "xml")
    with pytest.raises(Unreadable):
        reading.parse(b"<a>" * 100 + b"x" + b"</a>" * 100, "xml")


def test_numbers_as_people_write_them() -> None:
    land = connectors()["land"]
    answer = {"ketQua": {"nguoiSuDung": {"soGiayTo": "1"}, "thuaDat": [{"dienTich": "125,5"}, {"dienTich": "NaN"}, {"dienTich": "1e400"}]}}
    rows = reading.content(land, [answer]).parts["plots"]
    assert [row.get("area") for row in rows] == [125.5, None, None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "giay_phep", "chu_giay_phep", "so_cccd", "ngay_sinh", "so", "diem"]), inner, max_size=5),
    max_leaves=20,
)


@given(JSON)
def test_nothing_sent_breaks_the_reading(answer: Any) -> None:
    try:
        found = reading.content(LICENCE, [reading.parse(json.dumps(answer).encode(), "json")])
    except Unreadable:
        return
    assert all(isinstance(row, dict) for rows in found.parts.values() for row in rows)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parsing(body: bytes) -> None:
    for format in ("json", "xml"):
        try:
            reading.parse(body, format)
        except Unreadable:
            continue


def test_every_definition_says_whose_it_is_and_where_it_is_mended() -> None:
    from dancu.access.catalogue import LAWS, PURPOSES
    from dancu.demo.simulators.prefixes import PREFIXES

    for code, one in connectors().items():
        assert "number" in one.identity and one.desk_title and one.owner and one.parts, code
        assert one.purpose in PURPOSES and one.basis in LAWS, code
        assert code in PREFIXES
