"""An officer's day: finding, reading, what was when, who looked."""

from __future__ import annotations

import re

import pytest

from dancu.demo.personas import DAUGHTER_NUMBER, HEAD_NUMBER, HUSBAND_NUMBER
from tests.journeys.conftest import CITIZEN, CLERK, COUNTER, POLICE, Enter

pytestmark = pytest.mark.journey


def test_finds_by_name_without_marks_and_reads_the_record(enter: Enter) -> None:
    desk = enter(POLICE)
    assert desk.page.evaluate("document.activeElement.id") == "f-q"
    desk.page.keyboard.press("/")
    assert desk.page.input_value("#f-q") == ""
    desk.fill(q="tran thi hoa", born="1990").press("Tìm").well()
    assert "Tìm thấy" in desk.text
    desk.page.keyboard.press("j")
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")
    desk.well()
    assert re.search("Tr[aầ]n Thị Ho", desk.title)

    desk.find(HEAD_NUMBER)
    assert HEAD_NUMBER not in desk.page.url
    record = desk.page.url
    for path in ("/history", "/looks", "/print"):
        desk.page.goto(record + path)
        desk.well()
    desk.page.goto(record)
    desk.page.get_by_text("Xem hồ sơ ở một thời điểm khác").click()
    desk.fill(as_of="1/1/2010").press("Xem lại thời điểm này").well()
    assert "Bạn đang xem hồ sơ ở một thời điểm khác" in desk.text
    assert "Thường trú" not in desk.text
    assert "Đăng ký thay đổi" not in desk.text
    desk.fill(as_of="ngày kia").press("Xem lại thời điểm này").well()
    assert "Có mục cần sửa" in desk.text


def test_every_page_of_the_clerk_is_well_formed(enter: Enter) -> None:
    desk = enter(CLERK)
    desk.find(HUSBAND_NUMBER)
    assert desk.title == "Nguyễn Văn Minh"
    links = desk.page.eval_on_selector_all(".actions-nav a", "all => all.map(a => a.getAttribute('href'))")
    codes = {link.rsplit("/", 1)[1] for link in links}
    assert {"divorce", "annul-marriage", "set-parent", "set-representative", "die", "declare-missing"} <= codes
    assert not {"marry", "undo-death", "move"} & codes
    for path in links:
        desk.go(path).well()


def test_speaks_english(enter: Enter) -> None:
    desk = enter(POLICE)
    desk.find(HEAD_NUMBER)
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name="English").click()
    desk.well()
    assert "Permanent residence" in desk.text
    assert "Register permanent residence" in desk.text
    desk.act("move")
    assert desk.title == "Register permanent residence"
    desk.well()


def test_who_looked_lists_every_look(enter: Enter) -> None:
    desk = enter(COUNTER)
    desk.find(DAUGHTER_NUMBER)
    record = desk.page.url
    for _ in range(20):  # the sequencer works by the second
        desk.page.goto(record + "/looks")
        if "Trung tâm Phục vụ hành chính công" in desk.text:
            break
        desk.page.wait_for_timeout(500)
    desk.well()
    assert "Trung tâm Phục vụ hành chính công" in desk.text
    numbers = [int(text.split()[-1]) for text in desk.page.locator(".look-seq").all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert numbers == list(range(numbers[0], 0, -1))


def test_counter_changes_nothing(enter: Enter) -> None:
    desk = enter(COUNTER)
    desk.find(HEAD_NUMBER)
    assert "Đăng ký thay đổi" not in desk.text
    assert desk.page.goto(desk.page.url + "/do/move").status == 403  # type: ignore[union-attr]
    desk.well()


def test_citizen_reports_and_is_answered(enter: Enter) -> None:
    citizen = enter(CITIZEN, width=360)
    citizen.go("/me").well()
    with citizen.page.expect_navigation():
        citizen.page.locator("a[href*='field=origin_unit']").click()
    citizen.well()
    citizen.fill(statement="Quê quán đúng là xã Tiên Phước; giấy khai sinh số 12/1990 có ghi.").press("Gửi phản ánh").well()
    assert "Chờ cơ quan trả lời" in citizen.text

    desk = enter(POLICE)
    desk.go("/desk/cases").well()
    with desk.page.expect_navigation():
        desk.page.locator("table a").first.click()
    desk.well()
    assert "Tiên Phước" in desk.text
    desk.page.check("input[name=state][value=accepted]")
    desk.fill(answer="Đã đối chiếu sổ gốc, sẽ sửa trong tuần này.").press("Gửi trả lời").well()

    citizen.go("/me/cases").well()
    assert "sẽ sửa trong tuần này" in citizen.text
