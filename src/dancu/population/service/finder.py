"""The hot path: look-ups by number. Those waiting at the same moment share one statement and one commit; each has its own
verdict and its own evidence entry, durable before any of them is answered."""

from __future__ import annotations

from typing import Any

from dancu.kit.batching import Batches, Connect
from dancu.population.service.look import refusal
from dancu.population.store import gate
from dancu.population.store.gate import Find

Answer = tuple[str, int, dict[str, Any] | None]


class Finder(Batches[Find, Answer]):
    def __init__(self, connect: Connect, **bounds: Any) -> None:
        super().__init__(connect, gate.find_many, busy="person.busy", **bounds)

    async def find(self, find: Find) -> tuple[int, dict[str, Any]]:
        """(entry_id, summary). Raises the refusal of the gate, or Unavailable `person.busy`."""
        word, entry_id, record = await self.ask(find)
        if word != "ok" or record is None:
            raise refusal(word if word != "ok" else "not_found")
        return entry_id, record


__all__ = ["Find", "Finder"]
