"""Making a cluster, starting and stopping its server."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time

from dancu.kernel.errors import Unavailable
from dancu.kit.command import os_user
from dancu.kit.postgres.cluster import Cluster, bin_dir, own_folder, service_user
from dancu.kit.postgres.ownership import disown

LOGIN_ROLES = ("dancu_admin", "dancu_app", "dancu_worker", "dancu_import", "dancu_verify", "dancu_biometric")

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "128MB",
    "effective_cache_size": "2GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    # This build has the slow compression only, which takes a hundredth of what a sign-in costs.
    "wal_compression": "off",
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


def _failed(said: str, folder: str) -> Unavailable:
    """What the server's own words mean for whoever started it."""
    if "No space left on device" in said:
        return Unavailable("postgres.disk_full", "Đĩa đã đầy ở {folder}. Hãy giải phóng ít nhất 2 GB rồi chạy lại.", folder=folder)
    return Unavailable("postgres.failed", "PostgreSQL không chạy được: {reason}", reason=said.strip()[-600:])


def _run(args: list[str], user: pwd.struct_passwd | None) -> None:
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(args, cwd="/", capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
    if done.returncode:
        raise _failed(done.stderr, args[args.index("-D") + 1] if "-D" in args else "")


def create(cluster: Cluster) -> bool:
    """initdb with checksums and peer authentication. Returns False where the cluster exists already."""
    if (cluster.pgdata / "PG_VERSION").exists():
        return False
    user = service_user()
    cluster.data.mkdir(parents=True, exist_ok=True)
    cluster.pgdata.parent.mkdir(parents=True, exist_ok=True)
    own_folder(cluster.pgdata, user, 0o700)
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
    own_folder(cluster.socket, user, 0o700)
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
    raise _failed(tail, str(cluster.pgdata))


def _answers(cluster: Cluster) -> bool:
    import psycopg

    try:
        with psycopg.connect(cluster.dsn("admin", "postgres"), connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


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
    disown(cluster)
