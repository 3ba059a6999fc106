"""`manage.py config` as a command: exit codes, new keys, and the rights of the one who applies."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from core.config import plan
from core.models import AuditEntry
from tests.world import World

pytestmark = pytest.mark.django_db


def command(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and what was said beside it."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("config", *words, stdout=out, stderr=err)
    except CommandError as error:
        return 1, out.getvalue(), str(error)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """A maker of files of these sections."""

    def write(**sections: Any) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({"schema": 1, **sections}, sort_keys=False))
        return str(path)

    return write


def test_exit_codes_tell_a_script_what_a_plan_found(world: World, file: Callable[..., str]) -> None:
    path = file(teams=[{"name": "Platform"}])
    assert command("plan", path) == (2, "+ teams: Platform\n1 to make, 0 to change, 0 to remove.\n", _left(world))
    assert command("apply", path)[0] == 0
    assert command("plan", path)[:2] == (0, "Nothing to do.\n")
    assert command("apply", path)[:2] == (0, "Nothing to do.\n")
    assert command("plan", file(teams=[{"name": ""}])) == (1, "", "teams[0].name (line 3): A name is needed.")
    assert command("plan", "/nowhere/at/all")[0] == 1
    assert command("export")[1].encode() == plan.export()


def _left(world: World) -> str:
    return "Not in the file and left alone (2; --prune removes them):\n  teams: Payments\n  teams: Search\n"


def test_new_keys_are_shown_only_when_asked(world: World, file: Callable[..., str]) -> None:
    _, out, err = command("apply", file(integration_keys=[{"service": "Checkout", "name": "first"}]))
    assert out == "+ integration_keys: Checkout / events / first\n1 to make, 0 to change, 0 to remove.\n"
    assert "1 keys were made and their texts not shown" in err
    both = [{"service": "Checkout", "name": name} for name in ("first", "second")]
    _, out, err = command("apply", file(integration_keys=both), "--show-new-keys")
    shown = out.splitlines()[-1]
    assert shown.startswith("integration_keys: Checkout / events / second: ")
    assert len(shown.rpartition(" ")[2]) == 32
    assert err == ""


def test_somebody_applies_with_his_or_her_own_rights(world: World, file: Callable[..., str]) -> None:
    """Ana manages Payments: its services are hers, those of Search and the priorities are not (A58)."""
    mine = file(services=[{"name": "Checkout", "team": "Payments", "urgency": "low"}])
    assert command("apply", mine, "--as", "ana@example.org")[0] == 0
    assert AuditEntry.objects.latest("pk").label == "Ana Lima (config apply)"
    code, _, err = command("apply", file(priorities=[{"rank": 1, "name": "Red"}]), "--as", "ana@example.org")
    assert (code, err) == (1, "priorities[0] (line 3): You may not change what the priorities mean.")
    code, _, err = command("apply", file(services=[{"name": "S", "team": "Search"}]), "--as", "ana@example.org")
    assert (code, err) == (1, "services[0] (line 3): You may not change services of this team.")
    assert (
        command("plan", mine, "--as", "nobody@example.org")[2]
        == "There is nobody with the address “nobody@example.org”."
    )
