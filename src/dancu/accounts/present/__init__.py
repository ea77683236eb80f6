"""How the room's things read on a page."""
