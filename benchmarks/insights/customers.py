"""Measures the models of customers: `make bench-customers`.

Coverage of the intervals over simulated shops, the time to fit a million customers, and, where they
are at hand, CDNOW (`--cdnow FILE`) and the package lifetimes (`--lifetimes PYTHON`, an interpreter
that has it). Writes benchmarks/insights/customers.json.
"""

import argparse
import json
import subprocess
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.btyd import (
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    spend_interval,
    total_spend,
)

Floats = NDArray[np.float64]
HERE = Path(__file__).parent
HORIZON = 90.0
#: Of a 90 % interval, in standard errors.
Z90 = 1.645
PURCHASES = {"r": 0.6, "alpha": 60.0, "a": 0.9, "b": 2.5}
MONEY = {"p": 6.0, "q": 4.0, "gamma": 15.0}
#: CDNOW's 39 weeks of calibration end here, the 39 of the holdout begin the day after.
CALIBRATION_END = date(1997, 9, 30)
HOLDOUT_WEEKS = 39


def simulated(rng: np.random.Generator, T: Floats, later: float) -> tuple[Floats, ...]:
    """Histories of MBG/NBD up to `T`, and purchases and spend of the time after."""
    customers = len(T)
    rate = np.maximum(rng.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"], customers), 1e-300)
    leave = rng.beta(PURCHASES["a"], PURCHASES["b"], customers)
    x, t_x, then, now = (np.zeros(customers) for _ in range(4))
    active = np.flatnonzero(rng.random(customers) >= leave)
    while len(active):
        now[active] += rng.exponential(size=len(active)) / rate[active]
        active = active[now[active] <= T[active] + later]
        seen = now[active] <= T[active]
        x[active[seen]] += 1
        t_x[active[seen]] = now[active[seen]]
        then[active[~seen]] += 1
        active = active[rng.random(len(active)) >= leave[active]]
    value = rng.gamma(MONEY["q"], 1 / MONEY["gamma"], customers)
    spent = [
        np.where(n > 0, rng.gamma(np.maximum(MONEY["p"] * n, 1e-9)) / value, 0.0) for n in (x, then)
    ]
    return x, t_x, T, spent[0] / np.maximum(x, 1), then, spent[1]


def coverage(shops: int, customers: int) -> dict[str, Any]:
    """How often 90 % intervals hold the truth."""
    held: dict[str, list[float]] = {}

    def add(name: str, value: Any) -> None:
        held.setdefault(name, []).append(float(value))

    for seed in range(shops):
        rng = np.random.default_rng(seed)
        T = rng.integers(30, 540, customers).astype(np.float64)
        x, t_x, T, z, then, spent = simulated(rng, T, HORIZON)
        model, values = fit_mbg_nbd(x, t_x, T), fit_gamma_gamma(x, z)
        total = total_spend(model, values, HORIZON, x, t_x, T, z)
        add("total spend of a shop", abs(spent.sum() - total.expected) <= Z90 * total.error)
        chances = model.purchase_probabilities(HORIZON, x, t_x, T, int(then.max()))
        rows, count = np.arange(customers), then.astype(int)
        rank = chances.cumsum(axis=1)[rows, count] - chances[rows, count] * rng.random(customers)
        add("purchases of a customer (rank)", np.mean((rank > 0.05) & (rank < 0.95)))
        low, high = model.purchase_interval(HORIZON, x, t_x, T)
        add("purchases of a customer (whole)", np.mean((low <= then) & (then <= high)))
        some = slice(200)
        history = (x[some], t_x[some], T[some], z[some])
        low_spend, high_spend = spend_interval(model, values, HORIZON, *history)
        inside = (low_spend <= spent[some]) & (spent[some] <= high_spend + 1e-9)
        add("spend of a customer (whole)", np.mean(inside))
        for ends, truth in (
            (model.parameter_intervals(x, t_x, T), PURCHASES),
            (values.parameter_intervals(x, z), MONEY),
        ):
            for name, true in truth.items():
                add(f"parameter {name}", ends[name][0] <= true <= ends[name][1])
    return {
        "shops": shops,
        "customers": customers,
        "held": {name: round(float(np.mean(values)), 4) for name, values in held.items()},
    }


def million() -> dict[str, float]:
    """CPU seconds to fit a million customers of whole days."""
    rng = np.random.default_rng(1)
    T = rng.integers(1, 730, 1_000_000).astype(np.float64)
    x, t_x, T, z, _, _ = simulated(rng, T, 0.0)
    t_x = np.ceil(t_x)
    seconds = {}
    for name, fit in (("BG/NBD", fit_bg_nbd), ("MBG/NBD", fit_mbg_nbd)):
        begun = time.process_time()
        fit(x, t_x, T)
        seconds[name] = round(time.process_time() - begun, 2)
    begun = time.process_time()
    fit_gamma_gamma(x, z)
    seconds["Gamma-Gamma"] = round(time.process_time() - begun, 2)
    return seconds


def cdnow(path: Path) -> dict[str, list[float]]:
    """Histories in weeks, and the days with a purchase in the holdout."""
    bought: dict[str, dict[date, float]] = {}
    for line in path.read_text("ascii").splitlines():
        _, customer, day, _, value = line.split()
        when = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date()
        of_customer = bought.setdefault(customer, {})
        of_customer[when] = of_customer.get(when, 0.0) + float(value)
    columns: dict[str, list[float]] = {name: [] for name in ("x", "t_x", "T", "z", "later")}
    for days in bought.values():
        first, seen = min(days), sorted(day for day in days if day <= CALIBRATION_END)
        repeats = [days[day] for day in seen[1:]]
        columns["x"].append(len(repeats))
        columns["t_x"].append((seen[-1] - first).days / 7)
        columns["T"].append((CALIBRATION_END - first).days / 7)
        columns["z"].append(sum(repeats) / len(repeats) if repeats else 0.0)
        columns["later"].append(len(days) - len(seen))
    return columns


def published(columns: dict[str, list[float]], python: Path | None) -> dict[str, Any]:
    """CDNOW's parameters and holdout, beside those of lifetimes."""
    x, t_x, T, z, later = (np.array(columns[name]) for name in ("x", "t_x", "T", "z", "later"))
    fits = {
        "BG/NBD": (fit_bg_nbd(x, t_x, T), ("r", "alpha", "a", "b")),
        "MBG/NBD": (fit_mbg_nbd(x, t_x, T), ("r", "alpha", "a", "b")),
        "Pareto/NBD": (fit_pareto_nbd(x, t_x, T), ("r", "alpha", "s", "beta")),
    }
    values = fit_gamma_gamma(x, z)
    result: dict[str, Any] = {
        "holdout_purchases": int(later.sum()),
        "models": {
            name: {
                "parameters": {each: round(getattr(fit, each), 4) for each in names},
                "log_likelihood": round(fit.log_likelihood, 2),
                "holdout": round(float(told.sum()), 1),
                "mean_absolute_error": round(float(np.abs(told - later).mean()), 4),
            }
            for name, (fit, names) in fits.items()
            for told in [fit.expected_purchases(HOLDOUT_WEEKS, x, t_x, T)]
        },
        "gamma_gamma": {each: round(getattr(values, each), 4) for each in ("p", "q", "gamma")},
    }
    if python is not None:
        told = subprocess.run(
            [python, HERE / "lifetimes_fit.py"],
            input=json.dumps(columns),
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = json.loads(told.stdout)
        ours = {
            name: {each: getattr(fit, each) for each in names}
            for name, (fit, names) in fits.items()
        }
        ours["Gamma-Gamma"] = {each: getattr(values, each) for each in ("p", "q", "gamma")}
        apart = {
            name: max(
                abs(ours[name][each] / theirs[name]["v" if each == "gamma" else each] - 1)
                for each in ours[name]
            )
            for name in ours
        }
        result["apart_from_lifetimes"] = {
            name: float(f"{each:.1e}") for name, each in apart.items()
        }
    return result


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--cdnow", type=Path, help="CDNOW_sample.txt; default: as measured before")
    parser.add_argument("--lifetimes", type=Path, metavar="PYTHON", help="interpreter that has it")
    parser.add_argument("--out", type=Path, default=HERE / "customers.json")
    given = parser.parse_args()
    result = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    result["coverage"] = coverage(given.shops, given.customers)
    result["cpu_seconds_for_a_million"] = million()
    if given.cdnow is not None:
        result["cdnow"] = published(cdnow(given.cdnow), given.lifetimes)
    given.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
