"""A counter proves residence without the household book: seven ways, two that fail, a disagreement settled by the desk, a
confirmation checked online and without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dancu.demo.personas import HEAD_NUMBER, HUSBAND_NUMBER
from tests.journeys.conftest import CITIZEN, COUNTER, POLICE, Enter, Site, Visitor

pytestmark = pytest.mark.journey
PASSCODE = "482915"
SHOTS = os.environ.get("DANCU_SHOTS", "")
_EXPIRED = """
import asyncio, sys
from datetime import timedelta
from dancu.access import service as access
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.service import confirmations
from dancu.kernel.actor import ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK, SetClock
from dancu.kit.db import connection
from dancu.population import service as population
async def main():
    async with connection("app") as conn:
        key = (await population.keys_by_number(conn, sys.argv[1]))[0]
        actor = await access.sessions.resolve(conn, await access.issue_session(conn, ActorKind.CITIZEN, key))
        made = await confirmations.issue(
            conn, actor, access.choose_purpose("own_record"), key, ConfirmationKind.RESIDENCE,
            confirmations.Demanded("", "Trường tiểu học", "school"), channel="account", clock=SetClock(SYSTEM_CLOCK.now() - timedelta(days=400)))
        print(made.statement)
asyncio.run(main())
"""


def shot(visitor: Visitor, name: str) -> None:
    if SHOTS:
        width = visitor.page.viewport_size["width"] if visitor.page.viewport_size else 0
        visitor.page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


@pytest.fixture
def counter(enter: Enter) -> Visitor:
    return enter(COUNTER)


@pytest.fixture(scope="module")
def account(site: Site) -> str:
    """The number of somebody with a level-2 account in use."""
    number = site.resident(1)
    command = [sys.executable, "-m", "dancu", "demo", "account", "--personal-id", number, "--level", "2", "--passcode", PASSCODE]
    command += ["--phone", "0579000444"]
    subprocess.run([*command, "--data", str(site.data), "--json"], stdout=subprocess.DEVNULL, check=True)
    return number


@pytest.fixture
def phone(site: Site, browser: Browser, account: str) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="vi")
    context.set_default_timeout(15_000)
    yield Visitor(context.new_page(), site)
    context.close()


def begin(counter: Visitor, way: str = "", case: str = "H47.16-261122-0003") -> Visitor:
    counter.go("/desk/residence")
    counter.page.select_option("[name=procedure]", "school")
    counter.fill(case_ref=case, device="Quầy 2")
    return counter.press(way) if way else counter


def proved(counter: Visitor, way: str) -> Visitor:
    assert re.search(r"/desk/residence/\d+-[0-9a-f]{24}/[0-9A-Z]{16}$", counter.page.url), counter.text
    counter.well()
    assert "Không yêu cầu người dân nộp Sổ hộ khẩu" in counter.text
    assert way in counter.text
    return counter


def samples(counter: Visitor, number: str) -> tuple[str, str]:
    """(QR text, chip line) of a sample person's card."""
    counter.go("/desk/residence")
    counter.page.get_by_text("Đầu đọc giả lập").click()
    counter.fill(sample=number).press("Tạo nội dung đọc").well()
    return counter.page.inner_text("#sample-qr"), counter.page.inner_text("#sample-chip")


def test_the_ways_that_need_no_phone(counter: Visitor) -> None:
    begin(counter).well()
    shot(counter, "residence")
    counter.fill(number=HEAD_NUMBER, birth="12/4/1990").press("Kiểm tra")
    proved(counter, "Tra cứu trên hệ thống")
    shot(counter, "receipt")
    receipt = counter.page.url.removeprefix(counter.site)
    assert "Trung tâm Phục vụ" in counter.text and "Trung tâm Phục vụ" not in counter.go(f"{receipt}?lang=en").text, "the office by its English name"
    counter.go(f"{receipt}?lang=vi").go(receipt)
    assert "Đã đối chiếu số định danh, ngày sinh" in counter.text
    assert len(re.findall(rb"/Type\s*/Page\b", counter.page.pdf(format="A4"))) == 1  # one sheet in the file, code and all
    for _ in range(60):  # its entry is in the log within two seconds
        answer = counter.page.request.get(f"{counter.page.url}/proof.json")
        if answer.ok:
            break
        counter.page.wait_for_timeout(250)
    assert answer.json()["format"] == "dancu-proof/1"
    qr, chip = samples(counter, HEAD_NUMBER)
    name, issued = qr.split("|")[2], qr.split("|")[6]
    begin(counter, "Quét mã QR trên thẻ").well()
    counter.page.fill("[name=text]", qr)
    with counter.page.expect_navigation():
        counter.page.press("[name=text]", "Enter")  # as a keyboard wedge does
    proved(counter, "Quét mã QR trên thẻ")
    begin(counter, "Đọc chip trên thẻ").well().fill(chip=chip).press("Kiểm tra")
    proved(counter, "Chữ ký trong chip hợp lệ")
    begin(counter, "Xem thông tin in trên thẻ").well()
    counter.fill(number=HEAD_NUMBER, name=name, issued_on=f"{issued[:2]}/{issued[2:4]}/{issued[4:]}").press("Kiểm tra")
    proved(counter, "Xem thông tin in trên thẻ")
    begin(counter, "Thông báo số định danh cá nhân").well()
    counter.fill(number=HEAD_NUMBER, name=name, birth="12/04/1990").press("Kiểm tra")
    proved(counter, "Thông báo số định danh cá nhân")


def signed_in(phone: Visitor, number: str, next_page: str, site: Site) -> None:
    """Passcode and the code of a message: two factors."""
    import urllib.request

    phone.go(f"/eid/sign-in?next={next_page}&acr=2")
    phone.fill(number=number).page.click("main button.primary")
    phone.page.wait_for_selector("input[name=passcode]")
    phone.fill(passcode=PASSCODE).page.click("main button.primary")
    phone.page.wait_for_load_state()
    if phone.page.locator("input[name=code]").count() == 0 and next_page not in phone.page.url:
        phone.page.locator("main button[name=way]").first.click()
        phone.page.wait_for_selector("input[name=code]")
    if phone.page.locator("input[name=code]").count():
        with urllib.request.urlopen(site + "/demo/outbox.json") as answer:
            texts = [one["text"] for one in json.load(answer)]
        code = next(found[0] for text in texts if (found := re.search(r"\b\d{6}\b", text)))
        phone.fill(code=code).page.click("main button.primary")
    phone.page.wait_for_url(f"**{next_page}")


def test_the_account_shows_a_code_or_agrees(counter: Visitor, phone: Visitor, account: str, site: Site) -> None:
    signed_in(phone, account, "/account/residence-code", site)
    phone.well().press("Lấy mã").well()
    shot(phone, "code")
    code = phone.page.inner_text(".shown-code")
    begin(counter, "Tài khoản định danh mức 2").well().fill(code=code).press("Hỏi hoặc kiểm tra mã")
    proved(counter, "Tài khoản định danh mức 2")

    begin(counter, "Tài khoản định danh mức 2", case="H47.16-261122-0004").fill(number=account).press("Hỏi hoặc kiểm tra mã").well()
    assert "Đã gửi câu hỏi tới điện thoại" in counter.text
    counter.press("Xem câu trả lời").well()
    assert "Đã gửi câu hỏi tới điện thoại" in counter.text
    phone.go("/account/approvals").well()
    assert "H47.16-261122-0004" in phone.text
    phone.press("Đồng ý")
    counter.press("Xem câu trả lời")
    proved(counter, "Tài khoản định danh mức 2")


def test_a_way_that_fails_offers_the_next_and_keeps_what_was_typed(counter: Visitor) -> None:
    begin(counter, "Quét mã QR trên thẻ").fill(text="049|m?|hỏng").press("Kiểm tra").well()
    shot(counter, "unreadable")
    assert "Cách tiếp theo: Đọc chip trên thẻ" in counter.text
    assert counter.page.input_value("[name=case_ref]") == "H47.16-261122-0003"
    counter.press("Tra cứu trên hệ thống").fill(number=HUSBAND_NUMBER).press("Kiểm tra").well()  # no name: to be mended
    assert "Hãy nhập thêm họ tên hoặc ngày sinh" in counter.text
    counter.press("Thông báo số định danh cá nhân")
    assert counter.page.input_value("[name=number]") == HUSBAND_NUMBER
    counter.press("Tra cứu trên hệ thống").fill(birth="1987").press("Kiểm tra")
    proved(counter, "Tra cứu trên hệ thống")


def test_a_disagreement_is_filed_and_settled_by_the_desk(counter: Visitor, enter: Enter) -> None:
    qr, _ = samples(counter, HUSBAND_NUMBER)
    fields = qr.split("|")
    fields[2] = "Võ Minh Khác"
    begin(counter, "Quét mã QR trên thẻ").fill(text="|".join(fields)).press("Kiểm tra").well()
    shot(counter, "disagrees")
    assert "khác với cơ sở dữ liệu dân cư" in counter.text
    assert "Đọc chip trên thẻ" in counter.text
    assert counter.page.locator("input[name=number]").input_value() == HUSBAND_NUMBER
    for _ in range(30):
        counter.go("/desk/cases/sent")
        if counter.page.locator("table tbody tr").count():
            break
        counter.page.wait_for_timeout(300)
    counter.well()
    shot(counter, "sent")
    with counter.page.expect_navigation():
        counter.page.locator("table a").first.click()
    counter.well()
    address = counter.page.url
    assert "Gửi trả lời" not in counter.text

    desk = enter(POLICE).go("/desk/cases")
    with desk.page.expect_navigation():  # an address opens for whom a page showed it: another officer comes by their own list
        desk.page.locator(f"table a[href$='/{address.rpartition('/')[2]}']").click()
    desk.well()
    shot(desk, "case")
    assert "Trung tâm Phục vụ hành chính công" in desk.text
    desk.page.check("input[name=state][value=done]")
    desk.fill(answer="Thẻ in sai tên, đã đổi thẻ cho công dân.").press("Gửi trả lời").well()
    counter.page.goto(address)
    counter.well()
    assert "đã đổi thẻ cho công dân" in counter.text


def test_a_confirmation_is_checked_online_and_offline(enter: Enter, counter: Visitor, site: Site, tmp_path: Path) -> None:
    citizen = enter(CITIZEN, width=360)
    citizen.go("/account/confirmations").well()
    citizen.page.select_option("[name=procedure]", "school")
    citizen.page.select_option("[name=org]", "DEMO.TX.MC")
    citizen.press("Cấp giấy xác nhận").well()
    shot(citizen, "confirmations")
    kept = citizen.page.get_by_text("Tải PDF").get_attribute("href")
    pdf = citizen.page.request.get(site + str(kept), timeout=90_000)
    assert pdf.headers["content-disposition"].startswith("attachment")
    assert pdf.body().startswith(b"%PDF-")
    statement = citizen.page.request.get(site + str(kept).replace(".pdf", ".json")).json()["statement"]
    head, body, mark = statement.split(".")
    tampered = f"{head}.{body[:-4]}{'AAAA' if body[-4:] != 'AAAA' else 'BBBB'}.{mark}"
    env = {**os.environ, "DANCU_DATA": str(site.data)}
    made = subprocess.run([sys.executable, "-c", _EXPIRED, HEAD_NUMBER], env=env, check=True, capture_output=True, text=True)
    expired = made.stdout.strip()

    # Online: a phone that scanned the code arrives with the text behind the #.
    visitor = Visitor(citizen.page.context.browser.new_context(viewport={"width": 360, "height": 740}, locale="vi").new_page(), site)
    visitor.page.goto(f"{site}/check#{statement}")
    visitor.page.wait_for_selector(".notice")
    visitor.well()
    shot(visitor, "check")
    assert "Còn giá trị" in visitor.text
    assert statement not in visitor.page.url
    for text, word in ((tampered, "Chữ ký không đúng"), (expired, "Đã hết hạn"), ("rác", "Không đọc được")):
        visitor.go("/check").fill(text=text).press("Kiểm tra").well()
        assert word in visitor.text

    # Offline: the page kept on a disk, and the program.
    for name in ("offline.html", "check_statement.py", "keys.json"):
        answer = visitor.page.request.get(f"{site}/check/{name}")
        (tmp_path / name).write_bytes(answer.body())
    visitor.page.context.set_offline(True)
    for text, word in ((statement, "valid"), (tampered, "forged"), (expired, "expired"), ("rác", "unreadable")):
        visitor.page.goto((tmp_path / "offline.html").as_uri())
        visitor.page.fill("#text", text)
        visitor.page.click("button")
        visitor.page.wait_for_selector(f"#result[data-word={word}]")
        run = subprocess.run([sys.executable, tmp_path / "check_statement.py", tmp_path / "keys.json", text], capture_output=True, text=True)
        assert run.stdout.strip().endswith(word)
        assert (run.returncode == 0) == (word == "valid")
    visitor.page.context.close()

    # At a counter.
    begin(counter, "Giấy xác nhận cư trú").well().fill(paper=f"{site}/check#{statement}").press("Kiểm tra")
    proved(counter, "Giấy xác nhận cư trú")
    begin(counter, "Giấy xác nhận cư trú").fill(paper=expired).press("Kiểm tra").well()
    assert "Đã hết hạn" in counter.text

    # Taken back.
    citizen.press("Thu hồi giấy này").well()
    begin(counter, "Giấy xác nhận cư trú").fill(paper=statement).press("Kiểm tra").well()
    assert "Giấy đã bị thu hồi" in counter.text


def test_a_demanded_paper_reaches_the_office_and_the_figures(enter: Enter, counter: Visitor) -> None:
    citizen = enter(CITIZEN, width=360)
    citizen.go("/account/paper-demanded").well()
    citizen.page.select_option("[name=org]", "DEMO.TX.MC")
    citizen.page.select_option("[name=procedure]", "school")
    citizen.fill(said="Quầy 3 bảo về lấy sổ hộ khẩu.")
    shot(citizen, "demanded")
    citizen.press("Gửi phản ánh").well()
    for _ in range(30):
        citizen.go("/me/cases")
        if "Quầy 3 bảo" in citizen.text:
            break
        citizen.page.wait_for_timeout(300)
    citizen.well()
    assert "Trung tâm Phục vụ hành chính công" in citizen.text
    counter.go("/desk/cases").well()
    with counter.page.expect_navigation():
        counter.page.locator("table a", has_text=re.compile(r"^\d+$")).last.click()
    begin(counter).fill(number=HEAD_NUMBER, birth="1990").press("Kiểm tra")
    proved(counter, "Tra cứu trên hệ thống")
    leader = enter("Lãnh đạo tỉnh")
    leader.go("/watch/residence").well()
    shot(leader, "watch")
    assert "Trung tâm Phục vụ hành chính công" in leader.text
    with leader.page.expect_navigation():
        leader.page.locator("table a").first.click()
    leader.well()


@pytest.mark.parametrize("width", [360, 1366])
def test_pages_in_english_and_on_a_phone(enter: Enter, width: int) -> None:
    desk = enter(COUNTER, width=width)
    for path in ("/desk/residence", "/desk/confirmations", "/desk/cases", "/desk/cases/sent", "/check"):
        desk.go(path + "?lang=en").well()
        shot(desk, "en" + path.replace("/", "-"))
