"""One form being read: who asks, about whom, what was typed, what was understood so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dancu.kernel.actor import Actor, Document, Purpose
from dancu.kit.db import Conn
from dancu.kit.web import Form, FormErrors
from dancu.population.models import PersonView, Source


@dataclass(slots=True)
class Reading:
    """`view` is the person the form is about; None where it makes a new one. Fields are read in the order of the
    form, so a later one may ask `values` for an earlier one (a place for its day). `offers` holds what a field has to
    show beyond its own words: candidates of a place, members of a household."""

    conn: Conn
    actor: Actor
    purpose: Purpose
    view: PersonView | None
    form: Form
    errors: FormErrors
    today: date
    document: Document = field(default_factory=lambda: Document(""))
    values: dict[str, Any] = field(default_factory=dict)
    offers: dict[str, Any] = field(default_factory=dict)

    def wrong(self, name: str, code: str, message: str, **params: Any) -> None:
        self.errors.add(name, code, message, **params)

    @property
    def person(self) -> PersonView:
        """The person of a form that is about one."""
        if self.view is None:
            raise LookupError("this form makes a new person")
        return self.view

    @property
    def source(self) -> Source:
        """The document as the source of what is written."""
        return Source(self.document.kind, self.document.number, self.document.issued_on)
