"""Wake-up calls are hints: they come when they can, and nothing stops where they cannot."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import wake
from tests.core.processes import descriptors


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Where the ports of all processes stand."""
    settings.DATA_DIR = tmp_path
    return tmp_path / "run"


@pytest.fixture
def many_files() -> Iterator[None]:
    """A process that has more than 1024 descriptors open."""
    with descriptors(1024):
        yield


@pytest.fixture(autouse=True)
def _no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """LISTEN has stories of its own; here only the calls on one machine count."""
    monkeypatch.setattr(wake, "_Listener", lambda role, port: None)


def test_a_call_wakes_every_process_of_the_role(folder: Path) -> None:
    with (
        closing(wake.listen("worker")) as one,
        closing(wake.listen("worker")) as two,
        closing(wake.listen("web")) as web,
    ):
        wake.call("worker")
        assert (one.wait(2), two.wait(2), web.wait(0)) == (True, True, False)
        assert not one.wait(0.01)
    assert list(folder.iterdir()) == []


def test_it_hears_with_thousands_of_descriptors(folder: Path, many_files: None) -> None:
    with closing(wake.listen("web")) as ears:
        assert ears.fileno() >= 1024
        assert not ears.wait(0.01)
        wake.call("web")
        assert ears.wait(2)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_no_file_is_no_reason_to_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """F28: the file is begun and stays empty; the process listens all the same, and nothing is left behind."""
    write = Path.write_text

    def full(path: Path, text: str, **values: Any) -> int:
        write(path, "")
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_text", full)
    with closing(wake.listen("worker")) as ears:
        assert not ears.wait(0.01)
        wake.call_port(ears.port)
        assert ears.wait(2)
        assert list(folder.iterdir()) == []


def test_half_a_file_keeps_no_other_process_asleep(folder: Path) -> None:
    folder.mkdir()
    mine = f"{os.getpid()}"
    for number in range(5):
        (folder / f"worker-{mine}-{number}.port").touch()
    with closing(wake.listen("worker")) as ears:
        for number in range(5, 10):
            (folder / f"worker-{mine}-{number}.port").touch()
        wake.call("worker")
        assert ears.wait(2)
