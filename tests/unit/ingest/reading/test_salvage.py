"""`salvage`: the likely reading of a line with a quote out of place."""

import pytest

from ecomdata.ingest.reading.salvage import MAX_LINE, salvage


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('1,"a,b', ["1", '"a', "b"]),
        ('"1,"a, b",c', ['"1', "a, b", "c"]),
        ('1,""a, b",c', ["1", '"a, b', "c"]),
        ('1,"5" pipe, x",c', ["1", '5" pipe, x', "c"]),
        ('1,b,"', ["1", "b", '"']),
        ('1,"a ""b"" "c",d', ["1", 'a "b" "c', "d"]),
    ],
)
def test_the_first_reading_with_the_right_number_of_fields(line: str, fields: list[str]) -> None:
    assert salvage(line, ",", '"', 3) == fields


@pytest.mark.parametrize("line", ["a,b", "a,b,c,d", '"a,b', '"a,b,c,d', ""])
def test_a_line_that_cannot_have_so_many_fields_is_given_up(line: str) -> None:
    assert salvage(line, ",", '"', 3) is None


def test_the_search_ends() -> None:
    assert salvage('"x",' * 400 + '"', ",", '"', 402) is None
    assert salvage('"' + "x" * MAX_LINE + ",b,c", ",", '"', 3) is None
    assert salvage("a," * 2_000, ",", '"', 2_000) is None
