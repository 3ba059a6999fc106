"""`manage.py prepare`, for installations where something else starts the processes (F49, A41)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.system.harness import Portal, manage

pytestmark = pytest.mark.system


def test_an_installation_is_prepared_once_or_often_and_then_serves(tmp_path: Path) -> None:
    """Tables from nothing, the one-time link, no harm in a second call; `web` alone then answers that link."""
    links = []
    for _ in range(2):
        done = manage(tmp_path / "var", "prepare")
        assert (done.returncode, done.stderr) == (0, "")
        links += re.findall(r"http://localhost:8000(/setup/[\w-]+/)", done.stdout)
    assert len(set(links)) == 2
    with Portal(tmp_path / "var", command="web") as portal:
        assert portal.client.get(links[0]).status_code == 404, "the later link makes the former void"
        assert portal.client.get(links[1]).status_code == 200
