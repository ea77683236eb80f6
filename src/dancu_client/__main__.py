"""`dancu-client doctor`, or `python -m dancu_client doctor`: a partner tests its connection with this package alone."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from dancu_client.calls import Context
from dancu_client.config import Config
from dancu_client.doctor import Doctor
from dancu_client.errors import ConfigError
from dancu_client.words import LANGUAGES, said_of, told

SERVICES: Final = ("verify", "lookup")
DEFAULTS: Final = {"service": "verify", "purpose": "identity_check", "legal_basis": "26/2023/QH15"}
"""The test call, unless told otherwise; it must fit the agreement of a live program."""
_HELP: Final = {
    "vi": ("Thử cả đường kết nối từng bước; bước nào hỏng thì nói cách sửa. Mã thoát 1 khi còn hỏng, 2 khi gõ sai.", "tệp cấu hình (TOML)",
           "dịch vụ gọi thử", "mục đích của lần gọi thử, như trong thỏa thuận", "căn cứ pháp lý của lần gọi thử", "ngôn ngữ; hoặc biến DANCU_LANG", "trả lời bằng JSON"),
    "en": ("Tries the whole connection step by step and says what to mend. Exit code 1 while something is broken, 2 for wrong usage.", "configuration (TOML)",
           "data service of the test call", "its purpose, as agreed", "its legal basis", "language; or the variable DANCU_LANG", "answer in JSON"),
}  # fmt: skip


def examine(config: Config, service: str, purpose: str, legal_basis: str, lang: str, *, as_json: bool) -> int:
    """Run the doctor and print what it found; the exit code."""
    doctor = Doctor(config, Context(purpose, legal_basis, "KIEM-TRA-KET-NOI", "dancu connect doctor"), service, lang=lang)
    steps = doctor.run()
    if as_json:
        print(json.dumps({"sound": doctor.sound, "steps": [asdict(step) for step in steps]}, ensure_ascii=False))
    else:
        for step in steps:
            print(f"{said_of(lang, step.state):<9} {said_of(lang, step.name):<16} {step.said}")
            if step.mend and step.state != "skip":
                print(f"{'':<9} {'':<16} → {step.mend}")
    return 0 if doctor.sound else 1


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 sound, 1 something is broken or the configuration cannot be used, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # pipes carry UTF-8 whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    known = os.environ.get("DANCU_LANG", "vi")
    given = _parser(known if known in LANGUAGES else "vi").parse_args(argv)
    try:
        return examine(Config.load(given.config), given.service, given.purpose, given.legal_basis, given.lang, as_json=given.json)
    except ConfigError as error:
        if given.json:
            print(json.dumps({"error": "connect.config", "message": told(given.lang, error)}, ensure_ascii=False))
        print(f"dancu-client: {told(given.lang, error)} [connect.config]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read us has seen enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(lang: str) -> argparse.ArgumentParser:
    about, config, service, purpose, basis, language, as_json = _HELP[lang]
    root = argparse.ArgumentParser("dancu-client")
    doctor = root.add_subparsers(dest="command", required=True).add_parser("doctor", help=about, description=about)
    doctor.add_argument("--config", type=Path, default=Path("dancu.toml"), help=config)
    doctor.add_argument("--service", choices=SERVICES, default=DEFAULTS["service"], help=service)
    doctor.add_argument("--purpose", default=DEFAULTS["purpose"], help=purpose)
    doctor.add_argument("--legal-basis", default=DEFAULTS["legal_basis"], help=basis)
    doctor.add_argument("--lang", choices=LANGUAGES, default=lang, help=language)
    doctor.add_argument("--json", action="store_true", help=as_json)
    return root


if __name__ == "__main__":
    raise SystemExit(main())
