"""News of this room, and of rooms above it that it listens to. Payloads hold keys, codes and kinds only."""

from typing import Final

# Somebody says that what a ministry holds is wrong; a document will not integrate because its source contradicts the registry.
# The room of quality opens a case of either.
CONNECTOR_WRONG: Final = "connector.wrong"
DOCUMENT_MISMATCH: Final = "document.mismatch"
# Its desk answered: whoever waits for the ministry's data asks again.
DISPUTE_SETTLED: Final = "exchange.dispute.settled"

# A ministry says something else of somebody than when it was last asked: a document that is carried in the account lives by it.
PAPER_CHANGED: Final = "exchange.paper.changed"

# The room of quality stands above this one: its news is known by its topics.
CASE_OPENED: Final = "quality.case.opened"
CASE_ANSWERED: Final = "quality.case.answered"
