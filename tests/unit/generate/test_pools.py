"""The words a synthetic shop is made of: enough of them at every price, and safe to write."""

import json
import math
import re
import unicodedata
from importlib.resources import files
from itertools import pairwise, product
from typing import Any

import pytest

POOLS = files("ecomdata.generate.pools")
CATALOGUE: dict[str, Any] = json.loads(POOLS.joinpath("catalogue.json").read_text("utf-8"))
CATEGORIES: dict[str, Any] = CATALOGUE["categories"]
NAMES: dict[str, Any] = json.loads(POOLS.joinpath("names.json").read_text("utf-8"))
COUNTRIES: dict[str, Any] = NAMES["countries"]
#: (country, women or men, first or last)
KINDS = list(product(COUNTRIES, ("women", "men"), ("first", "last")))

#: The step by which product names are walked through.
STRIDE = 7_919


def pool(country: str, sex: str, kind: str) -> list[tuple[str, str]]:
    return [(written, plain) for written, plain in COUNTRIES[country][sex][kind]]


def fewest(items: dict[str, list[int]], low: int, high: int) -> int:
    """The fewest items that any price from `low` to `high` EUR has to choose from.

    It changes only at the ends of ranges, so those and the prices between two of them say it all.
    """
    ends = {low, high, *(end for ends in items.values() for end in ends if low < end < high)}
    prices = sorted(ends) + [(one + other) / 2 for one, other in pairwise(sorted(ends))]
    return min(sum(least <= price <= most for least, most in items.values()) for price in prices)


def test_the_fewest_items_are_counted_at_gaps_too() -> None:
    ladder = {"A": [1, 4], "B": [5, 9], "C": [2, 9]}
    assert fewest(ladder, 1, 9) == 1  # A alone from 1 to 2, C alone from 4 to 5
    assert fewest(ladder, 2, 4) == 2
    assert fewest(ladder, 2, 9) == 1
    assert fewest({"A": [1, 4], "B": [5, 9]}, 1, 9) == 0


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_price_from_1_to_1000_finds_an_item(category: str) -> None:
    items = CATEGORIES[category]["items"]
    assert 14 <= len(items) <= 24
    assert all(1 <= low < high <= 1_000 for low, high in items.values())
    assert fewest(items, 1, 1_000) >= 2
    assert fewest(items, 2, 250) >= 3


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_has_12000_names_and_a_walk_meets_them_all(category: str) -> None:
    pools = CATEGORIES[category]
    count = math.prod(len(pools[part]) for part in ("makers", "styles", "items"))
    assert count >= 12_000
    assert math.gcd(count, STRIDE) == 1


def test_no_two_products_can_have_one_name() -> None:
    names = [
        " ".join(words)
        for pools in CATEGORIES.values()
        for words in product(pools["makers"], pools["styles"], pools["items"])
    ]
    assert len(names) == len(set(names))


def test_a_maker_is_at_home_in_one_category_and_so_is_an_item() -> None:
    for part in ("makers", "items"):
        words = [word for pools in CATEGORIES.values() for word in pools[part]]
        assert len(words) == len(set(words))


def test_product_words_are_ascii_and_never_need_quoting() -> None:
    for category, pools in CATEGORIES.items():
        for word in (category, *pools["makers"], *pools["styles"], *pools["items"]):
            assert re.fullmatch(r"[A-Za-z]+(( & |[ -])[A-Za-z]+)*", word), word


def test_shares_of_categories_and_of_countries_add_up_to_100() -> None:
    assert len(CATEGORIES) == 8
    assert sum(pools["share"] for pools in CATEGORIES.values()) == 100
    assert {country: pools["share"] for country, pools in COUNTRIES.items()} == {
        "Germany": 20,
        "France": 14,
        "United Kingdom": 13,
        "United States": 10,
        "Netherlands": 8,
        "Spain": 8,
        "Italy": 7,
        "Poland": 5,
        "Austria": 4,
        "Sweden": 3,
        "Ireland": 2,
        "Greece": 2,
        "Brazil": 2,
        "Japan": 2,
    }
    assert sum(pools["share"] for pools in COUNTRIES.values()) == 100


def test_every_category_earns_money_and_takes_some_back() -> None:
    for pools in CATEGORIES.values():
        least, most = pools["cost_percent"]
        assert 0 < least < most < 100
        assert 0 < pools["return_percent"] < 50


def test_the_family_name_comes_first_in_japan_alone() -> None:
    assert [name for name, pools in COUNTRIES.items() if pools["family_first"]] == ["Japan"]


@pytest.mark.parametrize(("country", "sex", "kind"), KINDS)
def test_a_pool_holds_distinct_names(country: str, sex: str, kind: str) -> None:
    written = [written for written, _ in pool(country, sex, kind)]
    assert 20 <= len(written) <= 256
    assert len(set(written)) == len(written)


@pytest.mark.parametrize(("country", "sex", "kind"), KINDS)
def test_a_name_is_letters_with_single_marks_between(country: str, sex: str, kind: str) -> None:
    for written, _ in pool(country, sex, kind):
        assert written == written.strip() == unicodedata.normalize("NFC", written)
        assert all(letter.isalpha() or letter in " -'" for letter in written), written
        assert "  " not in written


@pytest.mark.parametrize(("country", "sex", "kind"), KINDS)
def test_a_plain_form_is_a_to_z(country: str, sex: str, kind: str) -> None:
    for _, plain in pool(country, sex, kind):
        assert re.fullmatch("[a-z]+", plain), plain


@pytest.mark.parametrize(
    ("country", "sex", "kind"), [kind for kind in KINDS if kind[0] not in ("Greece", "Japan")]
)
def test_folding_loses_no_latin_letter(country: str, sex: str, kind: str) -> None:
    for written, plain in pool(country, sex, kind):
        assert len(plain) == sum(letter.isalpha() for letter in written) + written.count("ß")


def test_names_are_folded_as_worked_out_by_hand() -> None:
    known = {
        "Germany": {"Käthe": "kathe", "Heide-Marie": "heidemarie", "Süßebier": "sussebier"},
        "France": {"Clémence": "clemence", "François": "francois", "Da Silva": "dasilva"},
        "Poland": {"Łukasz": "lukasz", "Józef": "jozef"},
        "Ireland": {"O'Hanrahan": "ohanrahan"},
        "Sweden": {"Björn": "bjorn", "Åsa": "asa"},
        "Brazil": {"João Pedro": "joaopedro"},
        # av and ev before vowels and voiced consonants, af and ef before the rest
        "Greece": {
            "Παυλίδου": "pavlidou",
            "Σταυρούλα": "stavroula",
            "Ναυσικά": "nafsika",
            "Ευάγγελος": "evangelos",
            "Ελευθέριος": "eleftherios",
            "Οδυσσεύς": "odyssefs",
            "Δαυίδ": "david",
            "Άγγελος": "angelos",
            "Λάμπρος": "lampros",
            "Μπότης": "botis",
            "Γκίκας": "gkikas",
            "Ξανθίππη": "xanthippi",
            "Ψυχιάς": "psychias",
            "Ζηναϊς": "zinais",
            "Χριστοδούλου": "christodoulou",
        },
        "Japan": {
            "花子": "hanako",
            "陽子": "yoko",
            "健一": "kenichi",
            "京助": "kyosuke",
            "修平": "shuhei",  # Faker romanizes it as Shohei
            "充": "mitsuru",  # and this as Mituru
            "佐藤": "sato",
            "渡辺": "watanabe",
            "井上": "inoue",
            "太田": "ota",
        },
    }
    for country, names in known.items():
        plain = {
            written: folded
            for sex in ("women", "men")
            for kind in ("first", "last")
            for written, folded in pool(country, sex, kind)
        }
        assert {name: plain.get(name) for name in names} == names


def test_names_are_what_faker_makes() -> None:
    faker = pytest.importorskip("faker")
    from ecomdata.generate.pools.make_names import make_names

    if NAMES["made_with"] != f"Faker {faker.VERSION} (MIT)":
        pytest.skip(f"names.json was made with {NAMES['made_with']}; here is {faker.VERSION}")
    assert POOLS.joinpath("names.json").read_bytes() == make_names().encode()
