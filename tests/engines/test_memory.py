"""DuckDB keeps within its memory: what is more goes to disk, and what cannot is told."""

from pathlib import Path

import pytest

from ecomdata.errors import WarehouseFullError
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.duckdb import DuckDBWarehouse

#: 2 million groups of 40 bytes and more.
GROUPS = (
    "select count(*) from (select md5(number::varchar) as key, max(number) as latest"
    " from range(2000000) as numbers(number) group by key order by key) as keys"
)


@pytest.mark.parametrize("read_only", [False, True])
def test_more_than_the_memory_is_done_with_the_disk(tmp_path: Path, read_only: bool) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "shop.duckdb", "64MB", tmp_path / "spilled")
    with warehouse.connect() as connection:
        connection.execute("create table prepared as select 1 as one")
    with warehouse.connect(read_only=read_only) as connection:
        assert connection.query(GROUPS).scalar == 2_000_000
        assert (tmp_path / "spilled").is_dir()


def test_without_room_on_disk_the_setting_is_named(tmp_path: Path) -> None:
    with DuckDBWarehouse(tmp_path / "shop.duckdb", "64MB").connect() as connection:
        connection.execute("set max_temp_directory_size = '1MB'")
        with pytest.raises(WarehouseFullError, match="raise memory_limit, or name a temp_direc"):
            connection.query(GROUPS)


def test_the_settings_reach_the_commands_connections_and_dbts(tmp_path: Path) -> None:
    settings = load_settings(project=tmp_path, memory_limit="1GiB", temp_directory=Path("scratch"))
    warehouse = open_warehouse(settings)
    with warehouse.connect() as connection:
        assert connection.query(
            "select current_setting('memory_limit'), current_setting('temp_directory')"
        ).rows == (("1.0 GiB", str(tmp_path / "scratch")),)
    assert warehouse.dbt_environment() == {
        "ECOMDATA_DBT_TARGET": "duckdb",
        "ECOMDATA_DBT_PATH": str(tmp_path / "ecomdata.duckdb"),
        "ECOMDATA_DBT_MEMORY_LIMIT": "1GiB",
        "ECOMDATA_DBT_TEMP_DIRECTORY": str(tmp_path / "scratch"),
    }
