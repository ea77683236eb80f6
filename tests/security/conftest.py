"""The registry, its officers and a small office, as the tests of population have them."""

from tests.population.conftest import app, clerk, office, officers, police, registry

__all__ = ["app", "clerk", "office", "officers", "police", "registry"]
