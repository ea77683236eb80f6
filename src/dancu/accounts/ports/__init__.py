"""Doors to systems outside: each a small client with a documented wire, and a simulator a demonstration serves."""
