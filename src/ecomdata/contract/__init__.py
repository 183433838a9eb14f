"""The shop contract: what every source is brought to and what every model starts from."""

from ecomdata.contract.entities import ENTITIES, Column, Entity, entity
from ecomdata.contract.meta import BUILD_TABLES, META_TABLES, SCHEMAS, MetaTable

__all__ = [
    "BUILD_TABLES",
    "ENTITIES",
    "META_TABLES",
    "SCHEMAS",
    "Column",
    "Entity",
    "MetaTable",
    "entity",
]
