"""From the layouts of earlier releases to this one's: what is loaded stays loaded.

A layout's statements bring a warehouse that has it to the next one; they run in one transaction
with those of the layouts after it. Tables that are new need none: they are made where they are
missing.
"""

from typing import Final

#: By the layout that they start from. What none leads on from cannot be brought to this version.
STATEMENTS: Final[dict[int, tuple[str, ...]]] = {
    2: ("alter table meta.runs add column rows_loaded bigint",),
    3: (),
}
