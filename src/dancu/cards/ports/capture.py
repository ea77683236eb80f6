"""The capture port: `Source.capture` gives the picture of a face or finger, or a card's text.

`Device` speaks to a program beside the device on the same machine; `FileCapture` takes what was chosen, and the webcam's
picture arrives as a file too. Whatever the source, the picture goes through the same checks afterwards.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from dancu.cards.rules import MOST_BYTES
from dancu.kernel.errors import Invalid, Unavailable
from dancu.kit.i18n import N_

#: Seconds a device may wait for somebody to put a finger there.
SECONDS: Final = 30.0
KINDS: Final = ("face", "finger", "card")


@dataclass(frozen=True, slots=True)
class Captured:
    """`data`: a picture, or a card's text in UTF-8. `quality`: 0 to 100 where the device says; `device`: model and serial."""

    kind: str
    data: bytes
    quality: int | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """`ready` False: `reason` says why, in words for the officer."""

    kinds: tuple[str, ...]
    model: str
    serial: str
    ready: bool
    reason: str = ""


class Source(Protocol):
    async def capture(self, kind: str, *, position: int = 0) -> Captured:
        """One capture. Raises Invalid where nothing usable came, Unavailable where the source does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class FileCapture:
    """What somebody chose or a webcam took, by kind."""

    files: Mapping[str, bytes]

    async def capture(self, kind: str, *, position: int = 0) -> Captured:
        data = self.files.get(kind, b"")
        if not data:
            raise Invalid("image.empty", N_("Chưa có ảnh. Hãy chụp hoặc chọn ảnh."))
        return Captured(kind, data)


class Device:
    """A device behind its program on this machine. `url` must be of the loopback address; `secret` as set there."""

    def __init__(self, url: str, secret: str, *, seconds: float = SECONDS) -> None:
        if not _is_loopback(urlsplit(url).hostname or ""):
            raise Invalid("device.address", N_("Thiết bị thu nhận chỉ được nối qua địa chỉ của chính máy này (127.0.0.1)."))
        self._url, self._secret, self._seconds = url.rstrip("/"), secret, seconds

    async def info(self) -> DeviceInfo:
        """What the device is and whether it is ready. Raises Unavailable."""
        told = (await self._ask("GET", "/v1/device")).json()
        try:
            kinds = tuple(str(kind) for kind in told["kinds"] if kind in KINDS)
            return DeviceInfo(kinds, str(told["model"]), str(told["serial"]), bool(told["ready"]), str(told.get("reason", "")))
        except (KeyError, TypeError, AttributeError):
            raise _unknown() from None

    async def capture(self, kind: str, *, position: int = 0) -> Captured:
        asked = {"kind": kind, **({"position": position} if position else {})}
        answer = await self._ask("POST", "/v1/capture", asked)
        if answer.headers.get("x-device-liveness") == "failed":
            raise Invalid("device.not_live", N_("Thiết bị cho biết đây không phải người thật. Hãy lấy mẫu lại."))
        quality = answer.headers.get("x-device-quality", "")
        measured = int(quality) if quality.isdecimal() and int(quality) <= 100 else None
        return Captured(kind, answer.content, measured, answer.headers.get("x-device", ""))

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        import httpx

        headers = {"authorization": f"Bearer {self._secret}"}
        try:
            # No proxy of the environment: what a device sees stays on this machine.
            async with httpx.AsyncClient(timeout=self._seconds, trust_env=False, follow_redirects=False) as client:
                async with client.stream(method, self._url + path, json=body, headers=headers) as answer:
                    data = b""
                    async for part in answer.aiter_bytes():
                        data += part
                        if len(data) > MOST_BYTES:
                            raise Invalid("image.large", N_("Ảnh lớn quá {most} MB. Hãy chụp lại hoặc giảm kích thước."), most=MOST_BYTES // 1024**2)
                    answer = httpx.Response(answer.status_code, headers=_kept(answer.headers), content=data)
        except httpx.HTTPError as error:
            raise Unavailable("device.unreachable", N_("Không nối được thiết bị thu nhận. Hãy kiểm tra cáp và chương trình của thiết bị.")) from error
        if answer.status_code == 408:
            raise Invalid("device.nothing", N_("Thiết bị chưa nhận được gì. Hãy đặt lại và lấy mẫu lần nữa."))
        if answer.status_code == 401:
            raise Unavailable("device.secret", N_("Mã nối thiết bị chưa đúng. Hãy đặt lại ở cả hai phía."))
        if answer.status_code != 200:
            raise Unavailable("device.not_ready", N_("Thiết bị thu nhận chưa sẵn sàng: {reason}"), reason=_reason(answer))
        return answer


def _kept(headers: Any) -> dict[str, str]:
    return {name: headers[name] for name in ("content-type", "x-device", "x-device-quality", "x-device-liveness") if name in headers}


def _reason(answer: Any) -> str:
    try:
        return str(answer.json()["reason"])[:200]
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)


def _unknown() -> Unavailable:
    return Unavailable("device.unknown", N_("Chương trình của thiết bị trả lời không đúng quy ước."))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
