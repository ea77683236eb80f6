"""The command line: lists every room's commands and loads only the one that was called, so that it starts at once."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from typing import Any, Final

#: Commands that answer and end: what they allocate to start is no rubbish, and looking through it again and again is a
#: quarter of their time. A run over many lines still collects, less often.
_BRIEF: Final = frozenset({"territory", "names", "numbers", "person", "access", "--help"})
_SELDOM: Final = 200_000

# word -> (module, attribute, help). An attribute is a typer app (a group) or a function (a single command).
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "demo": ("dancu.demo.commands", "app", "Bản trình diễn: một tỉnh mẫu chạy được ngay bằng một lệnh"),
    "serve": ("dancu.cli.serve", "serve", "Chạy ứng dụng (và cơ sở dữ liệu kèm theo, tiến trình nền)"),
    "worker": ("dancu.cli.serve", "worker", "Chỉ chạy tiến trình nền: nhật ký bằng chứng, sự kiện, công việc định kỳ"),
    "migrate": ("dancu.cli.operate", "migrate", "Cập nhật cấu trúc cơ sở dữ liệu và các danh mục"),
    "doctor": ("dancu.cli.doctor", "doctor", "Kiểm tra mọi thứ và chỉ cách khắc phục"),
    "backup": ("dancu.cli.operate", "backup", "Sao lưu cơ sở dữ liệu và khóa, rồi phục hồi thử để kiểm chứng"),
    "restore": ("dancu.cli.operate", "restore", "Phục hồi từ một bản sao lưu"),
    "territory": ("dancu.territory.commands", "app", "Đơn vị hành chính: tra cứu, nhận ra địa chỉ"),
    "names": ("dancu.population.word_commands", "names", "Họ tên: dạng chuẩn, sửa lỗi mã, các khóa"),
    "numbers": ("dancu.population.word_commands", "numbers", "Số định danh cá nhân: giải thích"),
    "person": ("dancu.population.commands", "app", "Một người trong cơ sở dữ liệu dân cư: xem, tìm"),
    "import": ("dancu.population.import_commands", "app", "Nhập sổ bộ và tệp dữ liệu"),
    "export": ("dancu.population.export_commands", "app", "Xuất dữ liệu dân cư có ghi vết"),
    "audit": ("dancu.cli.evidence", "app", "Nhật ký bằng chứng: kiểm chứng, xuất, chứng minh"),
    "access": ("dancu.access.commands", "app", "Cơ quan, cán bộ, vai trò, mục đích"),
    "doorstep": ("dancu.accounts.doorstep_commands", "app", "Bộ thiết bị định danh tại nhà: ghi không cần mạng, đồng bộ khi về"),
    "cards": ("dancu.cards.commands", "app", "Thẻ căn cước: đọc nội dung quét, giả lập thiết bị thu nhận"),
    "oidc": ("dancu.oidc.commands", "app", "Đăng nhập một lần: ứng dụng của các cơ quan"),
    "partner": ("dancu.exchange.partner_commands", "app", "Cơ quan kết nối: thêm, danh sách, tạm dừng, thu hồi"),
    "exchange": ("dancu.exchange.commands", "app", "Chia sẻ dữ liệu: so nhật ký hai bên"),
    "connect": ("dancu.exchange.connect_commands", "app", "Phía đối tác: kiểm tra kết nối của mình từ đầu đến cuối"),
    "reconcile": ("dancu.exchange.reconcile_commands", "reconcile", "Đối soát hàng loạt: tệp của một cơ quan với dữ liệu dân cư"),
    "agreement": ("dancu.exchange.agreement_commands", "app", "Thỏa thuận chia sẻ dữ liệu: lập, danh sách, kết thúc"),
}


def main(argv: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 refused or failed (one sentence, its code in brackets), 2 wrong usage, 130
    interrupted. With `--json` a failure is one JSON object on standard output as well. Never a traceback."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args and args[0] == "--version":
        from dancu import __version__

        print(f"dancu {__version__}")
        return
    # Pipes carry UTF-8 whatever the locale says; what is not UTF-8 is kept, not a reason to stop (see kit.command).
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    whole_process = argv is None  # a program that calls us keeps its own ways
    if whole_process and (not args or args[0] in _BRIEF):
        gc.set_threshold(_SELDOM, 20, 100)
    elif whole_process and args[0] == "reconcile":  # thousands of rows at a time, none of them in a cycle
        from dancu.kit import collector

        collector.settle()
    code = _run(args)
    if whole_process:
        gc.freeze()  # the process ends: nothing that is left need be looked through
    raise SystemExit(code)


def _run(args: list[str]) -> int:
    import typer

    from dancu.cli import failures
    from dancu.kernel.errors import DancuError
    from dancu.kit.command import readable
    from dancu.kit.i18n import use_language

    as_json = "--json" in args
    try:
        with use_language(os.environ.get("DANCU_LANG", "vi")):
            code = _command_of(args)([readable(arg) for arg in args], prog_name="dancu", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DancuError as error:
        return failures.expected(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return failures.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough. Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failures.FAILED
    except Exception as error:
        return failures.unforeseen(error, as_json=as_json)


def command_tree(args: list[str]) -> Any:
    """The commands, of which the module of the one that `args` call is loaded, all of them listed where none is."""
    import typer

    word = next((arg for arg in args if not arg.startswith("-")), None)
    root = typer.Typer(
        name="dancu", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
        help="Dancu: nền tảng công dân số. / The digital-citizen platform.",
    )  # fmt: skip
    root.callback()(_root)
    for name in [word] if word in COMMANDS else COMMANDS:
        _mount(root, name, *COMMANDS[name], load=word in COMMANDS)
    return root


def _command_of(args: list[str]) -> Any:
    import typer

    command = typer.main.get_command(command_tree(args))
    if not args or "--help" in args or args[-1] in COMMANDS:
        from dancu.cli.help import in_the_language

        in_the_language(command)
    return command


def _root() -> None:
    """Dancu: nền tảng công dân số. / The digital-citizen platform."""


def _mount(root: Any, name: str, module: str, attribute: str, help_text: str, *, load: bool) -> None:
    import typer

    target: Any = None
    if load:
        target = getattr(importlib.import_module(module), attribute)
    if isinstance(target, typer.Typer):
        root.add_typer(target, name=name, help=help_text)
    elif target is not None:
        root.command(name=name, help=help_text)(target)
    else:
        root.command(name=name, help=help_text)(_root)
