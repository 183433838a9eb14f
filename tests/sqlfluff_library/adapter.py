"""What the linter puts for dbt's adapter: any expression will do where an engine's macro stands."""

from collections.abc import Callable


def dispatch(name: str, package: str) -> Callable[..., str]:
    return lambda *arguments: "null"
