"""Sets the forecast beside statsforecast's: `forecasts.py --statsforecast PYTHON`.

PYTHON is an interpreter that has statsforecast. Rolling origins of generated shops with nothing
planted: up to six forecasts of four weeks each, as the backtest of `ecomdata insights` makes them.
Writes benchmarks/insights/forecasts.json; docs/decisions/0021 quotes it.
"""

import argparse
import json
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shops import built, compiled

from ecomdata.generate import ShopPlan
from ecomdata.insights.anomalies import read_sales
from ecomdata.insights.asking import days_covered
from ecomdata.insights.forecast import LEARNED, ORIGINS, STEP, forecast_days

Floats = NDArray[np.float64]
HERE = Path(__file__).parent
WEEK = 7
#: Nothing was tuned on these.
FIRST_SEED = 3000


def daily_sales(seeds: range, orders: int) -> list[tuple[date, Floats]]:
    """The first day and the net sales of every day of shops of these seeds."""
    shops = []
    with tempfile.TemporaryDirectory() as folder:
        models = compiled(Path(folder) / "first")
        for seed in seeds:
            plan = ShopPlan(orders=orders, seed=seed)
            with built(Path(folder) / "shop", plan, models) as (connection, _):
                days = days_covered(connection)
                assert days
                shops.append((days.start, read_sales(connection, days)))
    return shops


def origins(sales: Floats) -> list[int]:
    """The days that forecasts are made on, the first first."""
    count = min(ORIGINS, (len(sales) - LEARNED) // STEP)
    return [len(sales) - STEP * back for back in range(count, 0, -1)]


def ours(known: list[tuple[date, Floats]]) -> tuple[list[dict[str, list[float]] | None], float]:
    """The forecasts of this package, None where it makes none, and their CPU seconds."""
    begun = time.process_time()
    told = [forecast_days(sales, start, STEP) for start, sales in known]
    seconds = time.process_time() - begun
    return [
        {
            "mean": [float(day.forecast) for day in each.days],
            "lo-90": [float(day.low) for day in each.days],
            "hi-90": [float(day.high) for day in each.days],
        }
        if each.days
        else None
        for each in told
    ], seconds


def missed(forecasts: list[Any], came: list[Floats], seconds: float) -> dict[str, float | int]:
    """How far forecasts were off, of those that this package makes."""
    days = np.array([each["mean"] for each in forecasts])
    low, high = (np.array([each[end] for each in forecasts]) for end in ("lo-90", "hi-90"))
    actual = np.array(came)
    weeks = (days - actual).reshape(len(days), -1, WEEK).sum(axis=2)
    return {
        "forecasts": len(days),
        "wape": round(float(np.abs(days - actual).sum() / actual.sum()), 4),
        "week_wape": round(float(np.abs(weeks).sum() / actual.sum()), 4),
        "coverage": round(float(((low <= actual) & (actual <= high)).mean()), 4),
        "cpu_seconds": round(seconds, 2),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statsforecast", type=Path, metavar="PYTHON", required=True)
    parser.add_argument("--shops", type=int, default=10)
    parser.add_argument("--orders", type=int, default=60_000)
    parser.add_argument("--out", type=Path, default=HERE / "forecasts.json")
    given = parser.parse_args()
    known: list[tuple[date, Floats]] = []
    came: list[Floats] = []
    for start, sales in daily_sales(range(FIRST_SEED, FIRST_SEED + given.shops), given.orders):
        for origin in origins(sales):
            known.append((start, sales[:origin]))
            came.append(sales[origin : origin + STEP])
    own, seconds = ours(known)
    made = [at for at, each in enumerate(own) if each is not None]
    told = subprocess.run(
        [given.statsforecast, HERE / "statsforecast_fit.py"],
        input=json.dumps({"series": [sales.tolist() for _, sales in known], "ahead": STEP}),
        capture_output=True,
        text=True,
        check=True,
    )
    of_made = [came[at] for at in made]
    naive = [
        dict.fromkeys(("mean", "lo-90", "hi-90"), np.resize(known[at][1][-WEEK:], STEP))
        for at in made
    ]
    result = {
        "shops": given.shops,
        "EcomData": missed([own[at] for at in made], of_made, seconds),
        "last week repeated": missed(naive, of_made, 0.0),
        **{
            name: missed([of["forecasts"][at] for at in made], of_made, of["cpu_seconds"])
            for name, of in json.loads(told.stdout).items()
        },
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
