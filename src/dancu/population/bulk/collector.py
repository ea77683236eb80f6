"""Python's garbage collector during bulk work."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (200_000, 20, 50)


@contextmanager
def patient_collector() -> Iterator[None]:
    """Collect seldom while the block runs. Millions of short-lived records hold no cycles, yet each few hundred of
    them would start a walk over all that lives (units, caches): a third of the time of an import."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
