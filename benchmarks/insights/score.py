"""Scores the insights on shops with planted events and on shops with none: `make score-insights`.

Writes benchmarks/insights/score.json and the table of docs/insights.md.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from shops import built, compiled

from ecomdata.generate import ShopPlan
from ecomdata.insights import Score, score_insights

HERE = Path(__file__).parent
#: Seeds up to 50 are for tuning; those of the report begin here.
FIRST_SEED = 1000


def scored(seeds: range, events: int, orders: int, period: str) -> Score:
    """Score shops of these seeds together."""
    total = Score()
    with tempfile.TemporaryDirectory() as folder:
        models = compiled(Path(folder) / "first")
        for seed in seeds:
            plan = ShopPlan(orders=orders, seed=seed, events=events)
            with built(Path(folder) / "shop", plan, models) as (connection, truth):
                score = score_insights(connection, truth, period)  # type: ignore[arg-type]
            total.add(score)
            print(  # noqa: T201
                f"seed {seed}: {len(score.events)} events, {len(score.findings)} findings,"
                f" {len(score.unmet)} of them not planted",
                file=sys.stderr,
                flush=True,
            )
    return total


def main() -> None:
    """Score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="shops with events")
    parser.add_argument("--nulls", type=int, default=50, help="shops with none")
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--orders", type=int, default=60_000)
    parser.add_argument("--period", default="month")
    parser.add_argument("--out", type=Path, default=HERE / "score.json")
    given = parser.parse_args()
    result: dict[str, Any] = {"orders": given.orders, "first_seed": given.first}
    for name, count, events in (("planted", given.seeds, 8), ("null", given.nulls, 0)):
        seeds = range(given.first, given.first + count)
        score = scored(seeds, events, given.orders, given.period) if count else Score()
        result[name] = {"shops": count} | score.as_record()
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
