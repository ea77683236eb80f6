"""`dancu import review`: rows that wait for a person, from the command line. Decisions are made at the desk, where the row
stands beside its candidates."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor, Purpose
    from dancu.kit.db import Conn

app = typer.Typer(no_args_is_help=True, help="Dòng nhập chờ người xem")
JsonOption = Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="Mã mục đích (xem: dancu access purposes)")]
BasisOption = Annotated[str, typer.Option("--legal-basis", help="Căn cứ pháp lý; bỏ trống: căn cứ đầu tiên")]


@app.command("list")
def list_rows(
    run: Annotated[int | None, typer.Option("--run", help="Chỉ các dòng của lần nhập này")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Chỉ các dòng chờ vì lý do này (mã)")] = "",
    settled: Annotated[bool, typer.Option("--settled", help="Các dòng đã giải quyết")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=200, help="Nhiều nhất bao nhiêu dòng")] = 50,
    purpose: PurposeOption = "import",
    legal_basis: BasisOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Các dòng đang chờ trong địa bàn của bạn."""
    from dancu.population.importing import desk
    from dancu.population.importing.reasons import sentence

    async def ask(conn: Conn, actor: Actor, why: Purpose) -> list[dict[str, Any]]:
        rows = await desk.listed(conn, actor, why, settled=settled, run_id=run, reason=reason, most=most)
        return [
            {
                "run": row.run_id, "line": row.line, "file": row.file_name, "profile": row.profile,
                "reasons": list(row.codes), "candidates": row.candidates, "created_at": row.created_at.isoformat(),
                "outcome": row.outcome, "settled_at": row.settled_at.isoformat() if row.settled_at else None,
            }
            for row in rows
        ]  # fmt: skip

    found = _ask(ask, data, purpose, legal_basis)
    if as_json:
        print(json.dumps({"rows": found}, ensure_ascii=False))
        return
    if not found:
        print("Không có dòng nào.")
    for row in found:
        print(f"{row['run']:>6} {row['line']:>8}  {row['file']}  {'; '.join(map(sentence, row['reasons']))}")


@app.command()
def show(
    run: Annotated[int, typer.Argument(help="Lần nhập")],
    line: Annotated[int, typer.Argument(help="Dòng")],
    purpose: PurposeOption = "import",
    legal_basis: BasisOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Một dòng: các ô, lý do chờ, và mã hồ sơ của những người có thể là người trong dòng."""
    from dancu.population.importing import desk
    from dancu.population.importing.reasons import sentence
    from dancu.population.importing.review import readable

    async def ask(conn: Conn, actor: Actor, why: Purpose) -> dict[str, Any]:
        row = await desk.shown(conn, actor, why, run, line)
        return {
            "run": row.run_id, "line": row.line, "file": row.file_name, "profile": row.profile,
            "cells": {title: text for title, text in readable(row).items() if text},
            "corrected": row.typed is not None, "reasons": [{"code": code, "field": field} for code, field in row.reasons],
            "candidates": list(row.candidates), "outcome": row.outcome, "person_key": row.person_key,
            "settled_at": row.settled_at.isoformat() if row.settled_at else None, "settled_by": row.settled_name or None,
        }  # fmt: skip

    found = _ask(ask, data, purpose, legal_basis)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for title, text in found["cells"].items():
        print(f"  {title}: {text}")
    for one in found["reasons"]:
        print(f"! {sentence(one['code'])} [{one['code']}] {one['field']}".rstrip())
    print("Có thể là: " + (", ".join(f"#{key}" for key in found["candidates"]) or "chưa có"))
    if found["outcome"]:
        print(f"{found['outcome']} – {found['settled_by']}, {found['settled_at']}")


def _ask(ask: Callable[[Conn, Actor, Purpose], Awaitable[Any]], data: Path | None, purpose: str, basis: str) -> Any:
    """One question as the staff identity of the operating-system user, its evidence kept also where it is refused."""
    import asyncio

    from dancu.access import service as access
    from dancu.kernel.errors import DancuError
    from dancu.kit.command import os_user
    from dancu.kit.db import data_dir, keep_evidence, open_connection, use_data

    use_data(data_dir(data))

    async def go() -> Any:
        conn = await open_connection("app", autocommit=True)
        try:
            async with conn.transaction():
                actor = await access.actor_for_os_user(conn, os_user())
            try:
                async with conn.transaction():
                    return await ask(conn, actor, access.choose_purpose(purpose, basis))
            except DancuError as error:
                await keep_evidence(conn, error)
                raise
        finally:
            await conn.close()

    return asyncio.run(go())
