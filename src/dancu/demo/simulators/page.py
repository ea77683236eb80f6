"""The simulators' own page: what runs, and the switches of its faults. Plain, and labelled for what it is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from dancu.demo.simulators.faults import FAULTS

if TYPE_CHECKING:
    from dancu.demo.simulators.server import Office

_HEAD = """<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mô phỏng cơ sở dữ liệu các bộ, ngành</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:1rem auto;max-width:60rem;padding:0 1rem;color:#1b1b1b}
section{border-top:1px solid #bbb;padding:.5rem 0}label{display:inline-block;margin:.25rem 1rem .25rem 0}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:.25rem 0}.note{background:#fff4ce;padding:.75rem;border-left:4px solid #b58100}
button{min-height:2.5rem;padding:0 1rem}input{min-height:2rem}</style>
<h1>Mô phỏng cơ sở dữ liệu các bộ, ngành</h1>
<p class="note"><strong>Đây là phần mềm mô phỏng của bản trình diễn</strong>, không phải hệ thống của bộ, ngành nào; người và số liệu đều
được tạo ra. <span lang="en">Simulators of the demonstration; people and figures are invented.</span></p>"""


def page(offices: Mapping[str, Office]) -> HTMLResponse:
    return HTMLResponse(_HEAD + "".join(_section(code, office) for code, office in offices.items()))


def _section(code: str, office: Office) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="faults" value="{fault}"{" checked" if fault in office.faults else ""}> {escape(words)}</label>'
        for fault, words in FAULTS.items()
    )
    return f"""<section><h2>{escape(office.ministry.title)} <small>/{office.ministry.prefix} · đã trả lời {office.asked} lần</small></h2>
<form method="post" action="/admin/{code}/faults">{boxes} <button>Đặt lỗi</button></form>
<form method="post" action="/admin/{code}/mend"><label>Cán bộ ngành sửa hồ sơ số <input name="number" size="14"></label>
<label><select name="what"><option value="birth">ngày sinh</option><option value="name">họ tên</option></select> thành <input name="value" size="24"></label>
<button>Sửa</button></form></section>"""
