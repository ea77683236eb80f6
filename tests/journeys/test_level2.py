"""One visit at the counter on two screens and with two officers; from the phone, a page that says where to go instead."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from dancu.demo.personas import HUSBAND_NUMBER
from tests.journeys.conftest import POLICE, REGISTRAR, Enter, Visitor

pytestmark = pytest.mark.journey
# As a keyboard-wedge reader types the card of the citizen.
CARD = f"{HUSBAND_NUMBER}|205098712|Nguyễn Văn Minh|03111987|Nam|Tổ 3, Khối phố Xuân Đông|18062021"


def picture(site: str, name: str, folder: Path) -> Path:
    """A picture of the demonstration's own making, as a camera would give it."""
    with urllib.request.urlopen(f"{site}/demo/samples/{name}") as answer:
        (folder / name.replace("/", "-")).write_bytes(answer.read())
    return folder / name.replace("/", "-")


def take(desk: Visitor, kind: str, image: Path) -> None:
    form = desk.page.locator(f"form:has(input[value={kind}])")
    form.locator("input[type=file]").set_input_files(image)
    with desk.page.expect_navigation():
        form.locator('button[type=submit]').click()


def test_a_visit_from_scan_to_second_officer(site: str, enter: Enter, tmp_path: Path) -> None:
    desk = enter(POLICE)
    desk.go("/desk/eid/counter").well()
    desk.page.keyboard.type(CARD)  # the cursor stands where the reader types
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    desk.well()
    assert "Nguyễn Văn Minh" in desk.text and "khớp" in desk.text and "Còn thiếu" in desk.text
    visit = desk.page.url

    take(desk, "portrait", picture(site, "thuy/face.jpg", tmp_path))
    desk.well()
    desk.fill(phone="0579000333")
    desk.page.check("[value=health_insurance]")
    desk.page.check("[name=card_wanted]")
    desk.press("Lưu vào tờ khai").well()

    screen = Visitor(desk.page.context.new_page(), site)  # turned to the citizen
    screen.page.goto(visit + "/form")
    screen.well()
    assert "Thẻ bảo hiểm y tế" in screen.text
    screen.press("Thông tin đúng, tôi đề nghị").well()
    assert "Cảm ơn" in screen.text

    desk.page.goto(visit)
    desk.press("Chuyển cán bộ thứ hai").well()
    assert "hai cán bộ khác nhau" in desk.text

    other = enter(REGISTRAR)
    other.go("/desk/eid/counter").well()
    assert "Chưa có ảnh lưu để so sánh" in other.text
    other.page.goto(visit)
    other.well().press("Duyệt mức 2").well()
    assert "Đã duyệt định danh mức 2" in other.text
    with urllib.request.urlopen(f"{site}/demo/outbox.json?to=0579000333") as answer:
        assert "mức 2" in answer.read().decode()


@pytest.mark.parametrize("width", [360, 1366])
def test_offices_kits_and_helpers_are_kept_on_any_screen(site: str, enter: Enter, width: int) -> None:
    desk = enter(POLICE, width=width)
    desk.go("/desk/eid/offices").well()
    desk.page.get_by_role("link", name="Công an").first.click()
    desk.well()
    desk.fill(helper=f"Chị Bông {width}").press("Thêm và lấy mã").well()
    code = desk.page.inner_text(".notice-title").split(": ")[1]
    desk.go("/desk/eid/doorstep").well()
    desk.go("/eid/helped").well().fill(code=code).press("Bắt đầu làm").well()
    assert "Đừng đọc cho ai" in desk.text
