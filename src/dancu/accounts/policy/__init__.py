"""Decisions of the room, pure."""
