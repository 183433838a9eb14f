"""The pipeline's steps for schedulers: thin, and only imported by who asks for one."""
