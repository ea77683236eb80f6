"""A suspicious officer caught: many records in a few minutes, an alert with its entries, a decision, the citizen's own question."""

from __future__ import annotations

import time

import pytest

from dancu.demo.personas import HEAD_NUMBER
from tests.journeys.conftest import AUDITOR, CITIZEN, COUNTER, Enter

pytestmark = pytest.mark.journey


def test_a_suspicious_officer_is_caught(enter: Enter, site) -> None:
    desk = enter(COUNTER)
    desk.find(HEAD_NUMBER)
    desk.go("/desk")
    token = desk.page.locator("input[name=csrf_token]").first.input_value()
    # Read, not drawn: the log sees the same, and the browser need not lay out eighty records.
    opened = 0
    for n in range(80):
        answer = desk.page.request.post(f"{site}/desk", form={"csrf_token": token, "q": site.resident(n)})
        if answer.status == 429:  # faster than a session may be
            time.sleep(float(answer.headers["retry-after"]))
            answer = desk.page.request.post(f"{site}/desk", form={"csrf_token": token, "q": site.resident(n)})
        opened += answer.status == 200
    assert opened >= 60, (opened, desk.page.url, desk.title)
    watch = enter(AUDITOR)
    deadline = time.monotonic() + 30
    while True:
        watch.page.goto(f"{site}/watch/alerts")
        if "Mở dồn dập" in watch.text:
            break
        assert time.monotonic() < deadline, "the worker looks through the log all the time"
        time.sleep(0.5)
    watch.well()
    watch.page.get_by_role("link", name="Mở dồn dập").first.click()
    watch.well()
    assert "Các mục nhật ký" in watch.text and watch.page.locator("p.codes code").count() == 50
    watch.press("Ghi kết luận").well()
    assert "Hãy chọn một kết luận" in watch.text
    watch.page.get_by_label("Có lý do chính đáng, mở lại quyền xem").check()
    watch.fill(reason="Đợt rà soát hồ sơ theo kế hoạch số 12/KH-UBND, đã hỏi lãnh đạo.").press("Ghi kết luận").well()
    assert "Đã ghi kết luận" in watch.text


def test_a_citizen_asks_why(enter: Enter, site) -> None:
    desk = enter(COUNTER)
    me = enter(CITIZEN)
    desk.find(HEAD_NUMBER)
    deadline = time.monotonic() + 20
    while True:
        me.page.goto(f"{site}/me/looks")
        if me.page.get_by_role("button", name="Hỏi vì sao").count():
            break
        assert time.monotonic() < deadline
        time.sleep(0.5)
    me.well()
    me.page.get_by_role("button", name="Hỏi vì sao").first.click()
    me.well()
    assert "Đã gửi tới cơ quan" in me.text
    deadline = time.monotonic() + 20
    while "Một lượt xem dữ liệu" not in me.text:
        assert time.monotonic() < deadline
        time.sleep(0.5)
        me.page.goto(f"{site}/me/cases")
    me.well()
