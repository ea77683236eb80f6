"""A finding: something about a value that a person should look at, without refusing the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is stable and dotted ("date.century"); `message` is the Vietnamese sentence and gettext message
    id, with `{named}` placeholders filled from `params`. Params name fields and kinds, never a citizen's
    values: findings are counted, listed and exported by people who may not see the record itself."""

    code: str
    message: str
    params: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, code: str, message: str, **params: Any) -> Finding:
        return cls(code, message, tuple(sorted(params.items())))

    def text(self) -> str:
        """The Vietnamese sentence with its parameters filled in."""
        return self.message.format(**dict(self.params))
