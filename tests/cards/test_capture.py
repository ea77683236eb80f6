"""The capture interface against its simulator: pictures and card texts, and everything that can be wrong between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dancu.cards.parsing import read_text
from dancu.cards.ports import Device, FileCapture
from dancu.cards.ports.simulator import make_server
from dancu.cards.service import check_portrait
from dancu.kernel.errors import Invalid, Unavailable
from tests.cards.test_parsing import MRZ, QR

FACES = Path(__file__).parent / "faces"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "face.jpg").write_bytes((FACES / "person_b_1.jpg").read_bytes())
    (tmp_path / "finger-2.png").write_bytes(b"\x89PNG\r\n\x1a\nright index")
    (tmp_path / "card.txt").write_text(QR, "utf-8")
    return tmp_path


def running(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def simulator(folder: Path) -> Iterator[str]:
    yield from running(make_server(folder, "between-us"))


async def test_a_device_gives_face_finger_and_card(simulator):
    device = Device(simulator, "between-us")
    info = await device.info()
    assert (info.kinds, info.model, info.ready) == (("card", "face", "finger"), "simulator", True)
    face = await device.capture("face")
    assert (await check_portrait(face.data)).ok
    assert (face.quality, face.device) == (None, "simulator 0")
    assert (await device.capture("finger", position=2)).data.endswith(b"right index")
    assert read_text((await device.capture("card")).data.decode()).number == "049190012345"


async def test_what_can_be_wrong_is_said_in_words(simulator, folder):
    with pytest.raises(Invalid) as nothing:
        await Device(simulator, "between-us").capture("finger", position=7)
    assert nothing.value.code == "device.nothing"
    with pytest.raises(Unavailable) as stranger:
        await Device(simulator, "guessed").capture("face")
    assert stranger.value.code == "device.secret"
    with pytest.raises(Unavailable) as gone:
        await Device("http://127.0.0.1:9", "between-us", seconds=2).info()
    assert gone.value.code == "device.unreachable"
    (folder / "face.jpg").write_bytes(bytes(6 * 1024 * 1024))
    with pytest.raises(Invalid) as large:
        await Device(simulator, "between-us").capture("face")
    assert large.value.code == "image.large"


@pytest.mark.parametrize("url", ["http://192.168.1.7:8790", "https://device.example", "http://169.254.169.254/", "file:///etc/passwd"])
def test_only_this_machines_own_address_is_asked(url):
    with pytest.raises(Invalid) as refused:
        Device(url, "x")
    assert refused.value.code == "device.address"


def _odd(status: int, body: bytes, **headers: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None: ...

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (lambda: _odd(503, '{"reason": "nắp đang mở"}'.encode()), "device.not_ready"),
        (lambda: _odd(500, b"<html>"), "device.not_ready"),
        (lambda: _odd(302, b"", location="http://192.168.1.7/"), "device.not_ready"),
        (lambda: _odd(200, b"x", x_device_liveness="failed"), "device.not_live"),
    ],
)
async def test_odd_devices(server, code):
    for url in running(server()):
        with pytest.raises((Invalid, Unavailable)) as refused:
            await Device(url, "s").capture("face")
        assert refused.value.code == code


async def test_a_device_that_is_none(folder):
    for url in running(_odd(200, b'{"model": 1}')):
        with pytest.raises(Unavailable) as refused:
            await Device(url, "s").info()
        assert refused.value.code == "device.unknown"


async def test_files_are_a_source_too():
    source = FileCapture({"face": b"picture"})
    assert (await source.capture("face")).data == b"picture"
    with pytest.raises(Invalid):
        await source.capture("finger")


def test_the_command_says_what_a_card_says():
    from dancu.cards.commands import app

    said = CliRunner().invoke(app, ["read", "-", "--json"], input=MRZ)
    assert said.exit_code == 0
    assert '"number": "049190012345"' in said.stdout
    assert "Trần Thị Hoà" in CliRunner().invoke(app, ["read", QR]).stdout
