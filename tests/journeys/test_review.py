"""A registrar's rows: what an import could not decide alone, decided at the desk, on a phone and on a screen."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dancu.demo.personas import DAUGHTER_NUMBER, HEAD_NUMBER, HUSBAND_NUMBER
from tests.journeys.conftest import POLICE, Enter, Site

pytestmark = pytest.mark.journey
REGISTRAR = "Cán bộ nhập dữ liệu"


@pytest.fixture(scope="module")
def imported(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A register whose rows contradict the registry, cannot be read, and name a person's number for another; its name."""
    rows = [
        {"Họ và tên": "Người Khác Hẳn", "Ngày sinh": "02/02/1944", "Số định danh": HEAD_NUMBER},
        {"Họ và tên": "Người Khác Nữa", "Ngày sinh": "03/03/1955", "Số định danh": HUSBAND_NUMBER},
        {"Họ và tên": "Lê Thị Chưa Rõ", "Ngày sinh": "45/13/1990", "Số định danh": ""},
        {"Họ và tên": "Không Là Ai", "Ngày sinh": "04/04/1966", "Số định danh": DAUGHTER_NUMBER},
    ]
    path: Path = tmp_path_factory.mktemp("so") / "so-journey.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["Họ và tên", "Ngày sinh", "Giới tính", "Số định danh", "Số điện thoại"])
        writer.writeheader()
        writer.writerows({**row, "Giới tính": "Nữ", "Số điện thoại": "0912345678"} for row in rows)
    command = ["import", "people", str(path), "--profile", "residence-register", "--data", str(site.data), "--json"]
    done = subprocess.run([sys.executable, "-m", "dancu", *command], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["needs_review"] == 4
    return path.name


@pytest.mark.parametrize(("width", "mine"), [(360, (2, 4)), (1366, (3, 5))])
def test_rows_are_decided(enter: Enter, imported: str, width: int, mine: tuple[int, int]) -> None:
    desk = enter(REGISTRAR, width=width).go("/desk/review").well()
    assert imported in desk.text
    first, second = mine

    def opened(line: int) -> None:
        desk.go("/desk/review")
        with desk.page.expect_navigation():
            desk.page.get_by_role("link", name=f"Dòng {line}", exact=True).click()
        desk.well()
        assert desk.title == f"Dòng {line} của tệp {imported}"

    opened(first)
    assert "Vì sao dòng này chờ" in desk.text
    if width == 360:
        assert desk.page.locator("tr.differs").count() > 0
        row = desk.page.url
        desk.press("Đúng là người này").well()
        assert "Đã bổ sung vào hồ sơ" in desk.text
        desk.page.goto(row)
        assert "Huỳnh Thị Kim Loan" in desk.text
        desk.well()
        opened(second)
        desk.page.get_by_label("Ngày sinh").fill("45/13/1991")
        desk.press("Thử lại với các ô này").well()
        assert "dòng vẫn cần người xem" in desk.text
        assert desk.page.get_by_label("Ngày sinh").input_value() == "45/13/1991"
        desk.page.get_by_label("Ngày sinh").fill("13/05/1991")
        desk.press("Thử lại với các ô này").well()
        assert "Đã đăng ký thành người mới" in desk.text
    else:
        desk.press("Đăng ký người mới").well()
        assert "Đã đăng ký thành người mới" in desk.text
        opened(second)
        with desk.page.expect_navigation():
            desk.page.get_by_role("button", name="Để sang một bên").click()
        desk.well()
        assert "từ 5 đến 500 ký tự" in desk.text
        desk.fill(reason="Sổ ghi nhầm người").press("Để sang một bên").well()
        desk.go("/desk/review?state=settled").well()
        assert re.search(r"Dòng 5 .*Đã để sang một bên", desk.text)


def test_the_desk_is_for_who_imports(enter: Enter, imported: str) -> None:
    police = enter(POLICE)
    assert "Dòng nhập chờ xem" not in police.page.inner_text("header")
    police.go("/desk/review")
    assert imported not in police.text
