"""Forecasts by statsforecast, in an environment that has it: daily sales in, forecasts out."""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from statsforecast.models import MSTL, AutoETS

WEEK, YEAR = 7, 364
#: So little of the median stands for a day without sales where logarithms are taken.
FLOOR = 0.02


Floats = NDArray[np.float64]
Model = Callable[[Floats, int], dict[str, Floats]]


def auto_ets(sales: Floats, ahead: int) -> dict[str, Floats]:
    """Exponential smoothing, its form chosen by AICc."""
    return AutoETS(season_length=WEEK).forecast(y=sales, h=ahead, level=[90])


def mstl(sales: Floats, ahead: int) -> dict[str, Floats]:
    """Week and, from two years on, year taken off by loess; the rest by exponential smoothing."""
    seasons = [WEEK, YEAR] if len(sales) > 2 * YEAR else [WEEK]
    model = MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN"))
    return model.forecast(y=sales, h=ahead, level=[90])


def of_logarithms(model: Model) -> Model:
    """The same of the logarithms."""

    def forecast(sales: Floats, ahead: int) -> dict[str, Floats]:
        floor = FLOOR * np.median(sales[sales > 0])
        told = model(np.log(np.maximum(sales, floor)), ahead)
        return {name: np.exp(values) for name, values in told.items()}

    return forecast


MODELS: dict[str, Model] = {
    "AutoETS": auto_ets,
    "AutoETS of logarithms": of_logarithms(auto_ets),
    "MSTL": mstl,
    "MSTL of logarithms": of_logarithms(mstl),
}


def main() -> None:
    """Read JSON of series and days ahead; write JSON of the forecasts by model."""
    given = json.load(sys.stdin)
    result = {}
    for name, model in MODELS.items():
        model(np.array(given["series"][0]), given["ahead"])  # what is compiled is compiled
        begun = time.process_time()
        told = [model(np.array(sales), given["ahead"]) for sales in given["series"]]
        result[name] = {
            "cpu_seconds": time.process_time() - begun,
            "forecasts": [
                {key: each[key].tolist() for key in ("mean", "lo-90", "hi-90")} for each in told
            ],
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
