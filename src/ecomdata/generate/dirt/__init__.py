"""Dirt: the faults of real exports, and planting them."""
