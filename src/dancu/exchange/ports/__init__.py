"""Devices at the counter that others make, and what stands in for them in a demonstration."""
