"""Packages that offer much and load only what is asked for, so that a command starts at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


def offer(package: str, modules: Mapping[str, Sequence[str]]) -> None:
    """Let `package` (its own `__name__`) offer names of other modules, {module: its names}, each imported when one of
    its names is first used. For type checkers the package imports the same names under TYPE_CHECKING."""
    module = sys.modules[package]
    where = {name: part for part, names in modules.items() for name in names}
    module.__dict__["_offered"] = where
    module.__class__ = _Offering


class _Offering(ModuleType):
    _offered: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        part = self._offered.get(name) if not name.startswith("_") else None
        if part is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(part), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a module hangs it on its package: `look`, the module, would hide `look`, the function offered.
        if name in self._offered and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._offered})
