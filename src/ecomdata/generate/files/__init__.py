"""Files: what is written of a shop, and where."""
