"""How often one may fail. Five free tries for an account from one network or known device, then one a minute; tries from
networks and devices it never used share one more bucket, so that guessing from many places is slow too while its
owner's own phone is not touched by it. A mobile network is one address for thousands: its own bucket is wide."""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import Final, NamedTuple, TypedDict

from dancu.accounts.models.sign_in import Browser, Flow
from dancu.accounts.store.sign_in_steps import Success, UnnamedBuckets
from dancu.kit import arrays
from dancu.kit.authn import throttle
from dancu.kit.ring import ring
from dancu.kit.tokens import new_token


class _Size(TypedDict):
    burst: int
    seconds: float


_PAIR: Final[_Size] = {"burst": 5, "seconds": 60}
_ACCOUNT: Final[_Size] = {"burst": 20, "seconds": 10}
_WIDE: Final[_Size] = {"burst": 200, "seconds": 1}


class Buckets(NamedTuple):
    """`place`: the network a try comes from. Its own bucket is counted before a success and takes part in none, so it is made when
    asked for."""

    own: throttle.Bucket
    account: list[throttle.Bucket]
    place: str

    @property
    def network(self) -> throttle.Bucket:
        return throttle.bucket("eid network", self.place, **_WIDE)

    @property
    def all(self) -> list[throttle.Bucket]:
        return [self.own, *self.account, self.network]

    @property
    def success(self) -> Success:
        return Success([self.own], self.account)

    @property
    def before(self) -> list[throttle.Bucket]:
        return [self.own, *self.account]


def buckets(flow: Flow, browser: Browser, what: str = "passcode") -> Buckets:
    """`what`: passcode or second factor, each counted for itself."""
    # Without an account the number itself is counted, so that unknown numbers wait like known ones.
    who = str(flow.key) if flow.key else flow.number
    network = throttle.network_of(browser.address)
    if known_device(flow.key, browser.device):
        return Buckets(throttle.bucket(f"eid device {what}", who, browser.device, **_PAIR), [], network)
    pair = throttle.bucket(f"eid pair {what}", who, network, **_PAIR)
    return Buckets(pair, [throttle.bucket(f"eid account {what}", who, **_ACCOUNT)], network)


_NOBODY: Final = (throttle.bucket("", **_PAIR), throttle.bucket("", **_ACCOUNT))
_HEADS: Final = arrays.texts(map(throttle.head, ("eid pair passcode", "eid account passcode")))
_SECONDS: Final = throttle.seconds_of(_NOBODY)
_ROOMS: Final = arrays.floats(map(throttle.room, (*_NOBODY, throttle.bucket("", **_WIDE))))


def unnamed_buckets(browser: Browser) -> UnnamedBuckets:
    """The same for a passcode of somebody the database finds out, in a browser that remembers nobody."""
    return _unnamed(throttle.network_of(browser.address))


@lru_cache(1024)  # a mobile network is one address for thousands
def _unnamed(network: str) -> UnnamedBuckets:
    wide = throttle.bucket("eid network", network, **_WIDE)
    return UnnamedBuckets(_HEADS, arrays.texts((throttle.tail(network), "")), _SECONDS, arrays.blobs((wide.key,)), _ROOMS)


def new_device(key: int) -> str:
    """What a browser keeps once this account signed in there: it opens nothing, it only has tries of its own."""
    nonce = new_token(12)
    return f"{nonce}.{ring().mac('eid device', f'{nonce}|{key}'.encode()).hex()}"


def known_device(key: int, device: str) -> bool:
    if not device or not device.isascii():
        return False
    nonce, _, mac = device.partition(".")
    return hmac.compare_digest(ring().mac("eid device", f"{nonce}|{key}".encode()).hex(), mac)
