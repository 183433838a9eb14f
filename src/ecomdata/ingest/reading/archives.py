"""Compressed files: unpacked while they are read, in constant memory.

What a file is, its first bytes say, not its name.
"""

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from ecomdata.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def unpacked(path: Path) -> BinaryIO:
    """Open a file to read its bytes: those inside, where it is compressed.

    Raises:
        OSError: the file cannot be opened.
        InputError: while reading: the archive is cut off or damaged.
    """
    file = path.open("rb")
    magic = file.read(4)
    file.seek(0)
    if magic.startswith(_GZIP):
        return io.BufferedReader(_Archive(path, gzip.GzipFile(fileobj=file), file))
    if magic == _ZSTD:
        return io.BufferedReader(_Archive(path, zstd.ZstdFile(file), file))
    return file


class _Archive(io.RawIOBase):
    """The bytes in an archive; says which file is damaged."""

    def __init__(self, path: Path, inside: Any, outside: BinaryIO) -> None:
        self._path, self._inside, self._outside = path, inside, outside

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count: int = self._inside.readinto(buffer)
        except EOFError as exc:
            raise InputError(
                f"{self._path}: is cut off in the middle; copy or download it again"
            ) from exc
        except (OSError, zlib.error, zstd.ZstdError) as exc:
            raise InputError(
                f"{self._path}: is a damaged archive ({exc}); copy or download it again"
            ) from exc
        return count

    def close(self) -> None:
        self._inside.close()
        self._outside.close()
        super().close()
