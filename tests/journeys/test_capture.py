"""A reader that types, and a camera, in a real browser: the scan box sends a whole card by itself, the webcam's picture is
checked and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dancu.demo.personas import HEAD_NUMBER
from tests.journeys.conftest import Visitor

QR = f"{HEAD_NUMBER}|205123456|Trần Thị Hoà|12041990|Nữ|Khối phố Xuân Đông, Trường Xuân, Tam Kỳ, Quảng Nam|05042022"
MRZ = ["IDVNM1900123457049190012345<<8", "9004126F3004124VNM<<<<<<<<<<<0", "TRAN<<THI<HOA<<<<<<<<<<<<<<<<<"]


@pytest.fixture(scope="module")
def camera_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera sees: a drawn face, as uncompressed video."""
    import io

    from PIL import Image

    from dancu.demo.portraits import portrait
    from dancu.demo.samples import SAMPLES

    picture = Image.new("RGB", (640, 480), (180, 190, 200))
    face = Image.open(io.BytesIO(portrait(SAMPLES["hoa"].seed, again=1))).resize((384, 480))
    picture.paste(face, (128, 0))
    planes = picture.convert("YCbCr").split()
    frame = planes[0].tobytes() + b"".join(plane.resize((320, 240)).tobytes() for plane in planes[1:])
    film = tmp_path_factory.mktemp("film") / "face.y4m"
    film.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + frame) * 10)
    return film


@pytest.fixture(scope="module")
def browser_with_camera(camera_film: Path, launch: Callable[..., Browser]) -> Iterator[Browser]:
    made = launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera_film}")
    yield made
    made.close()


@pytest.fixture
def desk(browser_with_camera: Browser, site: str) -> Iterator[Visitor]:
    """The ward's officer at a desk with a camera; the service's address is a secure context for it, being localhost."""
    context = browser_with_camera.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    page = context.new_page()
    page.goto(str(site))
    with page.expect_navigation():
        page.locator("form", has_text="Cảnh sát khu vực").get_by_role("button").first.click()
    yield Visitor(page, site)
    context.close()


_READER = """(box, text) => {
  box.focus();
  box.value = "";
  for (const key of text) {
    box.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
    box.setRangeText(key, box.value.length, box.value.length, "end");
  }
}"""


def scan(desk: Visitor, text: str) -> None:
    """What a reader types, without Enter: it just stops. All of it from within the page, for a busy machine hands keys on
    as slowly as a person's, which send nothing."""
    with desk.page.expect_navigation():
        desk.page.locator("[data-scan]").evaluate(_READER, text)


def test_a_whole_card_sends_itself(desk: Visitor) -> None:
    desk.go("/desk/cards").well()
    scan(desk, QR)
    assert "/desk/cards/" in desk.page.url
    desk.well()
    assert "Trần Thị Hoà" in desk.text
    desk.press("Hủy đơn")
    desk.go("/desk/cards")
    box = desk.page.locator("[data-scan]")
    for line in MRZ[:2]:
        box.press_sequentially(line, delay=1)
        box.press("Enter")
        assert desk.page.url.endswith("/desk/cards"), "two lines are not a card"
    with desk.page.expect_navigation():
        box.press_sequentially(MRZ[2], delay=1)
        box.press("Enter")
    assert "Trần Thị Hoà" in desk.text
    desk.press("Hủy đơn")


def test_the_webcam_takes_a_portrait_at_the_counter(desk: Visitor) -> None:
    desk.go("/desk/eid/counter").well()
    if not desk.page.locator("[data-scan]").count():
        pytest.skip("no office has been set up for this ward")
    scan(desk, QR)
    desk.well()
    field = desk.page.locator("[data-picture]").first
    field.locator("[data-camera-open]").click()
    view = field.locator("[data-camera-view]")
    for _ in range(100):
        if view.evaluate("video => video.videoWidth"):
            break
        desk.page.wait_for_timeout(50)
    field.locator("[data-camera-take]").click()
    field.locator("[data-camera-taken]").wait_for()
    assert field.locator("input[type=file]").evaluate("input => input.files[0].type") == "image/jpeg"
    assert desk.page.evaluate("document.querySelector('[data-camera-view]').srcObject") is None
    desk.well()
    with desk.page.expect_navigation():
        field.locator("xpath=ancestor::form").get_by_role("button", name="Nhận ảnh").click()
    # One face, large, sharp and lit enough: taken in, with nothing on file to compare it with.
    assert "Thay ảnh đã nhận" in desk.text
    desk.well()
