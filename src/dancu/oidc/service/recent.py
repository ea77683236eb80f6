"""What this process gave out a moment ago and will see again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The latest `most` texts given out and what each stands for: one known letter by letter need not be unsealed or verified. All else
    is read from the text itself, which holds everything."""

    def __init__(self, most: int) -> None:
        self._known: OrderedDict[str, T] = OrderedDict()
        self._most = most

    def keep(self, text: str, meant: T) -> None:
        self._known[text] = meant
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def get(self, text: str) -> T | None:
        return self._known.get(text)

    def take(self, text: str) -> T | None:
        """For what comes back once."""
        return self._known.pop(text, None)
