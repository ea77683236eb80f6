"""A free port, where the system does not give it to somebody else a moment later."""

from __future__ import annotations

import secrets
import socket

#: Below what Linux (from 32768) and macOS (from 49152) give to outgoing connections: a port from there may be taken by any
#: connection between the choice and the start of the server, and who calls such a port before its server is up, or while it is
#: down, may be connected to himself and so keep the server from it.
_FIRST, _COUNT = 20_000, 12_000
_TRIES = 200


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this address; 0 where there is none or the machine has no such address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(_TRIES):
        port = _FIRST + secrets.randbelow(_COUNT)
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
                return port
        except OSError:
            continue
    return 0
