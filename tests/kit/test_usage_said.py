"""Wrong usage of the command line is said in Vietnamese."""

import pytest

from dancu.cli.usage import in_vietnamese


@pytest.mark.parametrize(
    ("parser", "said"),
    [
        ("Missing argument 'number'.", "Thiếu number."),
        ("Missing option '--profile' / '-p'.", "Thiếu tùy chọn --profile / -p."),
        ("No such option: --foo", "Không có tùy chọn --foo."),
        ("No such command 'shwo'.", "Không có lệnh shwo."),
        ("Option '--as-of' requires an argument.", "Tùy chọn --as-of cần một giá trị đi kèm."),
        ("Got unexpected extra argument(s) (b)", "Thừa: b. Nếu có dấu cách, hãy đặt trong ngoặc kép."),
        ("Got unexpected extra argument (b c)", "Thừa: b c. Nếu có dấu cách, hãy đặt trong ngoặc kép."),
        ("Invalid value for '--people': 'abc' is not a valid integer.", "--people phải là số nguyên."),
        ("Invalid value for '--people': -5 is not in the range 200<=x<=20.", "--people nằm ngoài khoảng cho phép (200<=x<=20)."),
        ("Something new.", "Something new."),
    ],
)
def test_the_parsers_sentences(parser: str, said: str) -> None:
    assert in_vietnamese(parser) == said
