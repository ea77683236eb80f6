"""The one catalogue: permissions, roles, legal bases and purposes, as data. `service.sync_catalogue` copies
it into tables when the database is migrated; code elsewhere names permissions by their codes only."""

from dancu.access.catalogue.laws import LAWS
from dancu.access.catalogue.limits import LIMITS
from dancu.access.catalogue.permissions import NATIONAL_LOOKUP, PERMISSIONS
from dancu.access.catalogue.purposes import PURPOSES, rules
from dancu.access.catalogue.roles import EXCLUSIVE_ROLES, ROLES, permissions_of

__all__ = [
    "EXCLUSIVE_ROLES",
    "LAWS",
    "LIMITS",
    "NATIONAL_LOOKUP",
    "PERMISSIONS",
    "PURPOSES",
    "ROLES",
    "permissions_of",
    "rules",
]
