"""What the command parser says of wrong usage, in Vietnamese. It speaks English only; these are its sentences."""

from __future__ import annotations

import re
from typing import Final

_SENTENCES: Final = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"Missing argument:? (.+?)\.?", "Thiếu {0}."),
        (r"Missing (?:option|parameter):? (.+?)\.?", "Thiếu tùy chọn {0}."),
        (r"No such option: ?'?(\S+?)'?\.?(?: ?\(?(?:Possible options|Did you mean):? ?(.+?)\??\)?)?", "Không có tùy chọn {0}."),
        (r"No such command '?(.+?)'?\.(?: .*)?", "Không có lệnh {0}."),
        (r"Missing command\.?", "Chưa ghi lệnh."),
        (r"Option '?(.+?)'? requires (?:an argument|\d+ arguments)\.?", "Tùy chọn {0} cần một giá trị đi kèm."),
        (r"Option '?(.+?)'? does not take a value\.?", "Tùy chọn {0} không đi kèm giá trị nào."),
        (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "Thừa: {0}. Nếu có dấu cách, hãy đặt trong ngoặc kép."),
        (r"Invalid value for '?(.+?)'?: '(.*)' is not a valid int(?:eger)?(?: range)?\.?", "{0} phải là số nguyên."),
        (r"Invalid value for '?(.+?)'?: (.*) is not in the range (.+?)\.?", "{0} nằm ngoài khoảng cho phép ({2})."),
        (r"Invalid value for '?(.+?)'?: (.*)", "Giá trị của {0} chưa đúng."),
    )
)


def in_vietnamese(message: str) -> str:
    """The parser's sentence in Vietnamese; one it has learnt since stays as it is."""
    for pattern, meant in _SENTENCES:
        if found := pattern.fullmatch(message.strip()):
            return meant.format(*((part or "").replace("'", "") for part in found.groups()))
    return message
