"""Each test module works on a copy of the run's one demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform.installation import Installation, copy_of


@pytest.fixture(scope="module")
def make_installation(filled: Path) -> Iterator[Callable[[], Installation]]:
    made: list[Installation] = []

    def make() -> Installation:
        made.append(copy_of(filled))
        return made[-1]

    yield make
    for one in made:
        one.clean_up()


@pytest.fixture(scope="module")
def installation(make_installation: Callable[[], Installation]) -> Installation:
    """A copy of the demonstration for this module, at rest."""
    return make_installation()
