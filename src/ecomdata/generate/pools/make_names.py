"""Make `names.json` with Faker: `python -m ecomdata.generate.pools.make_names`.

Run by hand, never by the generator: Faker is a development dependency, and a new Faker must not
change a shop. A new file changes every shop, so `ecomdata.generate.plan.VERSION` rises with it.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import faker

#: A name as it is written, and in the letters a to z as an e-mail address has it.
Pair: TypeAlias = tuple[str, str]

#: The locale of each country, and its share of the customers in per cent.
COUNTRIES: Final = {
    "Germany": ("de_DE", 20),
    "France": ("fr_FR", 14),
    "United Kingdom": ("en_GB", 13),
    "United States": ("en_US", 10),
    "Netherlands": ("nl_NL", 8),
    "Spain": ("es_ES", 8),
    "Italy": ("it_IT", 7),
    "Poland": ("pl_PL", 5),
    "Austria": ("de_AT", 4),
    "Sweden": ("sv_SE", 3),
    "Ireland": ("en_IE", 2),
    "Greece": ("el_GR", 2),
    "Brazil": ("pt_BR", 2),
    "Japan": ("ja_JP", 2),
}
#: Where the family name is written before the given name.
FAMILY_FIRST: Final = ("Japan",)
SEED: Final = 7
#: Names drawn for a pool at most, and distinct names that are enough.
DRAWS: Final = 2_000
MOST: Final = 256

#: What a name holds besides letters. Leaves out `Hans D.` and `Bourgondië, van`.
_MARKS: Final = " -'"

#: What Unicode does not decompose into a letter and its accent.
_FOLDS: Final = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae"})

#: Letters that ELOT 743 writes together; the accent on the first parts αυ, ευ, ηυ and ου.
_GREEK_GROUPS: Final = (
    (re.compile("(?<=[αεη])[υύ](?=[αάβγδεέζηήιίϊΐλμνοόρυύϋΰωώ])"), "v"),
    (re.compile("(?<=[αεη])[υύ]"), "f"),
    (re.compile("ο[υύ]"), "ou"),
    (re.compile("γ(?=[γξχ])"), "n"),
    (re.compile(r"\bμπ|μπ\b"), "b"),
)
#: Each Greek letter by itself.
_GREEK: Final = str.maketrans(
    dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
)

#: Where Faker's romanized name does not say its own kana: シュウヘイ and ミツル.
_ROMANIZED: Final = {"修平": "Shuhei", "充": "Mitsuru"}


def fold(name: str) -> str:
    """A name in Latin letters without its accents, marks and capitals."""
    plain = unicodedata.normalize("NFKD", name.translate(_FOLDS))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha()).lower()


def fold_greek(name: str) -> str:
    """A name in Greek letters, transcribed.

    Source: the transcription of ELOT 743, which Greek passports use.
    """
    name = unicodedata.normalize("NFC", name).lower()
    for group, latin in _GREEK_GROUPS:
        name = group.sub(latin, name)
    return fold(unicodedata.normalize("NFD", name).translate(_GREEK))


def _pair(locale: str, drawn: str | tuple[str, str, str]) -> Pair:
    if isinstance(drawn, tuple):  # kanji, kana, romanized
        return drawn[0], fold(_ROMANIZED.get(drawn[0], drawn[2]))
    return drawn, fold_greek(drawn) if locale == "el_GR" else fold(drawn)


def _pool(locale: str, draw: Callable[[], str | tuple[str, str, str]]) -> list[Pair]:
    """The first distinct names drawn, in the order of the draw."""
    pool: dict[str, Pair] = {}
    for _ in range(DRAWS):
        written, plain = _pair(locale, draw())
        if all(letter.isalpha() or letter in _MARKS for letter in written):
            pool[written] = written, plain
        if len(pool) == MOST:
            break
    return list(pool.values())


def _pools(locale: str) -> dict[str, dict[str, list[Pair]]]:
    fake = faker.Faker(locale)
    fake.seed_instance(SEED)
    if locale == "ja_JP":  # has one list of family names
        women, men, family = (
            _pool(locale, draw)
            for draw in (
                fake.first_name_female_pair,
                fake.first_name_male_pair,
                fake.last_name_pair,
            )
        )
        return {"women": {"first": women, "last": family}, "men": {"first": men, "last": family}}
    return {
        "women": {
            "first": _pool(locale, fake.first_name_female),
            "last": _pool(locale, fake.last_name_female),
        },
        "men": {
            "first": _pool(locale, fake.first_name_male),
            "last": _pool(locale, fake.last_name_male),
        },
    }


def _lines() -> Iterator[str]:
    """The document's lines: one for each pool."""
    yield f'{{"made_with": "Faker {faker.VERSION} (MIT)", "countries": {{'
    for country, (locale, share) in COUNTRIES.items():
        first = json.dumps(country in FAMILY_FIRST)
        yield f'"{country}": {{"share": {share}, "family_first": {first},'
        for sex, pools in _pools(locale).items():
            written = {kind: json.dumps(pool, ensure_ascii=False) for kind, pool in pools.items()}
            yield f'"{sex}": {{"first": {written["first"]},'
            yield f'"last": {written["last"]}}}' + ("," if sex == "women" else "")
        yield "}" + ("" if country == list(COUNTRIES)[-1] else ",")
    yield "}}"


def make_names() -> str:
    """The text of `names.json`."""
    return "\n".join(_lines()) + "\n"


def main() -> None:
    """Write the pools beside this script."""
    Path(__file__).with_name("names.json").write_text(make_names(), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
