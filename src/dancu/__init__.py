"""Dancu: the digital-citizen platform. One package, one program, one database. See ARCHITECTURE.md."""

__version__ = "0.1.0"
