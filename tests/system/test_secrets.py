"""What a running portal shows of its secrets to whoever may list processes or read its log (A95, A108)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.system.harness import Portal, tree_of

pytestmark = pytest.mark.system

CANARIES = {
    "EMAIL_URL": "smtp://ana:canary-of-the-mail%2Fserver@127.0.0.1:1",
    "REDIS_URL": "redis://:canary-of-the-cache@127.0.0.1:1/0",
    "SECRET_KEY": "canary-of-the-sessions-" + "s" * 40,
    "FIELD_KEYS": "canary-of-the-fields-" + "f" * 40,
}


def test_no_process_and_no_line_of_the_log_tells_a_secret(tmp_path: Path, migrated: Path) -> None:
    """A dead mail server and a dead Redis are complained about, each line is one JSON object, and none says how."""
    shutil.copytree(migrated, tmp_path / "var")
    with Portal(tmp_path / "var", port=None, command="up", LOG_FORMAT="json", **CANARIES) as portal:
        for path in ("/accounts/login/", "/healthz/engine", "/canary-of-nothing/"):
            portal.client.get(path, headers={"Authorization": "Bearer canary-of-a-token"})
        portal.client.post("/accounts/password/reset/", data={"email": "canary-of-a-person@example.org"})
        shown = [Path(f"/proc/{pid}/cmdline").read_text() for pid in tree_of(portal.pid)]
        files = [Path(f"/proc/{pid}/environ").stat().st_mode & 0o077 for pid in tree_of(portal.pid)]
        assert portal.stop()[0] == 0
        said = [line for line in portal.text().splitlines() if line.startswith("{")]
    assert len(shown) >= 4
    assert not [line for line in shown if "canary-of-the" in line]
    assert not any(files), "others may read a process's environment"
    assert said
    assert {"at", "level", "logger", "pid", "message"} <= set(json.loads(said[0]))
    assert not [line for line in portal.text().splitlines() if "canary-of-the" in line or "canary-of-a-token" in line]
