"""Python's garbage collector in a process of ours that serves or works through rows for long."""

from __future__ import annotations

import gc
from typing import Final

# A request makes a few thousand objects, hardly any of them in a cycle, and all are gone when it is answered. With the usual 700 the
# collector looked through whatever was being answered every few requests, and now and then through all that lives: a tenth of what a
# request cost, and the longest waits.
_THRESHOLDS: Final = (20_000, 10, 20)


def settle() -> None:
    """What lives now (modules, tables, pages) lives as long as the process: it is looked through once and never again, and what comes
    after seldom. To be called when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
