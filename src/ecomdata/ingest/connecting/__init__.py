"""A connector proposed for a layout that none of ours knows."""
