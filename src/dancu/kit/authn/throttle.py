"""Slowing down guessers without shutting anybody out.

Each key (an account from one network, one known device, a whole network, a whole account) has a bucket of
free failures that refills with time. An empty bucket means waiting, never a lock: nobody can lock an account
by typing wrong passwords for it, and whoever signs in from a device that has succeeded before has a bucket of
their own.

The buckets are rows of `kit.throttle`, one timestamp each (the generic cell rate algorithm): shared by all
processes, empty again after a restart of nothing. Keys are digests, the table says nobody's login.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from dancu.kit import arrays
from dancu.kit.prepared import Prepared

if TYPE_CHECKING:
    from dancu.kit.db import Conn


_PREFIX = "dancu throttle|"


class Bucket(NamedTuple):
    """`burst` failures are free; each is forgiven after `seconds`."""

    key: bytes
    burst: int
    seconds: float


_KEY, _SECONDS = attrgetter("key"), attrgetter("seconds")


def bucket(kind: str, *parts: str, burst: int, seconds: float) -> Bucket:
    text = "\x1f".join((kind, *parts))
    return Bucket(hashlib.sha256(f"{_PREFIX}{text}".encode()).digest(), burst, seconds)


@lru_cache(4096)
def network_of(address: str) -> str:
    """The network a guesser cannot cheaply leave: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def head(kind: str) -> str:
    """`bucket` makes a digest of head, who it is and `tail`, also where the database finds out who it is."""
    return f"{_PREFIX}{kind}\x1f"


def tail(*after: str) -> str:
    return "\x1f".join(("", *after))


async def wait_seconds(conn: Conn, buckets: Sequence[Bucket]) -> float:
    """How long the longest of these buckets makes one wait; 0.0 when another try is free."""
    cursor = await conn.execute(
        """SELECT coalesce(max(extract(epoch FROM t.tat - clock_timestamp()) - b.room), 0)::float8
             FROM unnest(%s::bytea[], %s::float8[]) AS b(key, room)
             JOIN kit.throttle t ON t.key = b.key""",
        ([b.key for b in buckets], [(b.burst - 1) * b.seconds for b in buckets]),
    )
    row = await cursor.fetchone()
    return max(0.0, float(row[0])) if row else 0.0


async def charge(conn: Conn, buckets: Sequence[Bucket]) -> None:
    """Take one failure from each bucket. Rows are locked in key order until the transaction ends, so tries
    that run at the same moment are counted one after the other."""
    ordered = sorted(buckets, key=lambda b: b.key)
    await conn.execute(
        """INSERT INTO kit.throttle AS t (key, tat)
           SELECT b.key, now() + make_interval(secs => b.cost)
             FROM unnest(%s::bytea[], %s::float8[]) AS b(key, cost)
           ON CONFLICT (key) DO UPDATE
              SET tat = greatest(t.tat, now()) + (excluded.tat - now())""",
        ([b.key for b in ordered], [b.seconds for b in ordered]),
    )


def try_params(watched: Sequence[Bucket], charged: Sequence[Bucket]) -> tuple[str, str, str, str]:
    """The arguments of kit.throttle_try."""
    return _keys(watched), arrays.floats(map(room, watched)), _keys(charged), seconds_of(charged)


def settle_params(forgiven: Sequence[Bucket], refunded: Sequence[Bucket]) -> tuple[str, str, str]:
    """The arguments of kit.throttle_settle."""
    return _keys(forgiven), _keys(refunded), seconds_of(refunded)


def room(bucket: Bucket) -> float:
    """Seconds of failures that are free."""
    return (bucket.burst - 1) * bucket.seconds


def _keys(buckets: Sequence[Bucket]) -> str:
    return arrays.blobs(map(_KEY, buckets))


def seconds_of(buckets: Sequence[Bucket]) -> str:
    """What a failure costs in each, as an array."""
    return arrays.floats(map(_SECONDS, buckets))


WITHOUT_DISK, NOTHING = "set_config('synchronous_commit', 'off', true)", "''"
_TRY = {
    first: Prepared(f"SELECT {first}, kit.throttle_try(%s::bytea[], %s::float8[], %s::bytea[], %s::float8[])")
    for first in (WITHOUT_DISK, NOTHING)
}
_SETTLE = Prepared("SELECT kit.throttle_settle(%s::bytea[], %s::bytea[], %s::float8[])")


async def charge_unless_waiting(conn: Conn, watched: Sequence[Bucket], charged: Sequence[Bucket]) -> float:
    """`wait_seconds` of `watched`, and where that is 0.0 `charge` of `charged`, in one statement. Where that is all the
    transaction does, its commit does not wait for the disk: what a crash forgets is one failure."""
    row = await _TRY[without_disk(conn)].row(conn, try_params(watched, charged))
    return float(row[1]) if row else 0.0


def without_disk(conn: Conn) -> str:
    """A first column for a statement that does nothing but charge: its commit need not wait for the disk. Nothing where the
    statement is part of a transaction."""
    alone = conn.autocommit and conn.pgconn.transaction_status == 0
    return WITHOUT_DISK if alone else NOTHING


async def settle(conn: Conn, forgiven: Sequence[Bucket], refunded: Sequence[Bucket]) -> None:
    """`forgive` and `refund` in one statement."""
    await _SETTLE.rows(conn, settle_params(forgiven, refunded))


async def forgive(conn: Conn, buckets: Sequence[Bucket]) -> None:
    """Give a success its failures back."""
    await conn.execute("DELETE FROM kit.throttle WHERE key = ANY (%s::bytea[])", ([b.key for b in buckets],))


async def refund(conn: Conn, buckets: Sequence[Bucket]) -> None:
    """Take back one charge from each bucket: the try was a success, the failures before it stay counted."""
    await conn.execute(
        """UPDATE kit.throttle t SET tat = t.tat - make_interval(secs => b.cost)
             FROM unnest(%s::bytea[], %s::float8[]) AS b(key, cost) WHERE t.key = b.key""",
        ([b.key for b in buckets], [b.seconds for b in buckets]),
    )


async def once(conn: Conn, kind: str, *parts: str, seconds: float) -> bool:
    """True the first time this is asked within `seconds`: a challenge that is answered, a link that is followed."""
    mark = bucket(kind, *parts, burst=1, seconds=seconds)
    done = await conn.execute(
        "INSERT INTO kit.throttle AS t (key, tat) VALUES (%s::bytea, now() + make_interval(secs => %s))"
        " ON CONFLICT (key) DO UPDATE SET tat = excluded.tat WHERE t.tat < now()",
        (mark.key, seconds),
    )
    return done.rowcount == 1


async def sweep(conn: Conn) -> int:
    """Forget full buckets; a nightly job."""
    cursor = await conn.execute("DELETE FROM kit.throttle WHERE tat < clock_timestamp()")
    return cursor.rowcount
