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
