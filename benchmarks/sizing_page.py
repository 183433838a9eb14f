"""sizing.json as the tables of docs/sizing.md; the text between them is written by hand."""

import re
from collections.abc import Callable
from typing import Any

_HORIZON = 10_000_000_000  # order lines
_MB = 1 << 20

Run = dict[str, Any]


def page(text: str, runs: list[Run]) -> str:
    """Return the page's text with the tables written anew, each between its marks."""
    for name, table in _TABLES.items():
        marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            marks, lambda m, t=table: m[1] + t(runs) + m[2], text, flags=re.DOTALL
        )
        assert found == 1, name
    return text


def _measured(runs: list[Run]) -> str:
    return _table(
        "order lines | engine | load: s | CPU s | build: s | CPU s | CPU µs a line "
        "| times DuckDB's | peak MB | disk MB | load of the machine | rows unlike DuckDB's",
        [
            [
                f"{run['lines']:,}",
                run["engine"],
                *(f"{run[step][of]:,.0f}" for step in ("load", "build") for of in _USAGE),
                f"{_build_cost(run):.0f}",
                _times_duckdbs(run),
                f"{max(run[step]['peak_mb'] for step in ('load', 'build')):,}",
                f"{run['disk_mb']:,}",
                str(run["load_average"]),
                "-" if run["engine"] == "DuckDB" else f"{sum(run['different'].values()):,}",
            ]
            for run in runs
            if not run["skew"]
        ],
    )


def _skewed(runs: list[Run]) -> str:
    even = {(run["engine"], run["asked"]): run for run in runs if not run["skew"]}
    return _table(
        "order lines | engine | build, CPU s: even | skewed | times DuckDB's: even | skewed "
        "| peak MB: even | skewed | rows unlike DuckDB's",
        [
            [
                f"{run['lines']:,}",
                run["engine"],
                *(f"{each['build']['cpu_seconds']:,.0f}" for each in (plain, run)),
                *(_times_duckdbs(each) for each in (plain, run)),
                *(f"{each['build']['peak_mb']:,}" for each in (plain, run)),
                "-" if run["engine"] == "DuckDB" else f"{sum(run['different'].values()):,}",
            ]
            for run in runs
            if run["skew"] and (plain := even.get((run["engine"], run["asked"])))
        ],
    )


def _extrapolated(runs: list[Run]) -> str:
    """Return what each engine would take: its cost of a line more, from its two largest runs."""
    rows = []
    for engine in dict.fromkeys(run["engine"] for run in runs):
        known = sorted(
            (run for run in runs if run["engine"] == engine and not run["skew"]),
            key=lambda run: int(run["lines"]),
        )
        if len(known) < 2:
            continue
        small, large = known[-2:]

        def of_a_line(figure: Callable[[Run], float], a: Run = small, b: Run = large) -> float:
            return (figure(b) - figure(a)) / (b["lines"] - a["lines"])

        load = of_a_line(lambda run: float(run["load"]["cpu_seconds"]))
        build = of_a_line(lambda run: float(run["build"]["cpu_seconds"]))
        disk = of_a_line(lambda run: float(run["disk_mb"])) * _MB
        rows.append(
            [
                engine,
                f"{small['lines']:,} and {large['lines']:,}",
                f"{load * 1e6:.1f}",
                f"{build * 1e6:.1f}",
                f"{disk:.0f}",
                f"{load * _HORIZON / 3600:,.0f}",
                f"{build * _HORIZON / 3600:,.0f}",
                f"{disk * _HORIZON / 1e12:.1f}",
            ]
        )
    return _table(
        "engine | from runs of lines | a line more: load, CPU µs | build, CPU µs | disk, bytes "
        "| 10 billion lines: load, CPU hours | build, CPU hours | disk, TB",
        rows,
    )


_USAGE = ("seconds", "cpu_seconds")
_TABLES = {"measured": _measured, "skewed": _skewed, "extrapolated": _extrapolated}


def _build_cost(run: Run) -> float:
    return float(run["build"]["cpu_seconds"]) * 1e6 / int(run["lines"])


def _times_duckdbs(run: Run) -> str:
    """Return a build's CPU through that of DuckDB's build of the same shop, just before it."""
    if "duckdbs_cpu_seconds" not in run:  # measured before it was kept
        return ""
    return f"{run['build']['cpu_seconds'] / run['duckdbs_cpu_seconds']:.1f}"


def _table(head: str, rows: list[list[str]]) -> str:
    lines = [head, " | ".join("---" for _ in head.split("|")), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)
