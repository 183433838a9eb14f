"""How text in a file becomes records: its dialect, the reader, and blocks read at once."""
