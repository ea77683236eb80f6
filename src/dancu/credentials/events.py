"""News of this room. Payloads hold keys, codes and kinds only."""

from typing import Final

DOCUMENT_INTEGRATED: Final = "credentials.document.integrated"
# Its source says something else of it than before: valid, expired, suspended, revoked.
DOCUMENT_CHANGED: Final = "credentials.document.changed"
