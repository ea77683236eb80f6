"""Verification of the whole log: of the database, or of an exported copy. Nothing in the database is believed but what
the signed checkpoints commit to, and those are held against checkpoints remembered elsewhere."""

from __future__ import annotations

from dancu.audit.verify.database import verify
from dancu.audit.verify.exported import verify_export

__all__ = ["verify", "verify_export"]
