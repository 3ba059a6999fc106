"""The builders of the named world work, and everybody has the rights that the story says."""

from __future__ import annotations

from django.conf import settings

from accounts.permissions import TEAM_EDIT, USER_EDIT, can
from tests.world import World, acts


def test_everybody_is_there(world: World) -> None:
    assert can(acts(world.ana), TEAM_EDIT, world.payments)
    assert not can(acts(world.eve), TEAM_EDIT, world.payments)
    assert can(acts(world.ada), USER_EDIT)
    assert not can(acts(world.pat), USER_EDIT)


def test_the_data_directory_is_thrown_away() -> None:
    assert "watchbill-test-" in str(settings.DATA_DIR)
