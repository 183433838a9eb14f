"""The tree of errors. A message says what happened, where, and what to do.

EcomDataError
├── UsageError              2  wrong arguments, missing or unreadable paths
├── DataError               1  the data failed a check
│   ├── InputError          1  a file that cannot be read as what it should be
│   ├── TooManyRejectedError 1 more records refused than `max_rejected` allows
│   ├── NotEnoughDataError  1  a model cannot be fitted to so little
│   ├── DataAlarmError      1  a load is seriously unlike the loads before it
│   └── BuildError          1  a model or a test of the dbt project failed
├── SupersetError           3  Superset cannot be reached, or refuses
└── WarehouseError          3  the warehouse cannot be reached or used
    ├── WarehouseDeniedError 3 permission, wrong password, read-only
    ├── WarehouseFullError  3  no space left
    └── TransientError      3  worth another try
        ├── WarehouseUnreachableError
        └── WarehouseBusyError  another process holds it
"""

from typing import ClassVar


class EcomDataError(Exception):
    """The base of every error that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(EcomDataError):
    """The command was given something that it cannot work with."""

    exit_code = 2


class DataError(EcomDataError):
    """The data failed a check."""


class InputError(DataError):
    """A file that cannot be read as what it should be."""


class TooManyRejectedError(DataError):
    """More records were refused than `max_rejected` allows; nothing was replaced."""


class NotEnoughDataError(DataError):
    """A model cannot be fitted: it says what it needs and what there is."""


class DataAlarmError(DataError):
    """A load is seriously unlike the shop's loads before it; all else went through."""


class BuildError(DataError):
    """A model or a test of the dbt project failed."""


class SupersetError(EcomDataError):
    """Superset cannot be reached, or refuses what it was asked."""

    exit_code = 3


class WarehouseError(EcomDataError):
    """The warehouse cannot be reached or used."""

    exit_code = 3


class WarehouseDeniedError(WarehouseError):
    """The warehouse refused: permission, password, or read-only storage."""


class WarehouseFullError(WarehouseError):
    """The warehouse has no space left; the transaction was rolled back."""


class TransientError(WarehouseError):
    """A failure that another try may not meet again."""


class WarehouseUnreachableError(TransientError):
    """No connection could be made, or it broke."""


class WarehouseBusyError(TransientError):
    """Another process holds the warehouse."""
