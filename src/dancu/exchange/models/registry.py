"""Generic registries and their records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Registry:
    """`definition`: its schema as its owner gave it (JSON Schema in GovStack's words)."""

    registry_no: int
    name: str
    version: str
    code: str
    group_name: str
    org_code: str
    definition: dict[str, Any]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """`record_no` names it inside, `record_id` is the value of its `id`."""

    record_no: str
    record_id: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a record by somebody's program. `reader`: INSTANCE/CLASS/MEMBER/SUBSYSTEM."""

    entry_id: int
    at: datetime
    reader: str
