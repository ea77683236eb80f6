"""The portrait check, with the real detector in its child process."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from dancu.cards.biometrics.engine import Engine, check_bytes, engine
from dancu.cards.service import check_portrait
from dancu.kernel.errors import Exceeded, Invalid, Unavailable

FACES = Path(__file__).parent / "faces"
PEOPLE = sorted(path.name for path in FACES.glob("*.jpg"))


def face(name: str = "person_b_1.jpg") -> Image.Image:
    return Image.open(FACES / name).convert("RGB")


def encoded(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


@pytest.fixture(autouse=True, scope="module")
async def _let_go():  # type: ignore[no-untyped-def]
    yield
    await engine().close()


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "person_a_1.jpg"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_good_portrait_passes(name, kind):
    check = await check_portrait(encoded(face(name), kind))
    assert (check.ok, check.problems, check.face_count) == (True, (), 1)
    assert (check.width, check.height) == face(name).size


def beside(one: Image.Image, other: Image.Image) -> Image.Image:
    both = Image.new("RGB", (one.width + other.width, max(one.height, other.height)))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    return both


def on_canvas(picture: Image.Image, times: float) -> Image.Image:
    canvas = Image.new("RGB", (int(picture.width * times), int(picture.height * times)), (120, 130, 140))
    canvas.paste(picture, ((canvas.width - picture.width) // 2, (canvas.height - picture.height) // 2))
    return canvas


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (lambda: Image.new("RGB", (400, 500), (200, 180, 160)), "portrait.no_face"),
        (lambda: beside(face("person_b_1.jpg"), face("impostor_2.jpg")), "portrait.many_faces"),
        (lambda: face("person_a_1.jpg").resize((150, 180)), "portrait.small"),
        (lambda: on_canvas(face(), 3), "portrait.far"),
        (lambda: face().filter(ImageFilter.GaussianBlur(9)), "portrait.blurred"),
        (lambda: ImageEnhance.Brightness(face()).enhance(0.18), "portrait.dark"),
        (lambda: Image.eval(face(), lambda value: min(255, int(value * 0.3 + 185))), "portrait.bright"),
        (lambda: face().rotate(28, fillcolor=(150, 150, 150)), "portrait.tilted"),
    ],
)
async def test_each_problem_is_said_in_a_sentence(picture, code):
    check = await check_portrait(encoded(picture()))
    assert not check.ok
    assert code in [problem.code for problem in check.problems]
    assert all(problem.text().count(".") >= 2 for problem in check.problems)


async def test_what_is_kept_has_no_metadata_and_stands_upright():
    sideways = face().rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "made with my phone at home"
    check = await check_portrait(encoded(sideways, exif=exif))
    assert check.ok
    kept = Image.open(io.BytesIO(check.image))
    assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", face().size, {})
    assert b"my phone" not in check.image


def bomb() -> bytes:
    return encoded(Image.new("L", (12_000, 12_000)), "PNG")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: b"", "image.empty"),
        (lambda: b"\xff\xd8\xff" + bytes(5 * 1024 * 1024), "image.large"),
        (lambda: encoded(face(), "GIF"), "image.type"),
        (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(400), "image.heic"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.type"),
        (lambda: encoded(face())[:9000], "image.broken"),
        (lambda: b"\xff\xd8\xff" + random.Random(5).randbytes(5000), "image.type"),
        (bomb, "image.pixels"),
    ],
)
async def test_what_is_no_picture_is_refused(data, code):
    with pytest.raises(Invalid) as refused:
        await check_portrait(data())
    assert refused.value.code == code


async def test_a_child_that_dies_is_unavailable_once_and_started_again():
    mine = Engine()
    try:
        await mine.ask("warm")
        first = mine.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        asked = asyncio.create_task(mine.ask("face", encoded(face())))
        await asyncio.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(Unavailable):
            await asked
        head, _ = await mine.ask("face", encoded(face()))
        assert head["faces"] == 1
        assert mine.pid != first
    finally:
        await mine.close()


async def test_a_child_that_hangs_is_given_up():
    mine = Engine(seconds=20)
    try:
        await mine.ask("warm")
        os.kill(mine.pid or 0, signal.SIGSTOP)
        mine._seconds = 0.2
        with pytest.raises(Unavailable):
            await mine.ask("warm")
        assert mine.pid is None
    finally:
        await mine.close()


async def test_too_many_are_told_to_come_back_and_a_rested_child_goes():
    mine = Engine(most_waiting=2, rest=0.1)
    try:
        await mine.ask("warm")
        asked = [asyncio.create_task(mine.ask("face", encoded(face()))) for _ in range(5)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in outcomes].count(Exceeded) == 3
        child = mine._process
        await asyncio.sleep(0.3)
        assert mine.pid is None
        assert child is not None
        assert await asyncio.wait_for(child.wait(), 5) == 0
    finally:
        await mine.close()


async def test_the_child_has_no_settings_and_writes_no_file(monkeypatch):
    monkeypatch.setenv("DANCU_DATABASE_URL", "secret")
    mine = Engine()
    try:
        await mine.ask("warm")
        told = Path(f"/proc/{mine.pid}/environ").read_bytes()
        assert b"DANCU" not in told
        limits = Path(f"/proc/{mine.pid}/limits").read_text()
        assert next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max file size")) == ["0", "0"]
    finally:
        await mine.close()


def test_bytes_are_looked_at_before_anything_is_decoded():
    check_bytes(encoded(face()))
    with pytest.raises(Invalid):
        check_bytes(b"GIF89a" + bytes(100))
