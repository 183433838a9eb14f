"""results.json as docs/benchmarks.md."""

from collections.abc import Iterable
from typing import Any

from peers import DUCKDB, PEERS, POSTGRES, PRODUCTS

_HEAD = """\
# Benchmarks

`make bench ROWS={rows} PAIRS={pairs}` wrote this page: loading, the product and a peer in turn, on
the same file, into an empty warehouse. Of two figures the first is the product's; they are medians
of whole processes, with their start. What takes long is compared on fewer lines, the product on the
same: nothing is extrapolated. Times mean nothing on another machine.

- **ratio**: the peer's seconds through the product's; above 1 the product is faster. "aborts": the
  peer stops with an error and loads nothing, or a part.
- **good rows lost**: undamaged lines of the file that did not arrive as a row with their values.
- **strange rows**: rows that arrived and are no good line of the file: damaged, made of
  several, or not split into fields.
- **bad lines named**: damaged lines that are reported by their line in the file.
- **CPU s, peak MB**: of the process and its children; not of the PostgreSQL server.

In the damaged file one line in 1,000 has, in turn, an unterminated quote, its end torn off, a field
too many, a NUL byte.
"""
_COMPARISONS = """\
| file | order lines | against | ratio | good rows lost | strange rows | bad lines named \
| seconds | CPU s | peak MB |
|---|---|---|---|---|---|---|---|---|---|
"""
_DAMAGES = """\
## By kind of damage

What is lost of {damage_rows:,} order lines where one in 1,000 is damaged, always in the same way:
good rows lost, and strange rows that came instead.

"""


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    parts = [_HEAD.format(**results)]
    for engine in (POSTGRES, DUCKDB):
        rows = [comparison_row(one) for one in results["comparisons"] if one["engine"] == engine]
        parts.append(f"## Into {engine}\n\n{_COMPARISONS}{_lines(rows)}")
    parts.append(_DAMAGES.format(**results) + _lines(_damage_rows(results["damages"])))
    calls = {peer.name: peer.how for peer in (*PRODUCTS.values(), *PEERS)}
    parts.append("## How each is called\n\n" + _lines(f"- {x}: {how}" for x, how in calls.items()))
    if skipped := results["skipped"]:
        parts.append("## Skipped\n\n" + _lines(f"- {x}: {why}" for x, why in skipped.items()))
    return "\n".join(parts)


def comparison_row(one: dict[str, Any]) -> str:
    """Return a comparison as a line of the table."""
    sides = one["product"], one["other"]
    arrivals = [side["arrival"] for side in sides]
    usages = [side["usage"] for side in sides]
    itself = one["peer"] == PRODUCTS[one["engine"]].name
    return _row(
        "damaged" if one["bad_lines"] else "clean",
        f"{one['rows']:,}",
        "itself, clean file" if itself else one["peer"],
        "aborts" if one["ratio"] is None else f"**{one['ratio']:.2f}**",
        " / ".join(f"{arrival['good_lost']:,}" for arrival in arrivals),
        " / ".join(f"{arrival['strange']:,}" for arrival in arrivals),
        " / ".join(f"{side['bad_lines_named']:,}" for side in sides),
        " / ".join(f"{usage['seconds']:.2f}" for usage in usages),
        " / ".join(f"{usage['cpu_seconds']:.2f}" for usage in usages),
        " / ".join(f"{usage['peak_mb']:,}" for usage in usages),
    )


def _damage_rows(damages: list[dict[str, Any]]) -> list[str]:
    lost: dict[tuple[str, str], dict[str, str]] = {}
    for one in damages:
        arrival = one["outcome"]["arrival"]
        said = f"{arrival['good_lost']:,} lost, {arrival['strange']:,} strange"
        by_damage = lost.setdefault((one["engine"], one["peer"]), {})
        by_damage[one["damage"]] = "aborts" if one["outcome"]["aborted"] else said
    kinds = list(dict.fromkeys(one["damage"] for one in damages))
    head = [_row("into", "by", *kinds), "|---" * (len(kinds) + 2) + "|"]
    return head + [_row(*key, *(said[kind] for kind in kinds)) for key, said in lost.items()]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
