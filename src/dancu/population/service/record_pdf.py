"""The child process that draws a citizen's own record: JSON on stdin, the PDF file on stdout (see kit.pdf)."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

_MARGIN, _WIDTH, _TERM = 20.0, 170.0, 52.0
_RED: Final = (140, 20, 30)


def draw(what: dict[str, Any]) -> bytes:
    """`what`: mark ("" or what it is no paper of), title, lead, foot, lang, sections [[title, [[term, value, note]]]]. As many A4 pages as it takes."""
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-15)
            self.set_font("OpenSans", "", 8)
            self.set_text_color(90)
            self.cell(_WIDTH, 5, f"{what['foot']} · {self.page_no()}/{{nb}}", align="C")
            self.set_text_color(0)

    fonts = files("ttf_opensans") / "ttf"
    pdf = Paper(format="A4")
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(True, margin=_MARGIN + 4)
    for style, name in (("", "Regular"), ("B", "Bold")):
        pdf.add_font("OpenSans", style, str(fonts / f"OpenSans-{name}.ttf"))
    pdf.set_title(what["title"])
    pdf.set_lang(what["lang"])
    pdf.add_page()
    if what["mark"]:
        pdf.set_font("OpenSans", "B", 10)
        pdf.multi_cell(_WIDTH, 6, what["mark"], align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(*_RED)
    pdf.set_font("OpenSans", "B", 16)
    pdf.multi_cell(_WIDTH, 8, what["title"], new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(0)
    pdf.set_font("OpenSans", "", 10)
    pdf.multi_cell(_WIDTH, 5.4, what["lead"], new_x="LMARGIN", new_y="NEXT", align="L")
    sheet = _Sheet(pdf)
    for title, lines in what["sections"]:
        if pdf.will_page_break(24):
            pdf.add_page()
        pdf.ln(4)
        pdf.set_font("OpenSans", "B", 12)
        pdf.multi_cell(_WIDTH, 7, title, new_x="LMARGIN", new_y="NEXT")
        for term, value, note in lines:
            _line(pdf, sheet, term, value, note)
    return bytes(pdf.output())


def _line(pdf: Any, sheet: _Sheet, term: str, value: str, note: str) -> None:
    """Term at the left, value at the right, below it where it comes from; never torn over two pages where one can hold it."""
    left = sheet.broken(_TERM_STYLE, _TERM, term)
    right = [(_VALUE_STYLE, text) for text in sheet.broken(_VALUE_STYLE, _WIDTH - _TERM, value)]
    right += [(_NOTE_STYLE, text) for text in sheet.broken(_NOTE_STYLE, _WIDTH - _TERM, note)] if note else []
    height = 2 + max(_TERM_STYLE.line * len(left), sum(style.line for style, _ in right))
    if pdf.will_page_break(height):
        pdf.add_page()
    top = pdf.get_y()
    pdf.set_draw_color(205)
    pdf.line(_MARGIN, top, _MARGIN + _WIDTH, top)
    page = pdf.page
    below = sheet.drawn(_MARGIN, top + 1, [(_TERM_STYLE, text) for text in left])
    if pdf.page != page:  # a term longer than a page
        page, top = pdf.page, pdf.t_margin - 1
    after = sheet.drawn(_MARGIN + _TERM, top + 1, right)
    pdf.set_text_color(0)
    pdf.set_y((max(below, after) if pdf.page == page else after) + 1)


@dataclass(frozen=True, slots=True)
class _Style:
    """`size` in points, `line` in mm, `grey` 0 black to 255."""

    weight: str
    size: float
    line: float
    grey: int


_TERM_STYLE: Final = _Style("", 9, 5, 80)
_VALUE_STYLE: Final = _Style("B", 10.5, 5, 0)
_NOTE_STYLE: Final = _Style("", 8, 4.2, 90)


class _Sheet:
    """Text broken into lines and set on the page. The library's own breaking measures the whole line again for every letter and sets it
    letter by letter: three quarters of the time of a list of some hundred lines. Here each word is measured once."""

    def __init__(self, pdf: Any) -> None:
        self._pdf, self._widths = pdf, dict[tuple[str, float, str], float]()

    def broken(self, style: _Style, width: float, text: str) -> list[str]:
        """`text` in lines that fit `width` mm; a word wider than that is broken where it must be."""
        pdf = self._pdf
        pdf.set_font("OpenSans", style.weight, style.size)
        room, space, lines = width - 2 * pdf.c_margin, self._width(style, " "), list[str]()
        for paragraph in text.split("\n"):
            line, used = "", 0.0
            for word in paragraph.split(" "):
                wide = self._width(style, word)
                if line and used + space + wide > room:
                    lines.append(line)
                    line, used = "", 0.0
                while wide > room and len(word) > 1:
                    fits = max(1, next((n for n in range(1, len(word) + 1) if self._width(style, word[:n]) > room), len(word) + 1) - 1)
                    lines.append(word[:fits])
                    word = word[fits:]
                    wide = self._width(style, word)
                line, used = (f"{line} {word}", used + space + wide) if line else (word, wide)
            lines.append(line)
        return lines

    def drawn(self, x: float, y: float, lines: Sequence[tuple[_Style, str]]) -> float:
        """Where the text ends, on whichever page that is."""
        pdf = self._pdf
        for style, text in lines:
            if y + style.line > pdf.page_break_trigger:
                pdf.add_page()
                y = pdf.t_margin
            pdf.set_font("OpenSans", style.weight, style.size)
            pdf.set_text_color(style.grey)
            pdf.text(x + pdf.c_margin, y + 0.5 * style.line + 0.3 * pdf.font_size, text)
            y += style.line
        return y

    def _width(self, style: _Style, word: str) -> float:
        """In mm, in the font that is set, which is the style's."""
        key = (style.weight, style.size, word)
        if key not in self._widths:
            self._widths[key] = float(self._pdf.get_string_width(word))
        return self._widths[key]


def main() -> None:
    sys.stdout.buffer.write(draw(json.loads(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
