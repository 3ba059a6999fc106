"""Prepared data directories: migrated and filled once, copied for each portal that a fault test starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_once import once, tables
from tests.system.limits import pytest_runtest_call as pytest_runtest_call
from tests.system.limits import pytest_runtest_setup as pytest_runtest_setup
from tests.system.limits import pytest_runtest_teardown as pytest_runtest_teardown
from tests.system.scene import Scene
from tools.chaos.portal import Portal
from tools.chaos.sink import Sink

PEOPLE = 60
Make = Callable[..., Scene]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with tables and nobody in it; copy it."""
    return tables(tmp_path_factory)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> tuple[Path, dict[str, Any]]:
    """A data directory with sixty people, and their keys."""

    def fill(folder: Path) -> None:
        shutil.copytree(migrated, folder / "data")
        (folder / "crew.json").write_text(Portal(folder).python("tests.system.crew", str(PEOPLE)))

    folder = once(tmp_path_factory, "prepared", fill)
    return folder / "data", json.loads((folder / "crew.json").read_text())


@pytest.fixture(scope="module")
def make(prepared: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """A maker of scenes, not yet started; settings are WATCHBILL_ names. All of it ends with the module."""
    made: list[Scene] = []

    def build(**settings: str) -> Scene:
        folder = tmp_path_factory.mktemp("scene")
        shutil.copytree(prepared[0], folder / "data")
        sink = Sink()
        sink.start()
        scene = Scene(Portal(folder, EMAIL_URL=sink.url, **settings), sink, prepared[1])
        made.append(scene)
        return scene

    yield build
    for scene in made:
        if scene.portal.process and scene.portal.process.poll() is None:
            scene.portal.kill_all()
        scene.sink.stop()
