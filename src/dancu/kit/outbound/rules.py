"""Which addresses may be called: an allow-list from the configuration, and what an address must not be."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Rule:
    """`host`: a name, an address, `*.example.vn` (any name below it) or `*` (any); `port` 0: any. `inside`: the entry says itself that the
    host lies in our own network, so its addresses need not be public ones and plain http will do; never with `*`."""

    host: str
    port: int
    inside: bool = False

    def fits(self, host: str, port: int) -> bool:
        if self.port not in (0, port):
            return False
        if self.host.startswith("*"):
            return host.endswith(self.host[1:]) and host != self.host[1:]
        return self.host == host


@dataclass(frozen=True, slots=True)
class Rules:
    allowed: tuple[Rule, ...] = ()

    def of(self, scheme: str, host: str, port: int) -> Rule | None:
        """The entry that lets this address be called; one that says `inside` before others. None: not to be called."""
        fitting = [rule for rule in self.allowed if rule.fits(host, port) and (scheme == "https" or rule.inside)]
        return max(fitting, key=lambda rule: rule.inside, default=None)

    def __add__(self, other: Rules) -> Rules:
        return Rules(self.allowed + other.allowed)


def rules(text: str) -> Rules:
    """From the configuration, entries by comma: `api.bhxh.gov.vn`, `*.gplx.vn:8443` (https, public addresses only),
    `inside:10.1.2.3:8101` (a host of our own network, http or https), `*` (any public address by https; `*:*` at any port). ValueError names
    the entry that cannot be read: a wrong list must not become an open door."""
    return Rules(tuple(_rule(entry.strip()) for entry in text.split(",") if entry.strip()))


def _rule(entry: str) -> Rule:
    inside, text = entry.startswith("inside:"), entry.removeprefix("inside:")
    any_port, text = text.endswith(":*"), text.removesuffix(":*")
    try:
        parts = urlsplit(f"//{text}")
        host, port = (parts.hostname or "").rstrip("."), 0 if any_port else parts.port or 443
    except ValueError:
        host, port = "", 0
    if not host or text != parts.netloc or "@" in text or "*" in host.removeprefix("*") or (inside and "*" in host):
        raise ValueError(f"not an entry of the outbound list: {entry!r}")
    if host.startswith("*") and host != "*" and not host.startswith("*."):
        raise ValueError(f"not an entry of the outbound list: {entry!r}")
    return Rule(host, port, inside)


def target(url: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of an address as it would be called; None where it is none: other schemes, a user's name in it,
    a fragment, characters that two readers read differently."""
    if any(ord(character) <= 32 or ord(character) > 126 or character == "\\" for character in url):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or parts.fragment or "%" in host:
        return None
    return parts.scheme, host, port or _PORTS[parts.scheme]


def public(text: str) -> bool:
    """Is this an address of the open internet? Not one of ours (private, loopback, link-local, site-local), not one that carries such an
    address inside (IPv4 in IPv6, 6to4, NAT64, Teredo), not multicast or reserved."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if carried:
            return public(str(carried))
        if address.is_site_local:  # fec0::/10, out of use, and "global" to the standard library
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
