"""A command ends with 1 where something serious is wrong with a load, and says so."""

from decimal import Decimal

import pytest
import typer

from ecomdata.cli import show
from ecomdata.cli.terminal import Terminal
from ecomdata.insights import Alarm, Alarms


def _found(*serious: bool) -> Alarms:
    one = Decimal(1)
    alarms = tuple(
        Alarm(7, "volume", "orders", "", "It is half.", one, one, one, 0.0, each, "Look.")
        for each in serious
    )
    return Alarms((7,), alarms, ("volume: needs 56 loads with orders before, has 6",))


def test_what_is_serious_ends_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    show.alarms(terminal, _found(True, False))
    with pytest.raises(typer.Exit) as ended:
        show.end_of(terminal, _found(True, False))
    assert ended.value.exit_code == 1
    said = capsys.readouterr()
    assert said.out == (
        "serious: load 7: It is half.\n   Next: Look.\n"
        "notice: load 7: It is half.\n   Next: Look.\n"
    )
    assert said.err.startswith("error: load 7: something serious is not as usual (see above)")


@pytest.mark.parametrize("found", [_found(), _found(False)])
def test_a_notice_ends_nothing(found: Alarms, capsys: pytest.CaptureFixture[str]) -> None:
    show.end_of(Terminal(), found)
    assert capsys.readouterr().err == ""


def test_the_document_has_all_of_it() -> None:
    document = show.alarms_document(_found(True))
    assert document["loads"] == (7,)
    assert document["not_asked"] == ("volume: needs 56 loads with orders before, has 6",)
    assert document["found"][0]["statement"] == "It is half."
    assert len(document["found"][0]["id"]) == 12
