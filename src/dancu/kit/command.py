"""What the commands of every room share: who is typing, items from standard input, failures as JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from dancu.kernel.errors import DancuError, FieldError


def os_user() -> str:
    """The operating-system user this process runs as. Not `getpass.getuser()`: that believes LOGNAME and USER, which
    whoever types sets at will, and this name becomes the actor of an evidence entry."""
    import pwd

    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(uid)


def readable(text: str) -> str:
    """An argument or line as text. Bytes that were not UTF-8 (Python keeps them as lone surrogates) are read as
    Latin-1, which is how TCVN3 and VNI files arrive; NUL, which no database stores, goes."""
    if any("\ud800" <= ch <= "\udfff" for ch in text):
        try:
            text = text.encode("utf-8", "surrogateescape").decode("latin-1")
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "")


def items() -> Iterator[str]:
    """The lines of standard input, without their ends."""
    for line in sys.stdin:
        yield readable(line.rstrip("\r\n"))


def rows_of(file: Path) -> int | None:
    """About how many rows a text file has, for a progress bar; None for other kinds."""
    if file.suffix.lower() not in (".csv", ".tsv", ".txt") or not file.is_file():
        return None
    with file.open("rb") as content:
        return sum(block.count(b"\n") for block in iter(lambda: content.read(1 << 20), b""))


@contextmanager
def answers_alone(wanted: bool) -> Iterator[TextIO]:
    """Standard output kept for JSON: what is yielded writes to it, while whatever else is printed meanwhile, by us or by
    a child process, goes to standard error. Not `wanted`: standard output as it is."""
    if not wanted:
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w", encoding="utf-8") as out:
            yield out
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def sentence(error: DancuError | FieldError) -> str:
    """What went wrong, in the language of the command (DANCU_LANG)."""
    if os.environ.get("DANCU_LANG", "vi") == "vi":
        return error.text()
    from dancu.kit.i18n import error_text

    return error_text(error, os.environ["DANCU_LANG"])


def failure(error: DancuError) -> dict[str, Any]:
    """An expected failure as a command answers it with `--json`: {error, message, fields?}."""
    fields = [{"field": f.field, "code": f.code, "message": sentence(f)} for f in error.fields]
    return {"error": error.code, "message": sentence(error), **({"fields": fields} if fields else {})}
