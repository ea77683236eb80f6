"""Integrated documents and their states."""
