"""Generating a shop against what else generates one, in turn: `make bench-generate [ORDERS=]`.

A round is a peer, the product at the peer's size, and the product at ORDERS; the figure is the
median of the rounds' ratios. Whole processes are measured, with their start. Then how the shops
behave, beside public data of real ones. Nothing here is a test. Needs Linux, for /proc.
"""

import argparse
import hashlib
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from generate_page import comparison_row, page
from generate_peers import PEERS, PRODUCT, PYTHON, Generator, ecomdata_beside
from generate_realism import MADE, PUBLIC, habits
from load import ROOT, Usage, measure

RESULTS = ROOT / "benchmarks/generate.json"
PAGE = ROOT / "docs/benchmarks-generate.md"
#: Orders of the shops whose habits are compared.
REALISM_ORDERS = 100_000
FLAT_LINES = (1_000_000, 10_000_000)
LINES_PER_ORDER = 2.5  # the product's, on average
_BLOCK = 1 << 20
_FETCHED_BLOCKS = 2_000


@dataclass(frozen=True)
class Made:
    """One run: what it took, and what it wrote.

    Args:
        usage: of the whole process and its children.
        orders: written.
        lines: of orders, written.
        mb: of all its files.
        digest: of all its files; the median of several runs has one only if all are the same.
    """

    usage: Usage
    orders: int
    lines: int
    mb: int
    digest: str | None


@dataclass(frozen=True)
class Comparison:
    """The product and a peer; a ratio above 1 says that the product is faster.

    Args:
        peer: its name.
        unit: what is counted in both, `lines` or `orders`.
        ratio: the product's units per CPU-second through the peer's.
        product: the medians of its runs.
        other: those of the peer.
    """

    peer: str
    unit: str
    ratio: float
    product: Made
    other: Made


def compare(peer: Generator, orders: int, rounds: int) -> list[Comparison]:
    """Run the peer and the product in turn: at the peer's size, then at `orders` if it is more."""
    others: list[Made] = []
    products: dict[int, list[Made]] = {}
    product = ecomdata_beside(peer)
    for _ in range(rounds):
        others.append(_run(peer, min(orders, peer.most_orders or orders)))
        for size in sorted({others[0].orders, max(others[0].orders, orders)}):
            products.setdefault(size, []).append(_run(product, size))
    return [
        Comparison(
            peer.name,
            peer.unit,
            round(
                statistics.median(
                    _per_cpu_second(ours, peer.unit) / _per_cpu_second(other, peer.unit)
                    for ours, other in zip(runs, others, strict=True)
                ),
                1,
            ),
            _median(runs),
            _median(others),
        )
        for runs in products.values()
    ]


def _per_cpu_second(made: Made, unit: str) -> float:
    return (made.lines if unit == "lines" else made.orders) / made.usage.cpu_seconds


def _median(runs: list[Made]) -> Made:
    usages = [run.usage for run in runs]
    usage = Usage(
        round(statistics.median(usage.seconds for usage in usages), 3),
        round(statistics.median(usage.cpu_seconds for usage in usages), 3),
        max(usage.peak_mb for usage in usages),
    )
    first = runs[0]
    same = len({run.digest for run in runs}) == 1
    return replace(
        first,
        usage=usage,
        orders=round(statistics.median(run.orders for run in runs)),
        lines=round(statistics.median(run.lines for run in runs)),
        digest=first.digest if same else None,
    )


def _run(generator: Generator, orders: int) -> Made:
    with _made(generator, orders) as (made, folder):
        return replace(made, digest=_digest(folder))


@contextmanager
def _made(generator: Generator, orders: int) -> Iterator[tuple[Made, Path]]:
    """Yield what it took to make a shop, and the folder of its files."""
    working = Path(tempfile.mkdtemp(prefix="generate."))
    try:
        _fetch_memory(working / "pages")
        usage, status, said = measure(generator.command(orders), working)
        if status:
            sys.exit(f"{generator.name} ended with {status}:\n{said}")
        folder = working / generator.folder
        mb = sum(file.stat().st_size for file in _files(folder)) // 1_000_000
        if generator.orders_file:
            orders = _lines(folder / generator.orders_file)
        yield Made(usage, orders, _lines(folder / generator.lines_file), mb, None), folder
    finally:
        shutil.rmtree(working)


def _fetch_memory(path: Path) -> None:
    """Write a large file and delete it: its pages are free then, and this machine's.

    A virtual machine gives its host back what has long been free, and who writes next is charged
    for getting it again: ten times what writing takes, and the product writes most.
    """
    with path.open("wb") as stream:
        for _ in range(_FETCHED_BLOCKS):
            stream.write(bytes(_BLOCK))
    path.unlink()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _lines(file: Path) -> int:
    """The lines below the header; no generator writes a line break within a field."""
    return sum(block.count(b"\n") for block in _blocks(file)) - 1


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(folder):
        digest.update(f"{file.relative_to(folder)} {file.stat().st_size}\n".encode())
        for block in _blocks(file):
            digest.update(block)
    return digest.hexdigest()


def public_habits(data: Path, earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The habits of the public data sets.

    One that is not there keeps its figures of an earlier run, where it has any, and is marked so.
    """
    known = {row["shop"]: row for row in earlier}
    rows = []
    for public in PUBLIC:
        folder = data / public.folder
        if folder.is_dir():
            figures = asdict(habits(public.layout, folder))
            rows.append({"shop": public.name, "note": public.note, "kept": False} | figures)
        elif public.name in known:
            rows.append(known[public.name] | {"kept": True})
    return rows


def made_habits(orders: int) -> list[dict[str, Any]]:
    """The habits of a shop of each generator."""
    rows = []
    for generator in (PRODUCT, *PEERS):
        with _made(generator, orders) as (_, folder):
            rows.append({"shop": generator.name} | asdict(habits(MADE[generator.name], folder)))
    return rows


def alone(lines: int) -> dict[str, Any]:
    """The product's run for about so many lines."""
    with _made(PRODUCT, round(lines / LINES_PER_ORDER)) as (made, _):
        return asdict(made)


def main() -> None:
    """Measure, and write benchmarks/generate.json and docs/benchmarks-generate.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5, help="rounds")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="public data")
    parser.add_argument("--large", type=int, help="lines of one large run; none: the earlier one")
    parser.add_argument("--only-large", action="store_true", help="keep all other earlier figures")
    options = parser.parse_args()
    if options.pairs < 2:
        parser.error("--pairs: two at least, or nobody knows whether they write the same")
    if options.only_large and not (options.large and RESULTS.exists()):
        parser.error(f"--only-large needs --large and an earlier {RESULTS.name}")
    if not PYTHON.exists():
        sys.exit("there is no .venv-bench, which `make bench-generate` makes")
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    if not options.only_large:
        orders = min(options.orders, REALISM_ORDERS)
        results |= {
            "orders": options.orders,
            "pairs": options.pairs,
            "comparisons": [
                _shown(one)
                for peer in PEERS
                for one in map(asdict, compare(peer, options.orders, options.pairs))
            ],
            "realism_orders": orders,
            "public": public_habits(options.data, results.get("public", [])),
            "made": made_habits(orders),
            "flat": [alone(lines) for lines in FLAT_LINES],
        }
    if options.large:
        results["large"] = alone(options.large)
    results.setdefault("large", None)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    PAGE.write_text(page(results), "utf-8")


def _shown(comparison: dict[str, Any]) -> dict[str, Any]:
    print(comparison_row(comparison), flush=True)  # noqa: T201
    return comparison


if __name__ == "__main__":
    main()
