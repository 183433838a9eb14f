"""Chance: words by address, and tables of distributions."""
