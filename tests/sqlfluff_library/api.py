"""What the linter puts for dbt's API: a name of a table."""


class Relation:
    """A table."""

    @staticmethod
    def create(database: str, schema: str, identifier: str) -> str:
        return f"{schema}.{identifier}"
