"""Which process looks after a running server and stops it in the end."""

from __future__ import annotations

import os

from dancu.kit.postgres.cluster import Cluster

NOTE = "database.owner"


def claim(cluster: Cluster, started: bool) -> bool:
    """Whether this process is the one that stops the server in the end: it `started` it, or who did was killed. One
    that runs and was claimed by nobody somebody else looks after."""
    if not started:
        found = owner(cluster)
        if found is None or (found != os.getpid() and _alive(found)):
            return False
    (cluster.data / NOTE).write_text(str(os.getpid()))
    return True


def owner(cluster: Cluster) -> int | None:
    """The process that claimed the server last, living or not."""
    try:
        return int((cluster.data / NOTE).read_text())
    except (OSError, ValueError):
        return None


def looked_after(cluster: Cluster) -> int | None:
    """The living process whose running server this is; None where the server is at rest, or left over from one killed."""
    found = owner(cluster)
    return found if found is not None and cluster.pid() is not None and _alive(found) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def disown(cluster: Cluster) -> None:
    """The server is gone: nobody looks after it."""
    (cluster.data / NOTE).unlink(missing_ok=True)
