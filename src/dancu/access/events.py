"""What access tells the rest of the house. Payloads hold keys and kinds only."""

GLASS_BROKEN = "access.glass_broken"
GLASS_REVIEWED = "access.glass_reviewed"
RIGHTS_CHANGED = "access.rights_changed"
