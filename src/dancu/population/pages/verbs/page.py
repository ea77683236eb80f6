"""One page per verb, described: what it asks, whom it is for, how the answers become the verb's arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dancu.kernel.actor import Actor
from dancu.kit.i18n import N_
from dancu.population.forms import Field, Heading, Reading
from dancu.population.models import PersonView, SourceKind
from dancu.population.service.act import Verb

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

#: Kinds of paper, in the order of the list; a page puts its usual one first.
PAPERS = (
    SourceKind.DECLARATION, SourceKind.DECISION, SourceKind.JUDGEMENT, SourceKind.BIRTH_REGISTER,
    SourceKind.MARRIAGE_REGISTER, SourceKind.DEATH_REGISTER, SourceKind.RESIDENCE_REGISTER, SourceKind.ID_CARD,
)  # fmt: skip


def living(view: PersonView) -> bool:
    """Nobody registered a death, and the record stands for itself."""
    return view.alive_until is None and view.merged_into is None


def standing(view: PersonView) -> bool:
    """Not merged into another: corrections are possible, after death too."""
    return view.merged_into is None


def plain(r: Reading) -> Arguments:
    """The person first, then every field by its name."""
    return (() if r.view is None else (r.view.person_key,)), dict(r.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbPage:
    """`code` is the last part of the address; `title`, `lead` are msgids; `group` is the heading in the list of what may
    be done. `when` says for which records it is offered (the verb itself decides in the end). `fixed` are arguments the
    page stands for. `compare` gives rows (term, this record, the other) to show beside the preview."""

    code: str
    title: str
    verb: Verb[Any]
    fields: tuple[Field, ...]
    group: str = ""
    lead: str = ""
    paper: SourceKind = SourceKind.DECLARATION
    when: Callable[[PersonView], bool] = living
    arguments: Callable[[Reading], Arguments] = plain
    fixed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    alone: bool = False  # starts without a person
    silent: bool = False  # changes no fact, so an empty preview is in order
    listed: bool = True  # in the list of what may be done; else something on the record leads there
    compare: Callable[[Reading], Awaitable[list[tuple[str, str, str]]]] | None = None
    similar: bool = False  # before a new record is made, show who might be the same person
    button: str = N_("Ghi vào cơ sở dữ liệu")

    @property
    def papers(self) -> tuple[SourceKind, ...]:
        return (self.paper, *(kind for kind in PAPERS if kind != self.paper))

    @property
    def inputs(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if not isinstance(f, Heading))

    def call(self, r: Reading) -> Arguments:
        args, kwargs = self.arguments(r)
        return args, {**kwargs, **self.fixed}

    def offered(self, actor: Actor, view: PersonView) -> bool:
        return actor.can(self.verb.permission) and self.when(view)


__all__ = ["Arguments", "VerbPage", "living", "plain", "standing"]
