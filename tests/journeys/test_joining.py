"""An organisation joins: application, a program that works in the sandbox at once, check, approval, an agreement signed by both, a call
about real people, and the end of it within seconds. On a phone and on a desk's screen, every page accessible."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dancu.kernel.clock import SYSTEM_CLOCK
from dancu_client import CallRefused, Client, Config, Context
from tests.exchange.calling import csr_of
from tests.journeys.conftest import Enter, Site, Visitor

pytestmark = pytest.mark.journey
MAKER, REVIEWER = "Kỹ sư tích hợp", "Cán bộ duyệt kết nối"
DESK = "/watch/exchange/partners"
WHY = Context("public_service", "104/2022/NĐ-CP", "H47.16-261122-0003", "Trần Quốc Bảo")
SECONDS = 5


def test_join_try_be_approved_call_and_be_stopped(enter: Enter, site: Site, tmp_path: Path) -> None:
    maker, judge = enter(MAKER, width=360), enter(REVIEWER)
    maker.go("/partner").well().go("/partner/apply")
    page = maker.page
    for role in ("business", "technical", "security"):
        maker.fill(**{f"{role}_name": "Phạm Thị Hồng Ngân", f"{role}_phone": "0905123456"})
    for box in page.locator("input[type=radio][value=yes]").all():
        box.check()
    maker.well().press("Gửi hồ sơ").well()
    # A program with its certificate works in the sandbox at once.
    key = ec.generate_private_key(ec.SECP256R1())
    maker.go("/partner/systems/new").well()
    maker.fill(system="Một cửa điện tử", csr_text=csr_of(key).decode())
    maker.press("Thêm và nhận chứng thư").well()
    client = Client(_config(maker, site, key, tmp_path))
    assert client.verify("049190012345", {"name": "Lê Thị Sáu"}, WHY).receipt["environment"] == "sandbox"
    # Checked, asked to go live, approved.
    org = judge.go(DESK).well().page.locator("main table a", has_text="Trung tâm Chuyển đổi số").first.get_attribute("href")
    assert org is not None
    judge.go(org).well().press("Nhận kiểm tra").press("Đạt kiểm tra an toàn").well()
    maker.go("/partner").press("Xin đưa vào hoạt động").well()
    judge.go(org).press("Duyệt hoạt động").well()
    # Without an agreement nobody real is spoken of; with one signed by both, they are.
    assert _becomes(lambda: client.verify("049190012345", {"name": "Lê Thị Sáu"}, WHY).status, "agreement.none") <= SECONDS
    maker.go("/partner/agreements/new").well().press("Tiếp tục").well()
    page.check("input[name=fields][value=name]")
    page.check("input[name=purposes][value='public_service|104/2022/NĐ-CP']")
    maker.fill(until_day="31", until_month="12", until_year=str(SYSTEM_CLOCK.today().year + 1)).press("Gửi đề nghị").well()
    place = page.url.split("?")[0]
    terms = page.request.get(f"{place}/terms.json").body()
    maker.fill(seal_text=base64.b64encode(key.sign(terms, ec.ECDSA(hashes.SHA256()))).decode()).press("Gửi chữ ký").well()
    judge.go(f"{org}/agreements/verify/1").well().press("Đồng ý").well()
    assert _becomes(lambda: client.verify("049190012345", {"name": "Lê Thị Sáu"}, WHY).status, 200) <= SECONDS
    # Stopped.
    judge.go(org).well()
    judge.page.fill("#f-suspend-reason", "Nhiều lượt tra cứu bất thường")
    judge.press("Tạm dừng").well()
    assert _becomes(lambda: client.verify("049190012345", {"name": "Lê Thị Sáu"}, WHY).status, "exchange.suspended") <= SECONDS
    assert "Nhiều lượt tra cứu bất thường" in maker.go("/partner").well().text


@pytest.mark.parametrize("width", [360, 1366])
def test_the_roadmap_is_for_walls_phones_and_paper(enter: Enter, width: int) -> None:
    coordinator = enter("Điều phối viên chia sẻ dữ liệu quốc gia", width=width)
    coordinator.go("/watch/exchange/roadmap").well().go("/watch/exchange/roadmap?wall=1").well()
    coordinator.page.emulate_media(media="print")
    assert coordinator.page.pdf().startswith(b"%PDF")


def _config(maker: Visitor, site: Site, key: ec.EllipticCurvePrivateKey, folder: Path) -> Config:
    content = maker.page.content()
    found = re.search(r"<code>([0-9a-f]{24})</code>", content)
    link = maker.page.get_by_role("link", name="Tải về").get_attribute("href")
    assert found and link
    (folder / "cert.pem").write_bytes(maker.page.request.get(site + link).body())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return Config(site, found[1], folder / "key.pem", folder / "cert.pem")


def _becomes(call: Callable[[], int], wanted: int | str) -> float:
    """Seconds until calls are answered like this."""
    began, said = time.monotonic(), None
    while time.monotonic() - began < 20:
        try:
            said = call()
        except CallRefused as refused:
            said = refused.code
        if said == wanted:
            return time.monotonic() - began
        time.sleep(0.2)
    raise AssertionError(f"{wanted} never came, last {said}")
