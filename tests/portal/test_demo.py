"""`make demo` and the directories in which no demo is built; what it builds is told in tests/portal/demo (ADM-10)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from portal.demo.organisation import address_of
from portal.demo.people import PEOPLE
from tests import world


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A folder with a python that only says how it was called."""
    made = tmp_path / "python"
    made.write_text('#!/bin/sh\necho "$WATCHBILL_PORT: $*"\n')
    made.chmod(0o755)
    return tmp_path


def make_demo(python: Path, stdout: int) -> bytes:
    """What `make demo PORT=18124` does, with that python in the real one's place."""
    command = ["make", "-o", "setup", "demo", "PORT=18124", f"BIN={python}"]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, stdout=stdout, check=True, env={"PATH": os.environ["PATH"]}
    ).stdout


def test_make_demo_gives_programs_the_card_and_serves_the_port_that_it_says(python: Path) -> None:
    """`make demo PORT=18124`: the builder and the portal are told the same port."""
    said = make_demo(python, subprocess.PIPE).decode().splitlines()
    assert said == ["18124: manage.py demo --json", "18124: manage.py up"]


def test_make_demo_shows_no_card_at_a_terminal(python: Path) -> None:
    """People read how to sign in instead."""
    ours, theirs = os.openpty()
    make_demo(python, theirs)
    os.close(theirs)
    assert os.read(ours, 1000).decode().split("\r\n")[:2] == ["18124: manage.py demo", "18124: manage.py up"]
    os.close(ours)


@pytest.mark.django_db
def test_the_demo_keeps_away_from_a_portal_in_use() -> None:
    world.build()
    with pytest.raises(CommandError, match="in use"):
        call_command("demo", "--json")


@pytest.mark.django_db
@pytest.mark.parametrize("words", [["--json"], ["--play"]])
def test_a_demo_of_an_older_version_or_one_cut_short_is_not_taken_for_the_demo(words: list[str], settings: Any) -> None:
    """The sentence says what to do: twelve people of a former demo, or all forty without their past."""
    world.person("Priya", email="priya@fernhill.example")
    with pytest.raises(CommandError, match=r"Delete that directory.*run `make demo` again") as refused:
        call_command("demo", *words)
    assert str(settings.DATA_DIR) in str(refused.value)
    User.objects.all().delete()
    User.objects.bulk_create(User(email=address_of(name), name=name) for name, *_ in PEOPLE)
    with pytest.raises(CommandError, match="interrupted"):
        call_command("demo", *words)


@pytest.mark.django_db
def test_without_a_demo_nothing_is_played() -> None:
    world.build()
    with pytest.raises(CommandError, match="no demo in this data directory"):
        call_command("demo", "--play")
