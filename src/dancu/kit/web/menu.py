"""The three kinds of page, and what stands in their menus. Rooms declare their items; the application lists
them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dancu.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Surface:
    """A part of the service with one kind of reader. `base` is "citizen", "desk" or "watch" (which base
    template its error pages use), `prefix` the path all its pages share, `permissions` those of which one
    lets a person in, `sign_in` where its readers sign in."""

    code: str
    title: str
    prefix: str
    base: str
    permissions: tuple[str, ...] = ()
    sign_in: str = "/sign-in"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of a surface's menu. `title` is a msgid; shown to actors who hold one of `permissions`."""

    surface: str
    title: str
    url: str
    permissions: tuple[str, ...] = ()


CITIZEN = Surface("citizen", "Cổng công dân", "/", "citizen")


def surface_of(path: str, surfaces: Sequence[Surface]) -> Surface:
    """The surface a path belongs to: the longest prefix wins; without any, the citizen's."""
    fitting = [s for s in surfaces if path == s.prefix or path.startswith(s.prefix.rstrip("/") + "/")]
    return max(fitting, key=lambda s: len(s.prefix), default=CITIZEN)


def visible(actor: Actor, permissions: tuple[str, ...]) -> bool:
    return not permissions or any(actor.can(code) for code in permissions)
