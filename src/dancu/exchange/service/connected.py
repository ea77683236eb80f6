"""The ways to the connected ministries, from the configuration."""

from __future__ import annotations

import os
from pathlib import Path

from dancu.exchange.connectors.addresses import addresses
from dancu.exchange.connectors.catalogue import connector, connectors
from dancu.exchange.connectors.client import Lines
from dancu.kit.db import data_dir
from dancu.kit.outbound import rules

__all__ = ["Lines", "connector", "connectors", "lines", "lines_of_process"]


def lines(file: str, keys: Path, outbound: str) -> Lines:
    """`file`: where ministries are (connectors.addresses); `outbound`: what may be called. Raises ValueError where either cannot be
    read."""
    known = connectors() if file else {}
    return Lines(known, addresses(file, keys, known), rules(outbound))


def lines_of_process() -> Lines:
    """The same for work outside a request."""
    return lines(os.environ.get("DANCU_CONNECTORS", ""), data_dir() / "keys", os.environ.get("DANCU_OUTBOUND", ""))
