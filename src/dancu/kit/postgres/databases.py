"""Databases of a cluster, and forgetting all of it."""

from __future__ import annotations

import contextlib
import shutil
import signal

from dancu.kit.postgres.cluster import DATABASE, Cluster
from dancu.kit.postgres.ownership import NOTE
from dancu.kit.postgres.server import stop

_OURS = ("pg", "run", "keys", "logs", "checkpoints", "import", "services", "simulators", "demo", "reconcile", "drops", "demo.json", "demo.lock", "demo.url", NOTE)


def ensure_database(cluster: Cluster, dbname: str = DATABASE) -> None:
    """CREATE DATABASE where it is missing."""
    import psycopg

    with psycopg.connect(cluster.dsn("admin", "postgres"), autocommit=True) as conn:
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (dbname,)).fetchone() is None:
            conn.execute(f'CREATE DATABASE "{dbname}"')


def drop_database(cluster: Cluster, dbname: str = DATABASE) -> None:
    """DROP DATABASE, ending whatever is connected to it."""
    import psycopg

    with psycopg.connect(cluster.dsn("admin", "postgres"), autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{dbname}" WITH (FORCE)')


def remove(cluster: Cluster) -> None:
    """Stop the server and forget what Dancu put into this data folder. Whatever else lies there stays, and the folder
    with it: nobody loses a folder by naming the wrong one."""
    stop(cluster, mode=signal.SIGQUIT)  # a last checkpoint would write what is about to be deleted
    for path in (cluster.pgdata, cluster.socket, *(cluster.data / name for name in _OURS)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for folder in {cluster.pgdata.parent, cluster.data}:
        with contextlib.suppress(OSError):
            folder.rmdir()
