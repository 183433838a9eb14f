"""`ecomdata sources`: what is read, for people and for scripts."""

import json

from typer.testing import CliRunner

from ecomdata.cli.app import app
from ecomdata.ingest.connector import connectors


def _said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["sources", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_every_platform_kind_and_caveat_is_shown_in_80_columns() -> None:
    said = _said()
    assert max(map(len, said.splitlines())) <= 80
    words = " ".join(said.split())
    for platform in connectors():
        assert f"{platform.name}: {platform.title}" in words
        assert all(f"note: {caveat}" in words for caveat in platform.caveats)
        assert all(f"{kind.name}: {', '.join(kind.required)}" in words for kind in platform.kinds)


def test_scripts_get_the_columns_and_what_records_become() -> None:
    found = {each["source"]: each for each in json.loads(_said("--json"))}
    assert list(found) == [platform.name for platform in connectors()]
    payments = found["jaffle_shop"]["files"][2]
    assert payments["kind"] == "raw_payments"
    assert payments["required"] == ["order_id", "payment_method", "amount"]
    assert payments["columns"]["order_id"] == ["order_id", "orderid"]
    assert payments["becomes"] == []
