"""Where a browser is, as its owner would say it."""

from __future__ import annotations

from ipaddress import ip_network

from dancu.kit.i18n import N_, gettext

_HERE, _INSIDE, _OUTSIDE = N_("ngay trên máy này"), N_("mạng nội bộ {network}"), N_("mạng {network}")


def place_of(network: str, language: str) -> str:
    """`network`: an IPv4 address or the /64 of an IPv6 one, as sessions keep it; "" where nothing is known."""
    try:
        known = ip_network(network)
    except ValueError:
        return ""
    # The /64 of ::1 is ::/64, which Python does not call a loopback.
    if known.is_loopback or known == ip_network("::/64"):
        return gettext(_HERE, language)
    return gettext(_INSIDE if known.is_private else _OUTSIDE, language, network=str(known).removesuffix("/32"))
