"""Words by which a person is found: what the search index stores and what a query must have. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TOKEN: Final = re.compile(r"[a-z0-9]+")


def search_terms(full_name_ascii: str, birth_year: int | None, areas: Iterable[int]) -> list[str]:
    """The terms of one person: each word of the name joined to the year of birth ("1990:hoa") and to
    every area the person may belong to ("u10234:hoa").

    A query always names a year or an area (nobody trawls the country), so a term is never a name alone: the
    posting list of "1990:hoa" is a hundredth of that of "hoa".

    >>> search_terms("tran thi hoa", 1990, [10])
    ['1990:tran', 'u10:tran', '1990:thi', 'u10:thi', '1990:hoa', 'u10:hoa']
    """
    prefixes = [f"u{area}:" for area in areas]
    if birth_year is not None:
        prefixes.insert(0, f"{birth_year}:")
    return [prefix + token for token in dict.fromkeys(_TOKEN.findall(full_name_ascii)) for prefix in prefixes]


#: Words so common that a place has hundreds who bear them.
_EVERYWHERE: Final = frozenset({"nguyen", "tran", "le", "pham", "thi", "van"})


def initials(name: str) -> str:
    """First letters of the words of a lower-case ASCII name, as the index of days of birth has them.

    >>> initials("tran thi hoa")
    'tth'
    """
    return "".join(word[0] for word in name.split())


def turned(name: str) -> str:
    """A name written given name first, put back: the first word goes last.

    >>> turned("hoa tran thi")
    'tran thi hoa'
    """
    first, _, rest = name.partition(" ")
    return f"{rest} {first}" if rest else first


def linked_terms(name: str, year: int | None, areas: Iterable[int]) -> str:
    """Lists of search terms, ";" between them, by which a row's person is looked for in its communes: each word of the name
    that few bear (the last one where there is no other) with the year, and the whole name whatever the year.

    >>> linked_terms("tran thi hoa", 1990, [7])
    'u7:hoa 1990:hoa;u7:tran u7:thi u7:hoa'
    """
    tokens = list(dict.fromkeys(_TOKEN.findall(name)))
    rare = [token for token in tokens[1:] if token not in _EVERYWHERE] or tokens[-1:]
    found = []
    for area in areas:
        if year is not None:
            found += [f"u{area}:{token} {year}:{token}" for token in rare]
        if tokens:
            found.append(" ".join(f"u{area}:{token}" for token in tokens))
    return ";".join(found)


def head_terms(name: str, areas: Iterable[int]) -> str:
    """Search terms of a whole name, one list a commune, ";" between them."""
    tokens = list(dict.fromkeys(_TOKEN.findall(name)))
    return ";".join(" ".join(f"u{area}:{token}" for token in tokens) for area in areas) if tokens else ""
