"""How this room's things read."""
