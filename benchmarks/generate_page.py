"""generate.json as docs/benchmarks-generate.md."""

from collections.abc import Iterable
from typing import Any

from generate_peers import PEERS, PRODUCT

_HEAD = """\
# Benchmarks: generating a shop

`make bench-generate ORDERS={orders} PAIRS={pairs}` wrote this page: the product and a peer in turn,
whole processes with their start, on one machine. Of two figures the first is the product's; they
are medians, and the most of the memory. Where the product stands beside a peer at two sizes, the
peer is too slow for the larger, or has one size alone. Before each run memory is fetched that a
virtual machine's host may have taken back. Times mean nothing on another machine.

- **ratio**: what the product writes in a CPU-second through what the peer writes; above 1 the
  product is faster. Lines of orders are counted, for jafgen orders.
- **CPU s, peak MB**: of the process and its children.
- **same bytes**: all runs with the same arguments wrote the same files.

| against | orders | lines of orders | ratio | counted per CPU s | per s | CPU s | seconds \
| peak MB | same bytes |
|---|---|---|---|---|---|---|---|---|---|
"""
_REALISM = """\
## How the shops behave

Two shops of the world, and a shop of each generator: {realism_orders:,} orders, of jafgen a year.

- **again**: customers who order again on a later day: within 39 weeks of their first order, of
  those who are seen so long; and of all, those who came last included.
- **top customers, top products**: share of net sales (cancelled orders left out, what came back
  subtracted) by the best fifth of the customers, and of the products that sold.
- **days between**: median over a customer's consecutive orders.
- **lines**: of an order, mean and 90th percentile.
- **days' variation**: standard deviation of a day's net sales through their mean, over the days
  that sold.

| shop | weeks | customers | orders | again, 39 weeks | again | top customers | days between \
| lines | top products | days' variation |
|---|---|---|---|---|---|---|---|---|---|---|
"""
_ALONE = """\
| lines of orders | orders | MB written | seconds | CPU s | lines per CPU s | peak MB |
|---|---|---|---|---|---|---|
"""
_AIMS = """\
## What was aimed at

| figure | aim | measured |
|---|---|---|
| ratio to Faker | 50 | {faker:.1f} |
| ratio to jafgen | 150 | {jafgen:.1f} |
| lines per CPU s, {orders:,} orders | 1,500,000 | {rate:,.0f} |
| peak MB, whatever the size | 300 | {peak:,} |

The aim for jafgen comes from a sketch that wrote one line of six columns an order, and no more;
a line has eleven here, and there are returns, cancellations, affinities, events, true KPIs and the
truth of each customer. 150 times jafgen would be {jafgens:,.0f} orders a CPU-second; the sketch
itself made 128 times what jafgen did in the same hour.
"""
_FLAT = "## Memory by size\n\n`ecomdata generate`, one run each.\n\n"
_LARGE = "## Large\n\nOne run of `ecomdata generate --orders {orders}`.\n\n"
_NO_LARGE = "## Large\n\nNot measured yet: `make bench-generate LARGE=100000000`.\n"
_UNKNOWN = "-"


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    comparisons = _lines(comparison_row(one) for one in results["comparisons"])
    public, made = results["public"], results["made"]
    large = results["large"]
    parts = [
        _HEAD.format(**results) + comparisons,
        _aims(results),
        _REALISM.format(**results) + _lines(map(_realism_row, public + made)),
        _lines(f"- {row['shop']}: {row['note']}{_kept(row)}" for row in public),
        _FLAT + _ALONE + _lines(map(_alone_row, results["flat"])),
        _LARGE.format(**large) + _ALONE + _lines([_alone_row(large)]) if large else _NO_LARGE,
        "## How each is called\n\n" + _lines(f"- {x.name}: {x.how}" for x in (PRODUCT, *PEERS)),
    ]
    return "\n".join(parts)


def _aims(results: dict[str, Any]) -> str:
    """Return what was aimed at beside what the largest runs measured."""
    last = {one["peer"]: one for one in results["comparisons"]}
    jafgen = last["jafgen"]["other"]
    largest = results["flat"][-1]
    alone = [*results["flat"], *([results["large"]] if results["large"] else [])]
    return _AIMS.format(
        faker=last["Faker"]["ratio"],
        jafgen=last["jafgen"]["ratio"],
        jafgens=150 * jafgen["orders"] / jafgen["usage"]["cpu_seconds"],
        orders=largest["orders"],
        rate=largest["lines"] / largest["usage"]["cpu_seconds"],
        peak=max(made["usage"]["peak_mb"] for made in alone),
    )


def comparison_row(one: dict[str, Any]) -> str:
    """Return a comparison as a line of the table."""
    sides = one["product"], one["other"]
    usages = [side["usage"] for side in sides]
    counts = [side[one["unit"]] for side in sides]
    rates = {
        clock: [count / usage[clock] for count, usage in zip(counts, usages, strict=True)]
        for clock in ("cpu_seconds", "seconds")
    }
    return _row(
        one["peer"],
        *(" / ".join(f"{side[unit]:,}" for side in sides) for unit in ("orders", "lines")),
        f"**{one['ratio']:,.1f}**",
        *(" / ".join(f"{rate:,.0f}" for rate in both) for both in rates.values()),
        " / ".join(f"{usage['cpu_seconds']:.2f}" for usage in usages),
        " / ".join(f"{usage['seconds']:.2f}" for usage in usages),
        " / ".join(f"{usage['peak_mb']:,}" for usage in usages),
        " / ".join("yes" if side["digest"] else "no" for side in sides),
    )


def _realism_row(row: dict[str, Any]) -> str:
    no_lines = row["lines_mean"] is None
    return _row(
        row["shop"],
        f"{row['weeks']:,}",
        f"{row['customers']:,}",
        f"{row['baskets']:,}",
        _percent(row["again_39_weeks"]),
        _percent(row["again"]),
        _percent(row["top_customers"]),
        f"{row['days_between']:.0f}",
        _UNKNOWN if no_lines else f"{row['lines_mean']:.1f}, {row['lines_p90']:.0f}",
        _percent(row["top_products"]),
        f"{row['daily_variation']:.2f}",
    )


def _alone_row(made: dict[str, Any]) -> str:
    usage = made["usage"]
    return _row(
        *(f"{made[name]:,}" for name in ("lines", "orders", "mb")),
        f"{usage['seconds']:.1f}",
        f"{usage['cpu_seconds']:.1f}",
        f"{made['lines'] / usage['cpu_seconds']:,.0f}",
        f"{usage['peak_mb']:,}",
    )


def _percent(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{100 * share:.0f} %"


def _kept(row: dict[str, Any]) -> str:
    return " Its files were not there: these are figures of an earlier run." if row["kept"] else ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
