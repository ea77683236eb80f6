"""Packages that offer much and load only what is asked for, so that a command starts at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


def offer(package: str, modules: Mapping[str, Sequence[str]]) -> None:
    """Let `package` (its own `__name__`) offer names of other modules, {module: its names}, each imported when one of
    its names is first used; "name as other" offers it under another name. For type checkers the package imports the same
    names under TYPE_CHECKING."""
    module = sys.modules[package]
    told = [(part, *(name.split(" as ") * 2)[:2]) for part, names in modules.items() for name in names]
    module.__dict__["_offered"] = {name: part for part, _, name in told}
    module.__dict__["_named"] = {name: there for _, there, name in told}
    module.__class__ = _Offering


class _Offering(ModuleType):
    _offered: dict[str, str]
    _named: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        part = self._offered.get(name) if not name.startswith("_") else None
        if part is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(part), self._named[name])
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a module hangs it on its package: `look`, the module, would hide `look`, the function offered.
        if name in self._offered and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._offered})
