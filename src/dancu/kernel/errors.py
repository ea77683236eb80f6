"""Errors speak the business. Each carries a stable code and a Vietnamese sentence that is also its gettext
message id; the edges translate it and decide the HTTP status or exit code. Params must never hold personal data
beyond what the person asking typed in the same request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Evidence = Callable[[Any], Awaitable[object]]
"""Writes, on a connection of its own, what must be kept although the transaction is undone: that somebody tried."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a form or row that must be mended: `field` is the form's name for it."""

    field: str
    code: str
    message: str
    params: tuple[tuple[str, Any], ...] = ()

    def text(self) -> str:
        return self.message.format(**dict(self.params))


class DancuError(Exception):
    """Base of all expected failures.

    `code`: stable, dotted, machine-readable ("person.number.length"). `message`: Vietnamese sentence with
    `{named}` placeholders, saying what to do next. `fields`: the fields concerned, if any. `evidence`: set where the
    attempt itself must be recorded; the edge calls it after its rollback (kit.db.keep_evidence).
    """

    def __init__(self, code: str, message: str, *, fields: tuple[FieldError, ...] = (), **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.params = params
        self.fields = fields
        self.evidence: Evidence | None = None

    def text(self) -> str:
        """The Vietnamese sentence with its parameters filled in."""
        return self.message.format(**self.params)


class Invalid(DancuError):
    """The input is wrong; the sentence says how to mend it."""


class NotFound(DancuError):
    """What was asked for does not exist, or must look so to this actor."""


class NotAllowed(DancuError):
    """The actor may not do this; the sentence says who may, or what right to ask for."""


class Conflict(DancuError):
    """The change contradicts what the registry holds, or somebody was faster."""


class Exceeded(DancuError):
    """More than is given in a stretch of time; the parameter `seconds` says when there is room again."""


class Unavailable(DancuError):
    """Something outside the request is not working (evidence log, database); try again later."""
