"""Customers: what they are called, and how they come, buy and go."""
