"""Fits by the package lifetimes, in an environment that has it: histories in, parameters out."""

import json
import sys
import warnings

import lifetimes
import numpy as np

warnings.filterwarnings("ignore")

#: Its own limit of a search that goes on; below, it does not come to an end.
TOLERANCE = 1e-8
FITTERS = {
    "BG/NBD": lifetimes.BetaGeoFitter,
    "MBG/NBD": lifetimes.ModifiedBetaGeoFitter,
    "Pareto/NBD": lifetimes.ParetoNBDFitter,
}


def main() -> None:
    """Read JSON of x, t_x, T, z; write JSON of the parameters by model."""
    given = json.load(sys.stdin)
    x, t_x, T, z = (np.array(given[name]) for name in ("x", "t_x", "T", "z"))
    fitted = {
        name: fitter().fit(x, t_x, T, tol=TOLERANCE).params_ for name, fitter in FITTERS.items()
    }
    values = lifetimes.GammaGammaFitter().fit(x[x > 0], z[x > 0], tol=TOLERANCE)
    fitted["Gamma-Gamma"] = values.params_
    json.dump({name: dict(params) for name, params in fitted.items()}, sys.stdout)


if __name__ == "__main__":
    main()
