"""A licence that will not integrate: the citizen sees why, the ministry's desk mends its own record, and the licence integrates by
itself; shown to an officer it lives a minute and is checked once. All against ministries that run as processes of their own."""

from __future__ import annotations

import json
import re
import time
import urllib.request

import pytest

from dancu.demo.personas import HEAD_NUMBER
from tests.journeys.conftest import CITIZEN, COUNTER, Enter, Site, Visitor

pytestmark = pytest.mark.journey
TRAFFIC, HOSPITAL = "Cán bộ quản lý giấy phép lái xe", "Bàn tiếp đón bệnh viện"


def _ministry(site: Site, code: str) -> str:
    """The address of the simulators, for a ministry's own clerk."""
    lines = (site.data / "simulators" / "connectors.yaml").read_text()
    found = re.search(rf"^{code}: {{address: '(http://127\.0\.0\.1:\d+)/", lines, re.M)
    assert found
    return found[1]


def _post(url: str, body: object) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    urllib.request.urlopen(request).close()


def _until(visitor: Visitor, path: str, text: str, seconds: float = 40) -> Visitor:
    deadline = time.monotonic() + seconds
    while text not in visitor.go(path).text:
        assert time.monotonic() < deadline, visitor.text
        time.sleep(0.5)
    return visitor


def test_a_contradicted_licence_is_corrected_by_its_own_desk_and_integrates(site: Site, enter: Enter) -> None:
    citizen = enter(CITIZEN, width=360)
    citizen.go("/account/wallet").well()
    with citizen.page.expect_navigation():
        citizen.page.locator('form[action$="/driving_licence/integrate"] button').click()
    citizen.well()
    assert "Chưa tích hợp được" in citizen.text and "ghi khác dữ liệu dân cư ở: ngày sinh" in citizen.text
    with citizen.page.expect_navigation():
        citizen.page.get_by_role("link", name="Xem chỗ khác và đề nghị sửa").click()
    citizen.well()
    assert "12/04/1990" in citizen.text and "04/12/1990" in citizen.text
    citizen.fill(statement="Tôi sinh ngày 12/04/1990, giấy phép ghi ngược ngày và tháng.").press("Đề nghị Phòng Cảnh sát giao thông sửa")
    citizen.well()
    assert "Bạn đã gửi đề nghị sửa" in citizen.text
    _until(citizen, "/me/cases", "Giấy phép lái xe").well()
    assert "giấy phép ghi ngược ngày và tháng" in citizen.text and re.search(r"\d\d/\d\d/2026", citizen.text)

    desk = enter(TRAFFIC)
    _until(desk, "/desk/cases", "Giấy phép lái xe")
    with desk.page.expect_navigation():
        desk.page.locator("main table a").first.click()
    desk.well()
    assert "giấy phép ghi ngược ngày và tháng" in desk.text and "hạn trả lời" in desk.text
    case = desk.page.url
    with desk.page.expect_navigation():
        desk.page.get_by_role("link", name="Xem dữ liệu của ngành bên cạnh dữ liệu dân cư").click()
    desk.well()
    assert "04/12/1990" in desk.text and "khác" in desk.text and "Bảo hiểm" not in desk.text
    _post(f"{_ministry(site, 'driving_licence')}/admin/driving_licence/record/{HEAD_NUMBER}/mend", {"chu_giay_phep.ngay_sinh": "12-04-1990"})
    desk.page.goto(case)
    desk.page.get_by_label("Đã sửa", exact=True).check()
    desk.fill(answer="Đã sửa ngày sinh trên hệ thống giấy phép lái xe.").press("Gửi trả lời")

    _until(citizen, "/account/wallet", "Còn giá trị").well()
    assert "Hạng theo quy định trước 01/01/2025" in citizen.text
    citizen.go("/me/cases")
    assert "Đã sửa ngày sinh trên hệ thống giấy phép lái xe." in citizen.text


def test_shown_for_a_minute_and_checked_once(site: Site, enter: Enter) -> None:
    citizen, officer = enter(CITIZEN, width=360), enter(HOSPITAL)
    citizen.go("/account/wallet")
    if citizen.page.locator('form[action$="/health_insurance/integrate"]').count():
        with citizen.page.expect_navigation():
            citizen.page.locator('form[action$="/health_insurance/integrate"] button').click()
    with citizen.page.expect_navigation():
        citizen.page.locator("section", has=citizen.page.get_by_role("heading", name="Thẻ bảo hiểm y tế")).locator('form[action$="/show"] button').click()
    citizen.well()
    digits = citizen.page.locator(".screen-digits strong").inner_text()
    assert "Còn giá trị" in citizen.text

    officer.go("/desk/check-document").fill(code=digits)
    officer.page.select_option("[name=purpose]", "health_insurance")
    officer.press("Kiểm tra").well()
    assert "Trần Thị Hoà" in officer.text and "12/04/1990" in officer.text and "Còn giá trị" in officer.text
    assert "với người đang đứng trước bạn" in officer.text  # a picture sent on within the minute is somebody else's
    officer.fill(code=digits)
    officer.press("Kiểm tra").well()
    assert "Mã này đã được kiểm tra rồi" in officer.text and "Trần Thị Hoà" not in officer.text
    # The citizen reads who checked.
    _until(citizen, "/me/looks", "giấy tờ tích hợp").well()


def test_what_ministries_hold_with_one_of_them_down(site: Site, enter: Enter) -> None:
    _post(f"{_ministry(site, 'land')}/admin/land/faults", ["down"])
    try:
        citizen = enter(CITIZEN, width=360)
        citizen.go("/account/papers")
        citizen.page.wait_for_selector("#paper-social_insurance:not([data-due])")
        citizen.page.wait_for_selector("#paper-land:not([data-due])")
        citizen.well()
        assert "Bảo hiểm xã hội Việt Nam · nhận vừa xong" in citizen.text
        # An answer another journey left behind is still fresh: asked again, the ministry does not answer.
        citizen.go("/account/papers/land?again=1")
        assert "Hệ thống của cơ quan này tạm thời không trả lời" in citizen.page.inner_text("main")
        citizen.go("/account/papers/social_insurance/wrong")
        citizen.page.select_option("[name=field]", "periods.")
        citizen.fill(statement="Thiếu tháng 05/2019: tôi vẫn làm ở công ty may.").press("Gửi phản ánh")
        citizen.well()
        _until(citizen, "/me/cases", "Thiếu tháng 05/2019")
        plain = enter(CITIZEN, width=360, scripts=False)
        plain.go("/account/papers/electricity").page.get_by_text("Hợp đồng mua bán điện").first.wait_for()
    finally:
        _post(f"{_ministry(site, 'land')}/admin/land/faults", [])


def test_health_data_open_for_a_desk_by_consent_alone(site: Site, enter: Enter) -> None:
    citizen, desk = enter(CITIZEN), enter(HOSPITAL)
    desk.go("/desk/papers").fill(number=HEAD_NUMBER)
    desk.page.select_option("[name=purpose]", "health_insurance")
    desk.press("Xem").well()
    shelf = desk.page.url
    examinations = desk.page.locator('a[href*="/medical_examination?"]')
    with desk.page.expect_navigation():
        examinations.click()
    assert "chỉ mở được khi người bệnh đã đồng ý" in desk.text
    citizen.go("/account/papers").press("Đồng ý cho xem 30 ngày").well()
    desk.page.goto(shelf)
    with desk.page.expect_navigation():
        examinations.click()
    desk.well()
    assert "Kết luận" in desk.text
    citizen.go("/account/papers").press("Rút lại")
    desk.page.goto(shelf)
    with desk.page.expect_navigation():
        examinations.click()
    assert "chỉ mở được khi người bệnh đã đồng ý" in desk.text


def test_a_counter_sees_what_its_purpose_is_about(enter: Enter) -> None:
    counter = enter(COUNTER)
    counter.go("/desk/papers").fill(number=HEAD_NUMBER)
    counter.page.select_option("[name=purpose]", "public_service")
    counter.press("Xem").well()
    assert "Bảo hiểm y tế" in counter.text and "Khám sức khỏe" not in counter.text
