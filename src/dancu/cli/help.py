"""`--help` in the language of the command (DANCU_LANG): the commands' own texts are Vietnamese, the parser's English."""

from __future__ import annotations

from typing import Any, Final

from dancu.kit.i18n import gettext, language

_USAGE: Final = "Cách dùng:"
_THIS_HELP: Final = "Hiện trợ giúp này rồi thoát."
#: What the parser's help says around the commands' texts -> in Vietnamese.
_AROUND: Final = {
    "ARGUMENTS_PANEL_TITLE": "Tham số",
    "OPTIONS_PANEL_TITLE": "Tùy chọn",
    "COMMANDS_PANEL_TITLE": "Lệnh",
    "DEFAULT_STRING": "[mặc định: {}]",
    "REQUIRED_LONG_STRING": "[bắt buộc]",
    "ENVVAR_STRING": "[biến môi trường: {}]",
}


def in_the_language(command: Any) -> None:
    """Make the help of the command and of all below it speak the language of the moment."""
    from typer import Context

    context = Context(command, info_name="dancu")
    if language() == "vi":
        from typer import rich_utils

        for name, text in _AROUND.items():
            setattr(rich_utils, name, text)
        _each(command, context, lambda one: _parser_in_vietnamese(one, context))
    else:
        _each(command, context, _translate)


def _each(command: Any, context: Any, change: Any) -> None:
    change(command)
    for below in getattr(command, "commands", {}).values():
        _each(below, context, change)


def _parser_in_vietnamese(command: Any, context: Any) -> None:
    shown, plain = command.get_help_option(context), command.get_usage
    if shown is not None:
        shown.help = _THIS_HELP
    command.get_usage = lambda ctx: plain(ctx).replace("Usage:", _USAGE, 1)


def _translate(command: Any) -> None:
    for thing, names in ((command, ("help", "short_help")), *((param, ("help",)) for param in command.params)):
        for name in names:
            if text := getattr(thing, name, None):
                setattr(thing, name, gettext(text))
