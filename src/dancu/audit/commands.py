"""Commands of the evidence log. Everything heavy is imported when a command runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="Nhật ký bằng chứng: kiểm chứng, xuất, chứng minh")

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]

#: Set by composition: finds the staff identity of an operating-system user. This room stands below the one that knows.
resolve_actor: Callable[[Any, str], Awaitable[Any]] | None = None

#: Set by composition: what rooms keep worked out from their facts, and how they check it (`verify --facts`).
derived: list[Callable[[Any, Any], Awaitable[None]]] = []


def _folder(data: Path | None) -> Path:
    from dancu.kit.db import data_dir

    return data_dir(data)


def _vkey(data: Path | None, given: str | None) -> Any:
    """The log's public key: the one given (text or file), else that of the data folder."""
    from dancu.audit import keys

    if given:
        path = Path(given)
        return keys.parse_vkey(path.read_text() if path.exists() else given)
    return keys.matching_verifier(_folder(data) / "keys")


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@app.command()
def verify(
    directory: Annotated[Path | None, typer.Argument(help="Bản xuất cần kiểm chứng; bỏ trống: cơ sở dữ liệu")] = None,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Tệp hoặc thư mục mốc đã ghi nhớ; dùng được nhiều lần")
    ] = None,
    facts: Annotated[bool, typer.Option("--facts", help="Kiểm cả dữ liệu dân cư so với điều nhật ký đã cam kết")] = False,
    vkey: Annotated[str | None, typer.Option("--vkey", help="Khóa công khai đã biết (chuỗi hoặc tệp)")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Kiểm chứng toàn bộ nhật ký. Mã thoát 0: nguyên vẹn; 1: có phát hiện."""
    from dancu.audit import remembered, service
    from dancu.kernel.errors import Invalid

    notes: list[str] = []
    for path in against or []:
        if not path.exists():
            raise Invalid("audit.against.missing", "Không có tệp mốc {path}.", path=str(path))
        found = remembered.read(path)
        if not found:
            raise Invalid("audit.against.empty", "Tệp {path} không chứa mốc nào.", path=str(path))
        notes += found
    if directory is not None:
        # Without a key known from elsewhere the copy is checked with its own: whole, but nobody's in particular.
        verifier = _vkey(data, vkey) if vkey or (_folder(data) / "keys").exists() else None
        report = _run(service.verify_export(directory, verifier=verifier, remembered=notes))
    else:
        if (own := _folder(data) / "checkpoints").is_dir():
            notes += remembered.read(own)
        report = _run(_verify_database(data, _vkey(data, vkey), notes, facts, quiet=as_json))
    _show(report, as_json)
    raise typer.Exit(0 if report.ok else 1)


async def _verify_database(data: Path | None, verifier: Any, notes: list[str], facts: bool, *, quiet: bool) -> Any:
    from dancu.audit import service
    from dancu.kit.db import open_connection

    bar, step = _progress(quiet)
    conn = await open_connection("verify", data)
    try:
        with bar:
            return await service.verify(conn, verifier, remembered=notes, facts=facts, derived=derived, progress=step)
    finally:
        await conn.close()


def _progress(quiet: bool) -> tuple[AbstractContextManager[Any], Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(), None
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("Kiểm chứng", total=None)
    return bar, lambda done, total: bar.update(task, completed=done, total=total)


def _show(report: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
        return
    print(f"Số mục: {report.size}   mốc đã đối chiếu: {report.checkpoints}   đã xóa nội dung: {report.erased}")
    print(f"Đang chờ ghi sổ: {report.pending} (lâu nhất {report.oldest_pending_seconds:.1f} giây)")
    if report.facts is not None:
        print(f"Dữ liệu đã đối chiếu: {report.facts} hàng")
    print(f"Gốc: {report.root.hex()}")
    for finding in report.findings:
        print(f"  ! {finding.text()} [{finding.code}]")
    for code, count in report.counts.items():
        shown = sum(f.code == code for f in report.findings)
        if count > shown:
            print(f"  ! … và {count - shown} phát hiện nữa [{code}]")
    print("NGUYÊN VẸN" if report.ok else "CÓ PHÁT HIỆN: nhật ký hoặc dữ liệu đã bị can thiệp")


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="Thư mục trống để ghi bản xuất")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xuất nhật ký công khai (C2SP tlog-tiles): checkpoint, tile/…, vkey."""
    from dancu.audit import service
    from dancu.kit.db import open_connection

    async def work() -> Any:
        conn = await open_connection("verify", data)
        try:
            return await service.export(conn, directory, _vkey(data, None).vkey)
        finally:
            await conn.close()

    head = _run(work())
    if as_json:
        print(json.dumps({"directory": str(directory), "size": head.size, "root": head.root.hex()}))
    else:
        print(f"Đã xuất {head.size} mục vào {directory}")


@app.command()
def checkpoint(data: DataOption = None, as_json: JsonOption = False) -> None:
    """In mốc ký mới nhất, để giữ ở nơi khác."""
    from dancu.audit import publish
    from dancu.kit.db import connection

    async def work() -> Any:
        async with connection("verify", data) as conn:
            return await publish.checkpoint(conn)

    head = _run(work())
    if as_json:
        print(json.dumps({"size": head.size, "root": head.root.hex(), "note": head.note}, ensure_ascii=False))
    else:
        print(head.note, end="")


@app.command()
def vkey(data: DataOption = None, as_json: JsonOption = False) -> None:
    """In khóa công khai của nhật ký."""
    text = _vkey(data, None).vkey
    print(json.dumps({"vkey": text}) if as_json else text)


@app.command()
def proof(
    entry: Annotated[int, typer.Argument(help="Mã mục (hoặc số thứ tự trong sổ với --index)")],
    index: Annotated[bool, typer.Option("--index", help="ENTRY là số thứ tự trong sổ")] = False,
    everything: Annotated[bool, typer.Option("--everything", help="Mở cả mã người thực hiện")] = False,
    purpose: Annotated[str, typer.Option("--purpose", help="Mục đích")] = "audit",
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True, help="Bằng chứng luôn là JSON")] = False,
) -> None:
    """In bằng chứng (JSON) rằng một mục nằm trong sổ đã ký. Việc lấy bằng chứng cũng được ghi lại."""
    from dancu.audit import proofs, service
    from dancu.kernel.actor import Purpose
    from dancu.kit.db import connection

    async def work() -> Any:
        async with connection("worker", data) as conn:
            found = await service.proof(
                conn, **({"idx": entry} if index else {"entry_id": entry}),
                disclose=proofs.EVERYTHING if everything else proofs.CITIZEN, vkey=_vkey(data, None).vkey,
            )  # fmt: skip
            subject = next((o.value for o in found.openings if o.label == "subject"), b"")
            await service.record(
                conn, await _actor(conn), Purpose(purpose, "46/2022/TT-BCA"), action="read",
                subjects=[int(subject) if subject else None], fields=["accesses"],
                note={"verb": "audit.proof", "idx": found.idx},
            )  # fmt: skip
            return found

    print(json.dumps(_run(work()).as_json(), ensure_ascii=False))


@app.command()
def erase(
    entry: Annotated[int, typer.Argument(help="Mã mục cần xóa nội dung")],
    legal_basis: Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý của việc xóa")],
    purpose: Annotated[str, typer.Option("--purpose", help="Mục đích")] = "data_quality",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xóa nội dung một mục theo quyết định hợp pháp; dấu vết và việc xóa còn lại trong sổ."""
    from dancu.audit import service
    from dancu.kernel.actor import ActorKind, Purpose
    from dancu.kernel.errors import NotAllowed
    from dancu.kit.db import connection

    async def work() -> int:
        async with connection("worker", data) as conn:
            actor = await _actor(conn)
            if actor.kind is ActorKind.STAFF and not actor.can("audit.erase"):
                raise NotAllowed("audit.erase.no_right", "Cần quyền xóa nội dung nhật ký (audit.erase).")
            return await service.erase(conn, actor, Purpose(purpose, legal_basis), entry, {"verb": "audit.erase"})

    made = _run(work())
    print(json.dumps({"erased": entry, "by": made}) if as_json else f"Đã xóa nội dung mục {entry}; việc xóa là mục {made}")


async def _actor(conn: Any) -> Any:
    """Who types: the staff identity of the operating-system user; the system itself where nobody resolves it."""
    from dataclasses import replace

    from dancu.kernel.actor import SYSTEM, Channel
    from dancu.kit.command import os_user

    if resolve_actor is None:
        return replace(SYSTEM, channel=Channel.CLI, request_id=f"cli:{os_user()}")
    return await resolve_actor(conn, os_user())
