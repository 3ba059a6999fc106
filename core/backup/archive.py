"""The archive: a plain tar of known names, written beside its place and moved there when it is whole (A16, A108)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from core.backup import manifest
from core.backup.manifest import Manifest, Member, Refused

CHUNK = 1024 * 1024


class _Hashing:
    """A file that is read once, into the tar and into its hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As the file's."""
        found = self._file.read(size)
        self.digest.update(found)
        return found


class Writer:
    """An archive that is being written; `members` are those that it has so far."""

    def __init__(self, file: IO[bytes], at: datetime) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 (`finish` ends it)
        self._time = int(at.timestamp())
        self.members: list[Member] = []

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """Put `size` bytes under a name; raises Refused where the file is shorter than that."""
        source = _Hashing(file)
        try:
            self._tar.addfile(self._head(name, size), source)
        except (OSError, tarfile.TarError) as error:
            raise Refused(f"{name} could not be written into the backup: {error}.") from error
        self.members.append(Member(name, size, source.digest.hexdigest()))

    def finish(self, said: Manifest) -> None:
        """Put the manifest at the end: an archive that was cut off has none."""
        content = said.to_bytes()
        self._tar.addfile(self._head(manifest.NAME, len(content)), io.BytesIO(content))
        self._tar.close()

    def _head(self, name: str, size: int) -> tarfile.TarInfo:
        head = tarfile.TarInfo(name)
        head.size, head.mode, head.mtime = size, 0o600, self._time
        return head


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tarfile.TarFile]:
    """The archive for reading; raises Refused for what is no plain tar."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (OSError, tarfile.TarError, EOFError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged or no tar"
        raise Refused(f"{path} cannot be read: {why}.") from error


def check(tar: tarfile.TarFile) -> Manifest:
    """Read all of it and compare with its manifest; raises Refused for any name, size or content that is not ours."""
    heads: dict[str, tarfile.TarInfo] = {}
    for head in tar:
        if not head.isreg() or head.name in heads:
            raise Refused("This backup holds what is no plain file, or a name twice.")
        heads[head.name] = head
    last = heads.pop(manifest.NAME, None)
    if last is None or last.size > manifest.LARGEST:
        raise Refused("This backup has no manifest: it is not whole, or none of ours.")
    said = manifest.parse(_bytes(tar, last).read())
    named = {member.name: member for member in said.members}
    strange = [name for name in heads if not manifest.MEMBER.fullmatch(name) or name not in named]
    missing = sorted(set(named) - set(heads))
    if strange or missing or len(named) != len(said.members) or manifest.DATABASES[said.database] not in named:
        raise Refused("The files of this backup are not those of its manifest.")
    for name, member in named.items():
        if heads[name].size != member.size or digest(_bytes(tar, heads[name])) != member.sha256:
            raise Refused(f"{name} of this backup is damaged.")
    return said


def extract(tar: tarfile.TarFile, said: Manifest, into: Path) -> None:
    """Write the checked members below an empty folder, each as 0600; their hashes are looked at once more."""
    for member in said.members:
        path = into / member.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            source = _Hashing(_bytes(tar, tar.getmember(member.name)))
            while chunk := source.read(CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if source.digest.hexdigest() != member.sha256:
            raise Refused(f"{member.name} of this backup changed while it was read.")


def digest(file: IO[bytes]) -> str:
    """The SHA-256 of what is left of a file."""
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


def _bytes(tar: tarfile.TarFile, head: tarfile.TarInfo) -> IO[bytes]:
    found = tar.extractfile(head)
    if found is None:
        raise Refused("This backup holds what is no plain file.")
    return found
