"""The one way out: HTTP calls from here to addresses of others (ministries, subscribers, registered services).

    out = Outbound(rules(settings.outbound), most_connections=4)
    answer = await out.call("GET", "https://api.bhxh.example/v1/…", seconds=3, most_bytes=200_000)

An address that somebody registered could name a machine inside our own network. So nothing is called that the configuration
does not name (`rules`), a name is resolved once and the call goes to the very address that was checked, redirects are not
followed, no connection serves two calls, and time and size are bounded. Each `Outbound` has its own connections and its own resolver: one partner's slowness
stays with that partner.
"""

from dancu.kit.outbound.client import Answer, Failed, Outbound
from dancu.kit.outbound.rules import Rule, Rules, rules

__all__ = ["Answer", "Failed", "Outbound", "Rule", "Rules", "rules"]
