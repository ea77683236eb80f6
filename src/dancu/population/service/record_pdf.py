"""The child process that draws a citizen's own record: JSON on stdin, the PDF file on stdout (see kit.pdf)."""

from __future__ import annotations

import json
import sys
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
    for title, lines in what["sections"]:
        if pdf.will_page_break(24):
            pdf.add_page()
        pdf.ln(4)
        pdf.set_font("OpenSans", "B", 12)
        pdf.multi_cell(_WIDTH, 7, title, new_x="LMARGIN", new_y="NEXT")
        for term, value, note in lines:
            _line(pdf, term, value, note)
    return bytes(pdf.output())


def _line(pdf: Any, term: str, value: str, note: str) -> None:
    """Term at the left, value at the right, below it where it comes from; never torn over two pages where one can hold it. What it takes is
    measured, not tried: a trial copies all that was drawn so far."""
    if pdf.will_page_break(_height(pdf, term, value, note)):
        pdf.add_page()
    _drawn(pdf, term, value, note)


def _height(pdf: Any, term: str, value: str, note: str) -> float:
    def tall(style: str, size: float, width: float, line: float, text: str) -> float:
        pdf.set_font("OpenSans", style, size)
        return float(pdf.multi_cell(width, line, text, align="L", dry_run=True, output="HEIGHT"))

    right = tall("B", 10.5, _WIDTH - _TERM, 5, value) + (tall("", 8, _WIDTH - _TERM, 4.2, note) if note else 0.0)
    return 2 + max(right, tall("", 9, _TERM, 5, term))


def _drawn(pdf: Any, term: str, value: str, note: str) -> None:
    pdf.set_draw_color(205)
    pdf.line(_MARGIN, pdf.get_y(), _MARGIN + _WIDTH, pdf.get_y())
    top = pdf.get_y() + 1
    pdf.set_xy(_MARGIN, top)
    pdf.set_font("OpenSans", "", 9)
    pdf.set_text_color(80)
    pdf.multi_cell(_TERM, 5, term, align="L", new_x="LMARGIN", new_y="NEXT")
    below = pdf.get_y()
    pdf.set_text_color(0)
    pdf.set_xy(_MARGIN + _TERM, top)
    pdf.set_font("OpenSans", "B", 10.5)
    pdf.multi_cell(_WIDTH - _TERM, 5, value, align="L", new_x="LMARGIN", new_y="NEXT")
    if note:
        pdf.set_x(_MARGIN + _TERM)
        pdf.set_font("OpenSans", "", 8)
        pdf.set_text_color(90)
        pdf.multi_cell(_WIDTH - _TERM, 4.2, note, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.set_text_color(0)
    pdf.set_y(max(below, pdf.get_y()) + 1)


def main() -> None:
    sys.stdout.buffer.write(draw(json.loads(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
