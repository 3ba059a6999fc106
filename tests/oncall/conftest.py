"""Fixtures of the room."""

from __future__ import annotations

import pytest

from core.clock import FrozenClock
from tests.oncall.cases import Case
from tests.world import World


@pytest.fixture
def case(world: World, at: FrozenClock) -> Case:
    """The subject `case:7`, in the world, on Monday at 09:00 UTC."""
    return Case().register()
