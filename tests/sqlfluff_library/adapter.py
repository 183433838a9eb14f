"""What the linter puts for dbt's adapter: any expression will do where an engine's macro stands."""

from collections.abc import Callable

#: Macros that are no expression.
_CLAUSES = ("computed_once",)


def dispatch(name: str, package: str) -> Callable[..., str]:
    return lambda *arguments: "offset 0" if name in _CLAUSES else "null"
