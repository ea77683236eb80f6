"""How the command line says that something failed: a sentence for people, a code for scripts, never a traceback."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dancu.cli.usage import in_vietnamese
from dancu.kernel.errors import DancuError, Invalid, Unavailable
from dancu.kit.command import failure, sentence

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


def expected(error: DancuError, *, as_json: bool) -> int:
    """Say it; the exit code."""
    if as_json:
        print(json.dumps(failure(error), ensure_ascii=False))
    print(f"dancu: {sentence(error)} [{error.code}]", file=sys.stderr)
    for field in error.fields:
        if field.code == error.code and sentence(field) == sentence(error):
            continue  # said already
        print(f"  {field.field}: {sentence(field)} [{field.code}]", file=sys.stderr)
    return FAILED


def unforeseen(error: Exception, *, as_json: bool) -> int:
    """A failure that no command expects: wrong usage, a file that cannot be read, a database that went away, or a
    mistake of ours, whose place (never its values) goes into a file for whoever mends it."""
    from typer.exceptions import TyperException

    if isinstance(error, TyperException):
        return _usage(error, as_json=as_json)
    return expected(_known(error) or _mistake(error), as_json=as_json)


def _usage(error: Exception, *, as_json: bool) -> int:
    code = int(getattr(error, "exit_code", WRONG_USAGE))
    message = str(getattr(error, "format_message", lambda: str(error))())
    context = getattr(error, "ctx", None)
    if not message.strip():  # "no arguments: help", which was printed
        return code
    vietnamese = os.environ.get("DANCU_LANG", "vi") == "vi"
    if vietnamese:
        message = in_vietnamese(message)
    if as_json:
        print(json.dumps({"error": "usage", "message": message}, ensure_ascii=False))
    if context is not None:
        usage = context.get_usage()
        print(usage.replace("Usage:", "Cách dùng:", 1) if vietnamese else usage, file=sys.stderr)
    print(f"dancu: {message} [usage]", file=sys.stderr)
    return code


def _known(error: Exception) -> DancuError | None:
    from dancu.kit.db import NOT_SEQUENCED, not_sequenced

    if getattr(error, "sqlstate", None) == NOT_SEQUENCED:
        return not_sequenced()
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, psycopg.OperationalError):
        return Unavailable("db.unavailable", "Cơ sở dữ liệu chưa trả lời. Xin thử lại sau một phút.")
    if psycopg is not None and isinstance(error, psycopg.Error):
        return _other_version(error)
    if type(error).__name__ == "ValidationError" and getattr(error, "title", "") == "Settings":
        wrong: list[dict[str, Any]] = error.errors(include_url=False, include_input=False)  # type: ignore[attr-defined]
        names = ", ".join(f"DANCU_{one['loc'][0]}".upper() for one in wrong if one["loc"])
        return Invalid("settings.invalid", "Biến môi trường chưa đúng: {names}.", names=names)
    if isinstance(error, OSError) and error.filename is not None:
        return Unavailable(
            "file.unusable", "Không đọc hoặc ghi được {path}: {reason}.",
            path=str(error.filename), reason=error.strerror or type(error).__name__,
        )  # fmt: skip
    return None


def _other_version(error: Exception) -> DancuError | None:
    """A statement named what the database does not have: is it of another version than the program?"""
    from dancu.kit import versions
    from dancu.kit.db import dsn

    if not versions.is_sign(error):
        return None
    with contextlib.suppress(Exception):  # then it is what it was before: a failure that nobody foresaw
        return versions.mismatch_at(dsn("app"))
    return None


def _mistake(error: Exception) -> DancuError:
    from dancu.kit.db import data_dir
    from dancu.kit.log import chain

    if os.environ.get("DANCU_TRACEBACK"):
        raise error
    place = data_dir() / "logs" / "errors.log"
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "command": _command(), "exception": chain(error)}
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError:
        place = Path(os.devnull)
    return Unavailable(
        "unexpected", "Lệnh này gặp lỗi không lường trước ({kind}). Nơi xảy ra lỗi được ghi ở {place}.",
        kind=type(error).__name__, place=str(place),
    )  # fmt: skip


def _command() -> str:
    """The words of the command, without its arguments: those may be somebody's name or number."""
    return " ".join(word for word in sys.argv[1:3] if word.isascii() and word.isalpha())
