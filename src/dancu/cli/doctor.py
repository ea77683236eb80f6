"""`dancu doctor`: checks everything a running installation needs and says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

DataOption = Annotated[Path | None, typer.Option("--data", help="Thư mục dữ liệu (mặc định: DANCU_DATA hoặc ./data)")]
_FREE_GB = 2
_OLD_PENDING_SECONDS = 60.0
_RESTORE_KEY = (
    "Dừng Dancu, chép keys/audit.key và keys/audit.vkey từ bản sao lưu gần nhất vào {keys}, chmod 600, rồi chạy lại."
    " Đừng tạo khóa mới."
)

_QUICKER = "Dựng lại môi trường bằng Python của hệ điều hành: xóa .venv, rồi make demo PYTHON=/usr/bin/python3. Dữ liệu vẫn còn."


@dataclass(frozen=True, slots=True)
class Result:
    """One check. `state`: ok, warn, fail. `mend`: what to do, empty where it is fine."""

    name: str
    state: str
    found: str
    mend: str = ""


def doctor(
    data: DataOption = None, as_json: Annotated[bool, typer.Option("--json", help="Trả lời bằng JSON")] = False
) -> None:
    """Kiểm tra mọi thứ và chỉ cách khắc phục. Mã thoát 1 khi có điều phải sửa."""
    from dancu.kit.db import data_dir, use_data

    folder = data_dir(data)
    use_data(folder)
    results = [_survived(partial(check, folder)) for check in (_python, _libraries, _disk, _keys, _configuration)]
    results += _database(folder)
    if as_json:
        print(json.dumps({"ok": all(r.state != "fail" for r in results), "checks": [_row(r) for r in results]}, ensure_ascii=False))
    else:
        for r in results:
            mark = {"ok": "✓", "warn": "!", "fail": "✗"}[r.state]
            print(f" {mark} {r.name}: {r.found}")
            if r.mend:
                print(f"     → {r.mend}")
    if any(r.state == "fail" for r in results):
        raise SystemExit(1)


def _survived(check: Callable[[], Result], mend: str = "Xem DANCU_DATA và quyền đọc thư mục dữ liệu.") -> Result:
    """A check that fails is a result like others: whoever asks for a diagnosis gets one, whatever state things are in."""
    from dancu.kernel.errors import DancuError
    from dancu.kit.command import sentence

    try:
        return check()
    except DancuError as error:
        return Result("Kiểm tra", "fail", f"{sentence(error)} [{error.code}]", mend)
    except Exception as error:
        kind = getattr(error, "sqlstate", None) or type(error).__name__
        return Result("Kiểm tra", "fail", f"một phép kiểm không chạy được ({kind})", mend)


def _row(result: Result) -> dict[str, Any]:
    return {"name": result.name, "state": result.state, "found": result.found, "mend": result.mend}


def _python(folder: Path) -> Result:
    version = ".".join(map(str, sys.version_info[:3]))
    if not optimised():
        return Result("Python", "warn", f"{version}, bản dựng không tối ưu, chậm hơn tới một phần tư", _QUICKER)
    return Result("Python", "ok", version)


def optimised() -> bool:
    """Whether this Python was built with what its own makers advise for use (`--enable-optimizations`: profile-guided). A
    distribution's always is, though Debian's does not say so in its configuration; `scripts/interpreter.sh` asks the same."""
    import sysconfig

    return sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")


def _libraries(folder: Path) -> Result:
    import importlib.util

    needed = ("psycopg", "fastapi", "uvicorn", "httptools", "jinja2", "babel", "procrastinate", "argon2", "cryptography", "openpyxl", "pyarrow")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        return Result("Thư viện", "fail", "thiếu " + ", ".join(missing), "Chạy: pip install --require-hashes -r requirements.lock")
    return Result("Thư viện", "ok", f"{len(needed)} thư viện chính có đủ")


def _disk(folder: Path) -> Result:
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < _FREE_GB:
        return Result("Đĩa", "fail", f"còn {free:.1f} GB", f"Giải phóng ít nhất {_FREE_GB} GB ở {existing}.")
    return Result("Đĩa", "ok", f"còn {free:.0f} GB")


def _keys(folder: Path) -> Result:
    keys = folder / "keys"
    if not keys.is_dir():
        return Result("Khóa", "warn", "chưa có", "Khóa được tạo khi chạy lần đầu: dancu demo hoặc dancu serve.")
    from dancu.kit.keys import lost

    secrets = [path for path in keys.iterdir() if path.suffix == ".key"]
    if gone := lost(keys):
        return Result(
            "Khóa", "fail", "thiếu hoặc sai khóa mã hóa: " + ", ".join(gone),
            f"Dừng Dancu, chép các tệp này từ thư mục keys của bản sao lưu gần nhất vào {keys}, chmod 600, rồi chạy lại.",
        )  # fmt: skip
    open_ones = [p.name for p in secrets if stat.S_IMODE(p.stat().st_mode) & 0o077]
    if open_ones:
        return Result("Khóa", "fail", "người khác đọc được: " + ", ".join(open_ones), f"Chạy: chmod 600 {keys}/*.key")
    if wrong := _log_key(folder):
        return Result("Khóa", "fail", wrong, _RESTORE_KEY.format(keys=keys))
    return Result("Khóa", "ok", f"{len(secrets)} khóa, chỉ chủ đọc được")


def _log_key(folder: Path) -> str:
    """What files alone say is wrong with the log's key; empty where nothing is."""
    from dancu.audit import keys
    from dancu.kernel.errors import DancuError
    from dancu.kit.command import sentence

    try:
        if (folder / "checkpoints").is_dir() or (folder / "keys" / keys.KEY).exists():
            keys.load_signer(folder / "keys")
    except DancuError as error:
        return sentence(error)
    return ""


def _configuration(folder: Path) -> Result:
    if os.environ.get("DANCU_DEMO") and os.environ.get("DANCU_DATABASE_URL"):
        return Result(
            "Cấu hình", "warn", "DANCU_DEMO cùng với cơ sở dữ liệu ngoài",
            "Bỏ DANCU_DEMO: vai mẫu chỉ có trong cơ sở dữ liệu tạo ra để trình diễn.",
        )  # fmt: skip
    where = "cơ sở dữ liệu ngoài (DANCU_DATABASE_URL)" if os.environ.get("DANCU_DATABASE_URL") else f"kèm theo, ở {folder}"
    return Result("Cấu hình", "ok", where)


def _database(folder: Path) -> list[Result]:
    """Everything that needs the database to answer."""
    import psycopg

    from dancu.kernel.errors import DancuError
    from dancu.kit.db import dsn

    try:
        with psycopg.connect(dsn("admin"), connect_timeout=5) as conn:
            version = conn.info.server_version
    except (psycopg.OperationalError, DancuError):
        return [Result("Cơ sở dữ liệu", "fail", "không kết nối được", f"Chạy: dancu serve --data {folder} (hoặc dancu demo)")]
    results = [
        Result("Cơ sở dữ liệu", "ok", f"PostgreSQL {version // 10000}.{version % 10000}")
        if version >= 150000
        else Result("Cơ sở dữ liệu", "fail", f"PostgreSQL {version // 10000}", "Cần PostgreSQL 15 trở lên.")
    ]
    checks: tuple[Callable[[], Result], ...] = (_migrations, _superusers, _log_age, _events, _messages, _webhooks, _sectors, lambda: asyncio.run(_log(folder)))
    return results + [_survived(check, "Chạy: dancu migrate") for check in checks]


def _one(query: str) -> Any:
    """The first column of the first row; None where there is none."""
    return next((row[0] for row in _rows(query)), None)


def _rows(query: str) -> list[Any]:
    import psycopg

    from dancu.kit.db import dsn

    with psycopg.connect(dsn("admin")) as conn:
        return conn.execute(query.encode()).fetchall()


def _migrations() -> Result:
    from dancu.kit import migrate, versions
    from dancu.kit.db import dsn

    missing = migrate.pending(dsn("admin"))
    if missing:
        return Result("Cấu trúc", "fail", f"cũ hơn chương trình này, thiếu {len(missing)} bước", "Chạy: dancu migrate")
    if newer := versions.mismatch_at(dsn("admin")):
        return Result("Cấu trúc", "warn", f"mới hơn chương trình này ({newer.params['name']})", "Dùng bản chương trình mới hơn.")
    return Result("Cấu trúc", "ok", "đã cập nhật")


def _superusers() -> Result:
    found = _one(
        "SELECT string_agg(rolname, ', ') FROM pg_roles WHERE (rolsuper OR rolbypassrls)"
        " AND rolname IN ('dancu_app', 'dancu_worker', 'dancu_verify', 'dancu_biometric', 'dancu_owner', 'dancu_gate')"
    )
    if found:
        return Result("Quyền tối thiểu", "fail", f"vai trò vượt quyền: {found}", "ALTER ROLE … NOSUPERUSER NOBYPASSRLS")
    return Result("Quyền tối thiểu", "ok", "không tiến trình nào vượt được chính sách dòng")


def _log_age() -> Result:
    age = float(_one("SELECT coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM audit.pending") or 0)
    if age > _OLD_PENDING_SECONDS:
        return Result("Tiến trình nền", "fail", f"mục nhật ký chờ {age:.0f} giây", "Chạy: dancu worker (hoặc dancu serve)")
    return Result("Tiến trình nền", "ok", f"mục cũ nhất chờ {age:.1f} giây")


def _events() -> Result:
    waiting = int(_one("SELECT count(*) FROM kit.outbox") or 0)
    state = "ok" if waiting < 100_000 else "warn"
    return Result("Hộp sự kiện", state, f"{waiting} sự kiện chờ", "" if state == "ok" else "Kiểm tra dancu worker.")


def _messages() -> Result:
    """Text messages, e-mail and notices that reach nobody. One wrong number is no fault of the installation; a tenth is."""
    wrong, late, sent = [], 0, 0
    for channel, failed, handed, waiting, _ in _rows("SELECT * FROM kit.unreached()"):
        late, sent = late + waiting, sent + handed
        if failed >= 5 and failed * 10 >= failed + handed:
            wrong.append(f"{failed} trên {failed + handed} tin {channel} trong 24 giờ không tới nơi")
    if late:
        wrong.append(f"{late} tin chờ gửi quá 15 phút")
    if wrong:
        mend = "Kiểm tra DANCU_SMS_URL, DANCU_SMTP_URL, DANCU_PUSH_URL và cổng nhắn tin; lý do có trong nhật ký của dancu worker."
        return Result("Tin nhắn", "warn", "; ".join(wrong), mend)
    return Result("Tin nhắn", "ok", f"{sent} tin đã gửi trong 24 giờ")


def _webhooks() -> Result:
    """Addresses of partners that took no event any more: delivery there has stopped until somebody starts it again."""
    stopped = int(_one("SELECT count(*) FROM exchange.subscription WHERE state = 'paused' AND error <> ''") or 0)
    refused = int(_one("SELECT count(*) FROM exchange.dead_letter WHERE settled_at IS NULL AND at > now() - interval '7 days'") or 0)
    if stopped or refused:
        return Result(
            "Địa chỉ nhận của đối tác", "warn", f"{stopped} nơi đã ngừng vì không tới được, {refused} sự kiện bị từ chối trong 7 ngày",
            "Báo đối tác xem trang Đăng ký nhận của họ (/partner), rồi chạy lại việc gửi ở đó.",
        )  # fmt: skip
    return Result("Địa chỉ nhận của đối tác", "ok", "mọi nơi đều nhận được")


def _sectors() -> Result:
    """Applications of several organisations that know a person by one name, from before that was refused (OpenID Connect Core §8.1)."""
    shared = _rows(
        "SELECT sector || ': ' || string_agg(client_id || ' (' || org_code || ')', ', ' ORDER BY client_no) FROM oidc.client"
        " WHERE subject_type = 'pairwise' AND state <> 'suspended' GROUP BY sector HAVING count(DISTINCT org_code) > 1 ORDER BY sector"
    )
    if shared:
        return Result(
            "Nhóm ứng dụng", "warn", "nhiều cơ quan biết một người bằng cùng một mã, ở nhóm " + "; ".join(row[0] for row in shared),
            "Để lại ứng dụng của một cơ quan. Ứng dụng của cơ quan khác: đăng ký mới (dancu oidc client add --org CƠ_QUAN), chuyển"
            " tài khoản sang mã mới (docs/linking.md), rồi dancu oidc client suspend CLIENT_ID cũ.",
        )  # fmt: skip
    return Result("Nhóm ứng dụng", "ok", "mỗi nhóm thuộc một cơ quan")


async def _log(folder: Path) -> Result:
    """Is the key that is here the one this log was begun with, and did it sign the newest checkpoint?"""
    from dancu.audit import service as audit
    from dancu.audit.note import BadNote, open_checkpoint
    from dancu.audit.publish import checkpoint
    from dancu.kernel.errors import DancuError, NotFound
    from dancu.kit.command import sentence
    from dancu.kit.db import open_connection

    name, keys = "Nhật ký bằng chứng", folder / "keys"
    conn = await open_connection("verify")
    try:
        await audit.check_key(conn, keys, folder / "checkpoints")
        verifier = audit.matching_verifier(keys)
        newest = await checkpoint(conn)
        size = open_checkpoint(newest.note, [verifier]).size
    except NotFound:
        return Result(name, "warn", "chưa có mốc ký nào", "Chờ vài giây sau lần chạy đầu; nếu còn, chạy: dancu worker")
    except BadNote:
        return Result(
            name, "fail", f"mốc mới nhất do khóa tên {newest.origin} ký, không phải khóa của nhật ký này ({verifier.name})",
            "Khóa đúng sẽ ký mốc kế tiếp khi dancu serve chạy; rồi chạy: dancu audit verify",
        )  # fmt: skip
    except DancuError as error:
        if error.code == "audit.vkey.missing":
            return Result(name, "warn", "chưa có khóa trên máy này", "Kiểm chứng trên máy giữ khóa.")
        return Result(name, "fail", sentence(error), _RESTORE_KEY.format(keys=keys))
    finally:
        await conn.close()
    return Result(name, "ok", f"{size} mục, điểm kiểm ký đúng; kiểm toàn bộ: dancu audit verify --facts")
