"""`dancu doorstep`: the kit that enrols at people's doors, without database or network until it comes home."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dancu.accounts.service.kit import Kit

app = typer.Typer(no_args_is_help=True)

KitOption = Annotated[Path, typer.Option("--kit", help="Thư mục của bộ thiết bị", envvar="DANCU_KIT")]
JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
_HERE = Path("kit")


@app.callback()
def _group() -> None:
    """Bộ thiết bị định danh lưu động."""


def _kit(folder: Path) -> Kit:
    from dancu.accounts.service.kit import Kit

    return Kit(folder)


def _say(row: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(row, ensure_ascii=False) if as_json else text)


@app.command()
def init(
    centre_key: Annotated[str, typer.Option("--centre-key", help="Khóa công khai của trung tâm, 64 ký tự")] = "",
    url: Annotated[str, typer.Option("--url", help="Địa chỉ của trung tâm, để lấy khóa khi có mạng")] = "",
    kit: KitOption = _HERE,
    as_json: JsonOption = False,
) -> None:
    """Chuẩn bị bộ thiết bị; in khóa công khai của nó để đăng ký ở trang Điểm định danh."""
    from dancu.kernel.errors import Invalid

    if not url and not centre_key:
        raise Invalid("doorstep.no_centre", "Hãy cho địa chỉ của trung tâm (--url) hoặc khóa công khai của nó (--centre-key).")
    if url and not centre_key:
        centre_key = _call("GET", f"{url.rstrip('/')}/api/v1/eid/doorstep/key", "", None)["public_key"]
    try:
        made = _kit(kit).init(bytes.fromhex(centre_key))
    except ValueError:
        raise Invalid("doorstep.centre_key", "Khóa của trung tâm phải là 64 ký tự thập lục phân.") from None
    _say({"public_key": made.hex()}, as_json, f"Khóa công khai của bộ thiết bị: {made.hex()}")


@app.command()
def enrol(
    card: Annotated[str, typer.Option("--card", help="Nội dung quét từ thẻ, hoặc số định danh; '-' đọc từ bàn phím")],
    portrait: Annotated[Path, typer.Option("--portrait", help="Tệp ảnh chân dung", exists=True, dir_okay=False)],
    phone: Annotated[str, typer.Option("--phone", help="Số điện thoại của công dân")] = "",
    fingerprint: Annotated[Path | None, typer.Option("--fingerprint", help="Tệp ảnh vân tay", exists=True, dir_okay=False)] = None,
    name: Annotated[str, typer.Option("--name", help="Họ tên, khi không có thẻ")] = "",
    birth: Annotated[str, typer.Option("--birth", help="Ngày sinh, khi không có thẻ")] = "",
    email: Annotated[str, typer.Option("--email", help="Thư điện tử")] = "",
    language: Annotated[str, typer.Option("--language", help="vi hoặc en")] = "vi",
    confirmed: Annotated[str, typer.Option("--confirmed", help="Công dân xác nhận thế nào, bắt buộc: screen (tự đọc trên máy), aloud (nghe đọc), paper (ký giấy)")] = "",
    document: Annotated[list[str] | None, typer.Option("--document", help="Giấy tờ muốn tích hợp; lặp lại được")] = None,
    card_wanted: Annotated[bool, typer.Option("--card-wanted", help="Làm thẻ căn cước luôn")] = False,
    guardian: Annotated[str, typer.Option("--guardian", help="Trẻ dưới 14 tuổi: thẻ của cha, mẹ hoặc người giám hộ, như đầu đọc gõ ra")] = "",
    kit: KitOption = _HERE,
    as_json: JsonOption = False,
) -> None:
    """Ghi một hồ sơ tại nhà, không cần mạng. Hồ sơ được niêm ngay bằng khóa của trung tâm; máy này không mở lại được."""
    import sys

    from dancu.accounts.models.level2 import Stated
    from dancu.accounts.service import at_the_door
    from dancu.kernel.dates import parse_date

    at_hand = _kit(kit)
    _ = at_hand.centre  # before anything is taken from anybody
    text = sys.stdin.read() if card == "-" else card
    born = str(parse_date(birth).date) if birth else ""
    reading = asyncio.run(
        at_the_door.check(
            text, name=name, birth=born, said=Stated(phone, email, language), documents=document or [], confirmed=confirmed,
            guardian=guardian, portrait=portrait.read_bytes(),
        )
    )
    content = {
        "text": text, "name": name, "birth": born, "phone": phone, "email": email,
        "language": language, "confirmed": confirmed, "documents": document or [], "card_wanted": card_wanted,
        "guardian": guardian, "portrait": base64.b64encode(portrait.read_bytes()).decode(),
        "fingerprint": base64.b64encode(fingerprint.read_bytes()).decode() if fingerprint else "",
    }  # fmt: skip
    record = at_hand.enrol(content)
    count = sum(1 for _ in at_hand.records())
    said = f"Đã niêm hồ sơ {record[:8]}. Chuyến này có {count} hồ sơ. Ghi mã hồ sơ cạnh tên trong sổ của chuyến."
    if not phone and not guardian:
        said += " Chưa có số điện thoại: ai chưa có tài khoản thì hồ sơ này sẽ bị trả lại."
    _say({"id": record, "records": count, "degraded": list(reading.degraded)}, as_json, said)


@app.command()
def status(kit: KitOption = _HERE, as_json: JsonOption = False) -> None:
    """Chuyến đang ghi và số hồ sơ của nó."""
    found = _kit(kit)
    trip = found.trip()
    count = sum(1 for _ in found.records()) if trip else 0
    damaged = found.damaged() if trip else 0
    said = f"Chuyến {trip[:8]}: {count} hồ sơ." if trip else "Chưa có hồ sơ nào."
    _say({"trip": trip, "records": count, "damaged": damaged}, as_json, said + _damage(damaged))


@app.command()
def pack(
    target: Annotated[Path, typer.Argument(help="Tệp chuyến sẽ ghi ra")], kit: KitOption = _HERE, as_json: JsonOption = False
) -> None:
    """Đóng gói chuyến thành một tệp để nộp ở trang Định danh tại nhà. Hàng đợi vẫn giữ cho tới khi đồng bộ xong."""
    from dancu.kernel.errors import Conflict

    if target.exists():
        raise Conflict("doorstep.target", "Đã có tệp {name}. Hãy chọn tên khác.", name=target.name)
    found = _ready(kit)
    ids, signature = found.manifest()
    head = {"trip": found.trip(), "kit": found.public_key.hex(), "manifest": ids, "signature": signature.hex()}
    with target.open("x", encoding="utf-8") as file:
        for row in (head, *map(_row, found.records())):
            file.write(json.dumps(row) + "\n")
    damaged = found.damaged()
    _say({"trip": head["trip"], "records": len(ids), "damaged": damaged}, as_json, f"Đã đóng gói {len(ids)} hồ sơ." + _damage(damaged))


@app.command()
def sync(
    url: Annotated[str, typer.Option("--url", help="Địa chỉ của trung tâm, ví dụ https://dancu.example")],
    token: Annotated[str, typer.Option("--token", help="Mã phiên của cán bộ", envvar="DANCU_TOKEN")],
    kit: KitOption = _HERE,
    as_json: JsonOption = False,
) -> None:
    """Đưa chuyến về trung tâm. Đứt mạng thì chạy lại: không hồ sơ nào bị nhân đôi."""
    found = _ready(kit)
    root = f"{url.rstrip('/')}/api/v1/eid/doorstep/trips"
    ids, signature = found.manifest()
    head = {"trip": found.trip(), "kit": found.public_key.hex(), "manifest": ids, "signature": signature.hex()}
    state = _call("POST", root, token, head)
    for record in found.records():
        if record.record_id in state["missing"]:
            state = _call("POST", f"{root}/{head['trip']}/records", token, _row(record))
    damaged = found.damaged()
    if state["settled"]:
        found.finished()
    lines = [f"{one['id'][:8]}: {_outcome(one['state'], one.get('reasons') or ())}" for one in state["records"]]
    lines.append("Chuyến đã xong; kết quả từng người ở trang Định danh tại nhà." if state["settled"] else "Chuyến chưa đủ hồ sơ: hãy chạy lại.")
    _say({**state, "damaged": damaged}, as_json, "\n".join(lines) + _damage(damaged))


def _outcome(state: str, reasons: Sequence[str]) -> str:
    """The word of the page and of docs/doorstep.md, and why where it was not taken."""
    from dancu.accounts.pages.words_level2 import DOORSTEP, reason

    said = f"{DOORSTEP[state]} ({state})" if state in DOORSTEP else state
    return said + "".join(f". {reason(code)}" for code in reasons)


def _damage(lines: int) -> str:
    if not lines:
        return ""
    return f"\nCó {lines} dòng hỏng trong hàng đợi: hồ sơ đang ghi dở khi máy tắt, hoặc tệp bị hỏng. Đối chiếu với sổ của chuyến và tới lại nhà còn thiếu."


def _ready(folder: Path) -> Kit:
    from dancu.kernel.errors import NotFound

    found = _kit(folder)
    if found.trip() is None:
        raise NotFound("doorstep.nothing", "Chưa có hồ sơ nào để đưa về.")
    return found


def _row(record: Any) -> dict[str, str]:
    return {"id": record.record_id, "sealed": base64.b64encode(record.sealed).decode(), "signature": record.signature.hex()}


def _call(method: str, url: str, token: str, body: Any) -> Any:
    """The answer of the centre. Raises Unavailable where it is not reached, Invalid with its sentence where it refuses."""
    import httpx

    from dancu.kernel.errors import Invalid, Unavailable

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
        told = answer.json()
    except (httpx.HTTPError, ValueError):
        raise Unavailable("doorstep.centre", "Chưa gọi được trung tâm. Giữ nguyên hàng đợi và thử lại khi có mạng.") from None
    if answer.is_error:
        raise Invalid(str(told.get("code", "doorstep.refused")), "{told}", told=str(told.get("detail") or told.get("title") or answer.status_code))
    return told
