"""Where the files that travel with the program lie: inside the installed wheel, or beside `src/` in a
checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def package_dir() -> Path:
    """The folder of the `dancu` package: every room is a folder of it."""
    return _PACKAGE


def resource_dir(name: str) -> Path:
    """The folder `name` ("locale", "migrations").

    A wheel carries it as `dancu/<name>`; a checkout has it at the repository's root. FileNotFoundError names
    both places, because the usual cause is a wheel built without them.
    """
    inside, beside = _PACKAGE / name, _PACKAGE.parent.parent / name
    for place in (inside, beside):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}: neither {inside} nor {beside} exists")
