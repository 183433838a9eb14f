"""The warehouse: one protocol, one module an engine."""

from ecomdata.warehouse.open import open_warehouse
from ecomdata.warehouse.protocol import PLAIN_DBT, Connection, PartWriter, Table, Warehouse, quote
from ecomdata.warehouse.schema import prepare, prepare_build, require_builder

__all__ = [
    "PLAIN_DBT",
    "Connection",
    "PartWriter",
    "Table",
    "Warehouse",
    "open_warehouse",
    "prepare",
    "prepare_build",
    "require_builder",
    "quote",
]
