"""Templates as they lay in their folders when the program started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound


class Kept(BaseLoader):
    """Every template as it was when the program started. One laid down since belongs to other code than what runs: an upgrade beside a
    running program would fill new pages with old things, and answer 500 for each page that nobody had opened before."""

    def __init__(self, folders: list[Path]) -> None:
        self._kept: dict[str, tuple[str, str]] = {}
        for folder in reversed(folders):  # the first that has a name keeps it
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                self._kept[path.relative_to(folder).as_posix()] = path.read_text("utf-8"), str(path)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if template not in self._kept:
            raise TemplateNotFound(template)
        return *self._kept[template], lambda: True

    def list_templates(self) -> list[str]:
        return sorted(self._kept)
