"""The synthetic province: people, organisations, messy register files; and the command that brings it to life."""
