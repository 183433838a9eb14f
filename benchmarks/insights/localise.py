"""Sets the contribution search beside Adtributor and RiskLoc: `make bench-insights`.

On cubes made as the paper of RiskLoc describes its data set S (Kalander 2022), to the depth of
three that is searched here, and on the months of generated shops with planted events. Writes
benchmarks/insights/localise.json; docs/insights.md shows it.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
from baselines import Leaves, Segment, adtributor, riskloc
from shops import built, compiled

from ecomdata.generate import ShopPlan
from ecomdata.insights.asking import days_covered, questions
from ecomdata.insights.drivers.contributions import explained
from ecomdata.insights.drivers.cube import Cube, read_cube
from ecomdata.insights.finding import Finding, Question
from ecomdata.insights.score import Planted, meets_event, read_planted

HERE = Path(__file__).parent
SIZES = (10, 12, 10, 8)
HISTORY = 12
#: What happens to a segment, and not to products of their own or to single days.
KINDS = ("country_outage", "lost_segment", "coupon_leak")


@dataclass
class Tally:
    """What a search got right."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    seconds: float = 0.0
    by_level: dict[int, list[int]] = field(default_factory=dict)

    def as_record(self) -> dict[str, float | int | None]:
        """Precision, recall and F1."""
        said, there = self.found + self.wrong, self.found + self.missed
        precision = self.found / said if said else None
        recall = self.found / there if there else None
        f1 = 2 * self.found / (said + there) if said + there else None
        return {
            "found": self.found,
            "missed": self.missed,
            "wrong": self.wrong,
            "precision": precision and round(precision, 3),
            "recall": recall and round(recall, 3),
            "f1": f1 and round(f1, 3),
            "cpu_seconds": round(self.seconds, 2),
        }


def ours(cube: Cube) -> list[Segment]:
    """The search of the product, with support for all that a planted segment can be."""
    found, _ = explained(cube, support=0.0005)
    return [
        {
            cube.dimensions.index(name): cube.values[cube.dimensions.index(name)].index(value)
            for name, value in step.segment.items()
        }
        for step in found
    ]


def leaves_of(cube: Cube, usual: int) -> Leaves:
    """What the published searches are given: the forecast is the mean of so many periods."""
    return Leaves(
        cube.codes,
        np.maximum(cube.sales[:, 1 : 1 + usual].mean(axis=1), 0),
        np.maximum(cube.sales[:, 0], 0),
    )


SEARCHES: dict[str, Callable[[Cube, int], list[Segment]]] = {
    "ours": lambda cube, usual: ours(cube),
    "adtributor": lambda cube, usual: adtributor(leaves_of(cube, usual)),
    "riskloc": lambda cube, usual: riskloc(leaves_of(cube, usual)),
}


def cube_as_published(rng: np.random.Generator) -> tuple[Cube, list[Segment]]:
    """A cube with one to three anomalies of one to three elements, and their segments."""
    codes = np.indices(SIZES).reshape(len(SIZES), -1)
    base = rng.weibull(rng.uniform(0.5, 1.0), codes.shape[1]) * 100
    base *= rng.random(len(base)) > rng.uniform(0.0, 0.25)
    noise = rng.uniform(0.0, 0.25)
    # The published data have one forecast; a history with the same noise has it as its mean.
    sales = np.maximum(base[:, None] * (1 + rng.normal(0, noise, (len(base), HISTORY + 1))), 0)
    truth: list[Segment] = []
    for _ in range(rng.integers(1, 4)):
        dimensions = sorted(rng.choice(len(SIZES), rng.integers(1, 4), replace=False).tolist())
        severity = rng.uniform(0.2, 1.0) + noise
        spread = rng.uniform(0.0, 0.1)
        for _ in range(rng.integers(1, 4)):
            segment = {d: int(rng.integers(SIZES[d])) for d in dimensions}
            if any(_overlap(segment, other) for other in truth):
                continue
            truth.append(segment)
            inside = np.logical_and.reduce([codes[d] == code for d, code in segment.items()])
            rate = rng.normal(severity, spread, int(inside.sum()))
            sales[inside, 0] = np.maximum(base[inside] * (1 - rate), 0)
    values = tuple(tuple(f"{at:02d}" for at in range(size)) for size in SIZES)
    names = tuple("abcd"[: len(SIZES)])
    return Cube(
        HISTORY + 1, HISTORY + 1, names, values, codes, sales, sales.sum(axis=0) / 50
    ), truth


def _overlap(one: Segment, other: Segment) -> bool:
    return all(one[d] == other[d] for d in one.keys() & other.keys())


def on_published(cubes: int, seed: int) -> dict[str, dict[str, float | int | None]]:
    """Score the searches on cubes; an element counts when it is exactly the planted one."""
    tallies = {name: Tally() for name in SEARCHES}
    for at in range(cubes):
        cube, truth = cube_as_published(np.random.default_rng([seed, at]))
        for name, search in SEARCHES.items():
            _tally(tallies[name], cube, HISTORY, search, truth)
    return {name: tally.as_record() for name, tally in tallies.items()}


def _tally(
    tally: Tally,
    cube: Cube,
    usual: int,
    search: Callable[[Cube, int], list[Segment]],
    truth: list[Segment],
) -> None:
    start = time.process_time()
    said = search(cube, usual)
    tally.seconds += time.process_time() - start
    right = sum(segment in truth for segment in said)
    tally.found += right
    tally.wrong += len(said) - right
    tally.missed += len(truth) - right


def on_shops(seeds: range, orders: int) -> dict[str, dict[str, float | int | None]]:
    """Score the searches on the months of shops; an event is found as docs/insights.md says."""
    tallies = {name: Tally() for name in SEARCHES}
    with tempfile.TemporaryDirectory() as folder:
        models = compiled(Path(folder) / "first")
        for seed in seeds:
            plan = ShopPlan(orders=orders, seed=seed, events=8)
            with built(Path(folder) / "shop", plan, models) as (connection, truth):
                every = read_planted(connection, truth)
                events = [event for event in every if event.kind in KINDS]
                data = days_covered(connection)
                assert data
                met: dict[str, set[str]] = {name: set() for name in SEARCHES}
                for question in questions(data, "month")[5:]:
                    cube = read_cube(connection, question)
                    for name, search in SEARCHES.items():
                        start = time.process_time()
                        said = search(cube, 1)
                        tallies[name].seconds += time.process_time() - start
                        for segment in said:
                            meets = _meets(cube, segment, question, every)
                            met[name] |= meets
                            tallies[name].wrong += not meets
                            tallies[name].found += bool(meets)
                for name in SEARCHES:
                    tallies[name].missed += sum(event.id not in met[name] for event in events)
                    tallies[name].by_level.setdefault(0, []).append(len(events))
    records = {}
    for name, tally in tallies.items():
        events_there = sum(tally.by_level[0])
        said = tally.found + tally.wrong
        records[name] = {
            "events": events_there,
            "segments_said": said,
            "recall": round(1 - tally.missed / events_there, 3),
            "precision": round(tally.found / said, 3) if said else None,
            "cpu_seconds": round(tally.seconds, 2),
        }
    return records


def _meets(cube: Cube, segment: Segment, question: Question, events: list[Planted]) -> set[str]:
    named = {cube.dimensions[d]: cube.values[d][code] for d, code in segment.items()}
    finding = Finding(
        "sales", "contribution", question.current, named, "", {}, Decimal(0), Decimal(0),
        Decimal(0), 0.0, "", "",
    )  # fmt: skip
    return {event.id for event in events if meets_event(finding, question, event, {})}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cubes", type=int, default=100)
    parser.add_argument("--shops", type=int, default=10)
    parser.add_argument("--orders", type=int, default=60_000)
    parser.add_argument("--out", type=Path, default=HERE / "localise.json")
    given = parser.parse_args()
    result = {
        "cubes": given.cubes,
        "shops": given.shops,
        "published": on_published(given.cubes, 1000),
        "events": on_shops(range(1000, 1000 + given.shops), given.orders),
    }
    given.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
