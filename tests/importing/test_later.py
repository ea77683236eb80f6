"""A parent whose row comes in a later chunk or file than the child's is linked by number at night."""

from __future__ import annotations

import csv
from pathlib import Path

from dancu.kernel.actor import Document, Purpose
from dancu.population import models as m
from dancu.population.importing.later import Linked, link_parents
from tests.importing.conftest import Registry
from tests.importing.test_run import HOA, person

HEADER = ["Số hộ", "Số định danh", "Họ và tên", "Ngày sinh", "Giới tính", "Quê quán", "Nơi thường trú", "Ngày đăng ký thường trú",
          "Quan hệ với chủ hộ", "Họ tên mẹ", "Số định danh mẹ", "Họ tên cha", "Số định danh cha"]  # fmt: skip
MOTHER, FATHER = "049190012345", "049088000016"


def row(n: int, number: str, name: str, born: str, sex: str, **parents: str) -> dict[str, str]:
    return {
        "Số hộ": f"H{n}", "Số định danh": number, "Họ và tên": name, "Ngày sinh": born, "Giới tính": sex,
        "Quê quán": HOA["Quê quán"], "Nơi thường trú": HOA["Địa chỉ thường trú"], "Ngày đăng ký thường trú": "01/06/2016",
        "Quan hệ với chủ hộ": "chủ hộ", **{word.replace("_", " "): said for word, said in parents.items()},
    }  # fmt: skip


HOA_ROW = row(90, MOTHER, "Trần Thị Hoà", "12/04/1990", "Nữ")
BINH_ROW = row(91, FATHER, "Lê Văn Bình", "03/05/1988", "Nam")
CHILD = row(1, "049215000019", "Lê Văn Con", "01/02/2015", "Nam", Họ_tên_mẹ="TRAN THI HOA", Số_định_danh_mẹ=MOTHER, Họ_tên_cha="Lê Văn Bình", Số_định_danh_cha=FATHER)
STRANGER = row(2, "049215000020", "Lê Văn Hai", "01/02/2015", "Nam", Họ_tên_mẹ="Nguyễn Thị Khác", Số_định_danh_mẹ=MOTHER)
OLDER = row(3, "049080000021", "Lê Văn Già", "01/02/1980", "Nam", Họ_tên_mẹ="Trần Thị Hoà", Số_định_danh_mẹ=MOTHER)


def book(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


async def night(registry: Registry) -> Linked:
    async with await registry.connect("worker") as conn:
        return await link_parents(conn, at_once=2)


async def test_linked_by_number_where_name_and_age_fit_and_once(registry: Registry, tmp_path: Path) -> None:
    await registry.run(book(tmp_path / "a.csv", CHILD, STRANGER, OLDER, BINH_ROW, HOA_ROW), "residence-register", chunk=1)
    child = await person(registry, CHILD["Số định danh"])
    assert [k.relative_key for k in child.kin] == [None, None], "their rows came later"
    assert await night(registry) == Linked(4, 2)
    child, mother, father = [await person(registry, n) for n in (CHILD["Số định danh"], MOTHER, FATHER)]
    assert {(k.relation, k.relative_key, k.source.kind) for k in child.kin} == {
        (m.KinRelation.MOTHER, mother.person_key, "residence_register"), (m.KinRelation.FATHER, father.person_key, "residence_register"),
    }  # fmt: skip
    assert child.relatives(m.KinRelation.MOTHER)[0].relative_name.upper() == "TRAN THI HOA", "said as it was said"
    for parent in (mother, father):
        ((one,)) = parent.relatives(m.KinRelation.CHILD)
        assert (one.relative_key, one.relative_number) == (child.person_key, CHILD["Số định danh"])
    for other in (STRANGER, OLDER):
        assert [k.relative_key for k in (await person(registry, other["Số định danh"])).kin] == [None]
    written = await registry.rows("SELECT subject, note->>'verb', actor_kind, purpose FROM audit.pending WHERE note->>'verb' = 'link_parent'")
    assert sorted(written) == sorted([(p.person_key, "link_parent", "system", "import") for p in (child, child, mother, father)])
    before = await registry.snapshot()
    assert await night(registry) == Linked(2, 0), "again: nothing to do"
    assert await registry.snapshot() == before


async def test_an_officer_takes_it_back_and_the_night_leaves_it(registry: Registry, tmp_path: Path) -> None:
    from dancu.population.service import family
    from dancu.population.service.act import Act
    from dancu.population.service.apply import apply

    await registry.run(book(tmp_path / "a.csv", CHILD, BINH_ROW, HOA_ROW), "residence-register", chunk=1)
    await night(registry)
    child, mother = await person(registry, CHILD["Số định danh"]), await person(registry, MOTHER)
    async with await registry.connect("admin") as conn, conn.transaction():
        from dancu.kernel.actor import SYSTEM
        from dancu.population.policy import kinship

        act = Act(conn, SYSTEM, Purpose("civil_status", "60/2014/QH13"), Document("decision", "1"), "set_parent", family.KINSHIP, preview=False)
        act.opened |= {child.person_key: "ok", mother.person_key: "ok"}
        work = await act.take(child.person_key)
        kinship.set_parent(work, child.person_key, m.KinRelation.MOTHER, None, set())
        await apply(act, work)
    assert (await person(registry, MOTHER)).relatives(m.KinRelation.CHILD) == ()
    assert (await night(registry)).linked == 0
    assert (await person(registry, CHILD["Số định danh"])).relatives(m.KinRelation.MOTHER) == ()
