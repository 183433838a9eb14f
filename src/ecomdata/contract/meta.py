"""The warehouse's book-keeping: which files came in, what was refused, what was run."""

from dataclasses import dataclass
from typing import Final

#: The warehouse's schemas, in the order in which data flows through them.
SCHEMAS: Final = ("meta", "raw", "staging", "intermediate", "final")

#: Raised by one with every change to the tables below or to the raw tables; what brings the layout
#: before to it stands in warehouse/migrations.py.
SCHEMA_VERSION: Final = 4


@dataclass(frozen=True)
class MetaTable:
    """One table of book-keeping: columns are (name, type); types mean the same on every engine."""

    name: str
    grain: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    #: What a role that only builds may do with it besides reading.
    builders_may: tuple[str, ...] = ()


_FILES: Final = (
    ("load_id", "bigint"),
    ("file", "text"),
    # What the file states replaces what a lower statement says of the same order; pieces
    # of one export share theirs.
    ("statement", "bigint"),
    # The load that brought the file that stands in for this one as a whole.
    ("replaced_by", "bigint"),
    ("source", "text"),
    ("sha256", "text"),
    ("bytes", "bigint"),
    ("lines", "bigint"),
    ("records_read", "bigint"),
    ("rows_loaded", "bigint"),
    ("rows_rejected", "bigint"),
    ("identical_lines", "text"),
    # What the platform's exports cannot tell: a JSON list of sentences.
    ("caveats", "text"),
    ("decimal_mark", "text"),
    ("date_order", "text"),
    ("dialect", "text"),
    ("loaded_at", "timestamp"),
    ("version", "text"),
)

META_TABLES: Final = (
    MetaTable(
        "loads",
        "One row per file of a load; written in the transaction that brings in its rows.",
        _FILES,
        key=("load_id", "file"),
    ),
    MetaTable(
        "reader_rejects",
        "One row per record that could not be read as a record at all.",
        (
            ("load_id", "bigint"),
            ("file", "text"),
            ("line", "bigint"),
            ("entity", "text"),
            ("rule", "text"),
            ("raw_text", "text"),
        ),
        key=("load_id", "file", "line"),
    ),
    MetaTable(
        "runs",
        "One row per command that changed the warehouse.",
        (
            ("run_id", "bigint"),
            ("command", "text"),
            ("started_at", "timestamp"),
            ("finished_at", "timestamp"),
            ("status", "text"),
            ("message", "text"),
            ("version", "text"),
            ("rows_loaded", "bigint"),
        ),
        key=("run_id",),
        builders_may=("insert", "update"),
    ),
    MetaTable(
        "run_steps",
        "One row per step of a run, and one per model that it built.",
        (
            ("run_id", "bigint"),
            ("step_number", "bigint"),
            ("step", "text"),
            # Of a model; NULL of the step itself.
            ("model", "text"),
            ("status", "text"),
            ("seconds", "numeric(18, 3)"),
            ("row_count", "bigint"),
        ),
        key=("run_id", "step_number"),
        builders_may=("insert",),
    ),
    MetaTable(
        "salts",
        "One row: the secret that e-mail addresses are hashed with.",
        (("salt", "text"),),
        key=("salt",),
    ),
    MetaTable(
        "erasures",
        "One row per customer that was forgotten, by the name that stands in for the id.",
        (("pseudonym", "text"), ("erased_at", "timestamp")),
        key=("pseudonym",),
    ),
    MetaTable(
        "dropped_rows",
        "One row per file and entity of which superseded raw rows were dropped, each time.",
        (
            ("load_id", "bigint"),
            ("file", "text"),
            ("entity", "text"),
            ("number", "bigint"),
            # Loads of before this moment were old then.
            ("before", "timestamp"),
        ),
        key=(),
    ),
    MetaTable(
        "schema_version",
        "One row: the layout that this warehouse has.",
        (("version", "bigint"),),
        key=("version",),
    ),
)

#: What a build notes of the files that it saw: made and kept by whoever builds the models.
BUILD_TABLES: Final = (
    MetaTable(
        "built_files",
        "One row per file of a load, as it was when the models were last made of it.",
        _FILES,
        key=(),
    ),
    MetaTable(
        "changed_files",
        "One row per file that came, went or changed since the last build that went through.",
        (("load_id", "bigint"), ("file", "text")),
        key=(),
    ),
    MetaTable(
        "build_state",
        "One row where all models agree with the built files but for the changed: by which models.",
        (("models", "text"),),
        key=(),
    ),
    MetaTable(
        "load_profiles",
        "One row per load and count of its records: what alarms compare it with others by.",
        (
            ("load_id", "bigint"),
            ("loaded_at", "timestamp"),
            # Empty: of the load as a whole.
            ("entity", "text"),
            ("variable", "text"),
            ("value", "text"),
            ("number", "bigint"),
        ),
        key=(),
    ),
)
