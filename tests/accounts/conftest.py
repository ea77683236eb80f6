"""A registry with officers (as the population's tests have it) and a key ring of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.population.conftest import app, clerk, office, officers, police, registry

__all__ = ["app", "clerk", "office", "officers", "police", "registry"]


@pytest.fixture(autouse=True, scope="session")
def _ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Contacts are encrypted under keys of a data folder that ends with the tests."""
    folder = tmp_path_factory.mktemp("accounts-data")
    patch = pytest.MonkeyPatch()
    patch.setenv("DANCU_DATA", str(folder))
    yield folder
    patch.undo()
