"""Twenty kills while events come in: nothing is lost, nothing is sent without need (G1-G5, G18, F1, F2, F4, F5)."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.chaos.figures import Figures
from tools.chaos.loop import Loop
from tools.services import Postgres, postgres_bin

pytestmark = pytest.mark.system
FEW, KILLS = 11, 20  # in `make test`, where the eleventh is of the whole tree, and in the long round


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A cluster of this test's own; pytest's folders are closed to the server's account."""
    if postgres_bin() is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="watchbill-loop-"))
    server = Postgres(folder)
    yield server
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def judge(figures: Figures, kills: int = KILLS) -> None:
    """The sink's own log against the 202s; the figures are printed with `pytest -s`."""
    sys.stdout.write(json.dumps(figures.summary(), indent=2))
    assert figures.kills == kills
    assert figures.tree_kills >= 1
    assert not figures.missed(), json.dumps(figures.summary(), indent=2)
    assert figures.ended[0] == 0
    assert figures.ended[1] <= 10


@pytest.mark.parametrize("kills", [FEW, pytest.param(KILLS, marks=pytest.mark.long)])
def test_twenty_kills_on_sqlite(kills: int) -> None:
    judge(Loop(kills, people=80, pause=(0.2, 0.9)).run(), kills)


@pytest.mark.services
def test_twenty_kills_on_postgresql(postgres: Postgres) -> None:
    judge(Loop(KILLS, postgres=postgres, people=80, pause=(0.2, 0.9)).run())
