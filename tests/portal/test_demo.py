"""`make demo` and the directories in which no demo is built; what it builds is told in tests/portal/demo (ADM-10)."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from portal.demo.organisation import address_of
from portal.demo.people import PEOPLE
from tests import world


def test_make_demo_says_the_address_that_it_serves_and_json_to_programs_alone() -> None:
    """`make demo PORT=18124`: the builder and the portal are told the same port; at a terminal there is no JSON."""
    said = subprocess.run(
        ["make", "-n", "-o", "setup", "demo", "PORT=18124"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout
    steps = [line for line in said.splitlines() if "manage.py" in line]
    assert len(steps) == 2
    assert all("WATCHBILL_PORT=${WATCHBILL_PORT:-18124}" in line for line in steps), said
    assert steps[0].endswith("manage.py demo $(test -t 1 || echo --json)")


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
