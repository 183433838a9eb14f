"""Make `names.json` with Faker: `python -m ecomdata.generate.pools.make_names`.

Run by hand, never by the generator: Faker is a development dependency, and a new Faker must not
change a shop. A new file changes every shop, so `ecomdata.generate.plan.VERSION` rises with it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import faker

LOCALES: Final = {
    "Germany": "de_DE",
    "France": "fr_FR",
    "United Kingdom": "en_GB",
    "Netherlands": "nl_NL",
    "Spain": "es_ES",
    "Italy": "it_IT",
    "Poland": "pl_PL",
    "United States": "en_US",
}
SEED: Final = 7
DRAWS: Final = 2_000
MOST: Final = 150


def _distinct(draw: Callable[[], str]) -> list[str]:
    """The first names drawn, each once, without what a CSV would have to quote."""
    drawn = dict.fromkeys(draw() for _ in range(DRAWS))
    return [name for name in drawn if not set(name) & set(',"\n')][:MOST]


def main() -> None:
    """Write the pools beside this script."""
    pools: dict[str, dict[str, dict[str, list[str]]]] = {}
    for country, locale in LOCALES.items():
        fake = faker.Faker(locale)
        fake.seed_instance(SEED)
        pools[country] = {
            "women": {
                "first": _distinct(fake.first_name_female),
                "last": _distinct(fake.last_name_female),
            },
            "men": {
                "first": _distinct(fake.first_name_male),
                "last": _distinct(fake.last_name_male),
            },
        }
    document = {"made_with": f"Faker {faker.VERSION} (MIT)", "countries": pools}
    text = json.dumps(document, ensure_ascii=False, indent=1)
    Path(__file__).with_name("names.json").write_text(text + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main()
