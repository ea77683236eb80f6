"""Rows of a table that read as cards on a phone: each cell carries its column's title, and its role, which
browsers forget once a table is laid out otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

_CELL = re.compile(r"<tr(?=[\s>])|<t[dh](?=[\s>])")


def titled(rows: Markup, columns: Sequence[str | Sequence[str]]) -> Markup:
    """`rows`: the `<tr>` of our own templates; `columns`: titles, or (title, class). A cell's title is found by
    its place in the row, so rows of a table in which phones show cards span no columns."""
    titles = [column if isinstance(column, str) else column[0] for column in columns]
    at = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal at
        if found[0] == "<tr":
            at = 0
            return '<tr role="row"'
        title = titles[at] if at < len(titles) else ""
        at += 1
        return f'{found[0]} role="{"cell" if found[0] == "<td" else "rowheader"}" data-title="{escape(title)}"'

    return Markup(_CELL.sub(mark, str(rows)))  # noqa: S704 (rows are rendered and escaped; titles are escaped here)
