"""A folder of files under random names: what a name means stands in the rows of the rooms (A16)."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_key = re.compile(r"[0-9a-f]{32}(?:\.[a-z]{1,8})?")


def fresh_key() -> str:
    """A name that nobody can guess: 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Store:
    """Files spread over 256 folders; only the portal's own user reads them (0600 in 0700)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, key: str, content: bytes) -> None:
        """Put a file where none is; raises FileExistsError otherwise, OSError when the disk refuses."""
        path = self._path(key)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # `parents` would make it for everybody
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def open(self, key: str) -> BinaryIO | None:
        """The file for reading; None where there is none."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Take a file away, if it is there."""
        self._path(key).unlink(missing_ok=True)

    def batches(self, written_before: float) -> Iterator[list[str]]:
        """The keys of the files that were last written before a moment (seconds since 1970), folder by folder."""
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            found = [each for each in folder.iterdir() if _key.fullmatch(each.name)]
            yield [each.name for each in found if _written(each) < written_before]

    def _path(self, key: str) -> Path:
        if not _key.fullmatch(key):
            raise ValueError("not a name of this store")
        return self.root / key[:2] / key


def _written(path: Path) -> float:
    """When a file was last written; never, for one that has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
