"""Figures with a baseline of the same run. `python -m benchmarks [--deep] [NAME]`."""
