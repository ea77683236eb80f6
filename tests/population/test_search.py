"""Finding people the way Vietnamese people ask: without diacritics, given name first, with a slip of the pen."""

from __future__ import annotations

import psycopg
import pytest

from dancu.kernel.actor import Purpose
from dancu.kernel.errors import Invalid
from dancu.population import service
from dancu.population.service.search import near, readings, understand

from .conftest import draft

CHECK = Purpose("identity_check", "26/2023/QH15")
PEOPLE = (
    ("Trần Thị Hoà", 1990), ("Trần Thị Hòa", 1990), ("Trần Thị Hoa", 1990), ("Nguyễn Văn Quý", 1985),
    ("Nguyễn Hoàng Anh", 1990), ("Y Thuỷ", 1972), ("Điểu", 1950), ("Trần Văn Hoàng", 1991),
)  # fmt: skip


@pytest.fixture
async def town(office, app, registry):  # type: ignore[no-untyped-def]
    for name, year in PEOPLE:
        await office(service.register, draft(name, year=year))
    return app


async def names_of(app, police, text, **more):  # type: ignore[no-untyped-def]
    return [hit.full_name for hit in await service.search(app, police, CHECK, text, **more)]


@pytest.mark.parametrize(
    ("text", "born", "first"),
    [
        ("Trần Thị Hoà", "1990", "Trần Thị Hoà"),
        ("tran thi hoa", "1990", None),
        ("hoa tran", "1990", None),
        ("Trần Thị Hòa", "12/04/1990", "Trần Thị Hoà"),
        ("nguyen van quy", "1985", "Nguyễn Văn Quý"),
        ("nguyen van qui", "1985", "Nguyễn Văn Quý"),
        ("Nguyen Van Quyy", "1985", "Nguyễn Văn Quý"),
        ("thuy y", "1972", "Y Thuỷ"),
        ("dieu", "1950", "Điểu"),
        ("Trần Văn Bá Hoàng", "1991", "Trần Văn Hoàng"),
    ],
)
async def test_it_finds(town, police, text, born, first):
    found = await names_of(town, police, text, born=born)
    assert found, text
    if first:
        assert found[0] in (first, first.replace("oà", "òa")), found


async def test_tones_written_as_asked_come_first(town, police):
    """hoà and hòa are one spelling; Hoa is another name."""
    found = await names_of(town, police, "Trần Thị Hòa", born="1990")
    assert set(found[:2]) == {"Trần Thị Hoà", "Trần Thị Hòa"} and found[2] == "Trần Thị Hoa"


async def test_by_name_and_place(town, police):
    assert "Nguyễn Văn Quý" in await names_of(town, police, "quý", place="phường Tam Kỳ, Đà Nẵng")
    assert await names_of(town, police, "quý", place="xã Trà My, Đà Nẵng") == []


@pytest.mark.parametrize("place", ["", "Đà Nẵng"])
async def test_too_broad_says_what_to_add(town, police, place):
    with pytest.raises(Invalid) as refused:
        await names_of(town, police, "Trần Thị Hoà", place=place)
    assert refused.value.code == "search.too_broad"
    assert "năm sinh" in refused.value.text()


async def test_every_person_shown_is_an_entry(town, police, registry):
    await town.commit()
    hits = await service.search(town, police, CHECK, "hoa", born="1990")
    await town.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await (
            await admin.execute(
                "SELECT subject FROM audit.pending WHERE action = 'search' AND subject IS NOT NULL"
                " ORDER BY entry_id DESC LIMIT %s",
                (len(hits),),
            )
        ).fetchall()
    assert {row[0] for row in rows} == {hit.person_key for hit in hits}


async def test_at_most_twenty(office, app, police):
    for n in range(25):
        await office(service.register, draft("Phạm Văn Tám", year=1966, day=1 + n))
    assert len(await names_of(app, police, "phạm văn tám", born="1966")) == 20


async def test_nobody_outside_the_area(town, police, officers, registry):
    await town.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE population.person_search SET areas = '{1}' WHERE name_ascii = 'nguyen van quy'")
    assert await names_of(town, police, "nguyen van quy", born="1985") == []
    # The one-stop officer serves whoever comes, from anywhere.
    assert await names_of(town, officers["one_stop_officer"], "nguyen van quy", born="1985")


async def test_the_index_serves_the_terms(admin):
    await admin.execute("SET enable_seqscan = off")
    rows = await (
        await admin.execute(
            "EXPLAIN SELECT * FROM population.person_search s WHERE s.terms && '{1990:hoa}'::text[]"
            " AND s.terms && '{1990:tran,1990:tram}'::text[]"
        )
    ).fetchall()
    assert any("person_search_terms" in row[0] for row in rows)


async def test_hundreds_of_terms_do_not_read_the_whole_table(admin):
    row = await (await admin.execute("SELECT proconfig FROM pg_proc WHERE oid = 'population.search'::regproc")).fetchone()
    assert "enable_seqscan=off" in row[0]


def test_one_letter_away():
    assert {"hoa", "hao", "hoan", "ho", "hoe"} <= set(near("hoa"))
    assert near("an") == ("an",)


def test_readings_narrow_first():
    query = understand("Trần Thị Hoà", "1990")
    first, second, *rest = readings(query)
    assert first == (("1990:tran",), ("1990:thi",), ("1990:hoa",))
    assert len(second) == 3
    assert {"1990:tran", "1990:tram", "1990:trang"} <= set(second[0])
    assert len(second[0]) < 60
    assert [len(groups) for groups in rest] == [2, 2, 2, 3]
    assert len(rest[-1][0]) > 200
