"""The warehouse's address, as Superset is told it: as which role, and never with a password."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from ecomdata.errors import UsageError
from ecomdata.warehouse.duckdb import DuckDBWarehouse
from ecomdata.warehouse.postgres import PostgresWarehouse


@pytest.mark.parametrize(
    ("url", "role", "address"),
    [
        (
            "postgresql://owner:se%20cret@db.example:5433/shop?sslmode=require",
            "ecomdata_reader",
            "postgresql+psycopg2://ecomdata_reader@/shop?host=db.example&port=5433&sslmode=require",
        ),
        (
            "postgresql://ecomdata@/ecomdata?host=%2Ftmp%2Fa%20b&port=5432",
            "ecomdata_reader",
            "postgresql+psycopg2://ecomdata_reader@/ecomdata?host=%2Ftmp%2Fa+b&port=5432",
        ),
        ("postgresql://bi%40x@warehouse/shop", None,
         "postgresql+psycopg2://bi%40x@/shop?host=warehouse"),
        ("postgresql://owner@/shop?password=secret", "r", "postgresql+psycopg2://r@/shop"),
    ],
)  # fmt: skip
def test_the_address_is_anothers_with_all_but_the_password(
    url: str, role: str | None, address: str
) -> None:
    warehouse = PostgresWarehouse(url, password=SecretStr("se cret"))
    assert sorted(warehouse.url_as(role).split("&")) == sorted(address.split("&"))
    assert "cret" not in warehouse.url_as(role)


def test_a_file_has_no_roles_and_is_not_given_away(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DuckDB has no roles: use --warehouse postgres"):
        DuckDBWarehouse(tmp_path / "shop.duckdb", "1GB", None).url_as("ecomdata_reader")
