"""Small helpers of pages: which slice of a list, and where to go after a form."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import RedirectResponse

_LAST = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a list. `number` starts at 1; `total` is the count of all rows, None where counting costs
    too much: then `more` says whether another page follows."""

    number: int
    size: int
    total: int | None = None
    more: bool = False

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def last(self) -> int | None:
        return None if self.total is None else max(1, -(-self.total // self.size))

    @property
    def has_next(self) -> bool:
        return self.more if self.last is None else self.number < self.last

    @property
    def window(self) -> list[int | None]:
        """Page numbers to offer; None is a gap. First, last, and two on each side of this one."""
        if self.last is None:
            return [self.number]
        near = {1, self.last, *range(self.number - 2, self.number + 3)}
        shown: list[int | None] = []
        for number in sorted(n for n in near if 1 <= n <= self.last):
            if shown and (before := shown[-1]) is not None and number > before + 1:
                shown.append(None)
            shown.append(number)
        return shown


def page_of(request: Request, *, size: int = 50, total: int | None = None) -> Page:
    """The slice asked for by `?page=`; nonsense means the first."""
    asked = request.query_params.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    page = Page(min(max(number, 1), _LAST), size, total)
    return Page(min(page.number, page.last), size, total) if page.last else page


def see_other(url: str) -> RedirectResponse:
    """After a form was done: 303 to a page that may be reloaded. Only addresses of this site."""
    return RedirectResponse(local_path(url), status_code=303)


def local_path(url: str, default: str = "/") -> str:
    """`url` when it is a path of this site, else `default`: a `next=` must not lead elsewhere."""
    inside = url.startswith("/") and not url.startswith("//")
    return url if inside and "\\" not in url and url.isprintable() else default
