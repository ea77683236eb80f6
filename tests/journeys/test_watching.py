"""Who is on duty, a partner's engineer and a citizen at their pages: sources, levels, the map; news and reconciling; the own record."""

from __future__ import annotations

import json
import zipfile

import pytest

from tests.journeys.conftest import CITIZEN, Enter

pytestmark = pytest.mark.journey
DUTY, ENGINEER = "Trực ban trung tâm điều hành", "Kỹ sư tích hợp"
PLACES = ("/watch/exchange/traffic?wall=1", "/watch/exchange/report", "/watch/exchange/service-levels/targets", "/watch/exchange/service-levels", "/watch/exchange/sources")


@pytest.mark.parametrize("width", [360, 1366])
def test_the_duty_officer_sees_levels_provinces_and_sources(enter: Enter, width: int) -> None:
    duty = enter(DUTY, width=width)
    for place in PLACES:
        duty.go(place).well()
    assert "Bảo hiểm xã hội" in duty.text
    duty.go("/watch/exchange/service-levels?period=month&lang=en").well()
    assert duty.title == "Service levels" and duty.page.locator("svg.tiles g").count() == 34


@pytest.mark.parametrize("width", [360, 1366])
def test_an_engineer_who_has_not_joined_is_told_what_comes_first(enter: Enter, width: int) -> None:
    engineer = enter(ENGINEER, width=width)
    engineer.go("/partner/subscriptions").well()
    assert "Đề nghị thỏa thuận" in engineer.text
    engineer.go("/partner/subscriptions/new").well()
    engineer.go("/partner/reconcile").well()
    assert "Chưa có lượt đối soát nào" in engineer.text


def test_a_citizen_takes_the_own_record_away_to_read(enter: Enter, site: str) -> None:
    me = enter(CITIZEN, width=360)
    me.go("/me").well()
    with me.page.expect_download() as taken:
        me.page.get_by_role("link", name="Tải tất cả để đọc (PDF)").click()
    assert taken.value.suggested_filename == "dancu-du-lieu-cua-toi.pdf" and taken.value.url == f"{site}/me/data.pdf"
    assert taken.value.path().read_bytes().startswith(b"%PDF-")
    with me.page.expect_download() as taken:
        me.page.get_by_role("link", name="Tải tất cả cho máy đọc (ZIP)").click()
    with zipfile.ZipFile(taken.value.path()) as archive:
        told = {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}
    assert [f"{name}.json" for name in told if name != "manifest"] == [part["file"] for part in told["manifest"]["parts"]]
    assert told["record"]["numbers"] and {*told} >= {"accesses", "consents", "agreements", "cases", "documents"}
    me.go("/me/looks").well()
    assert "Chính bạn đã xem" in me.text
