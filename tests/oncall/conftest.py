"""Fixtures of the room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from core.clock import FrozenClock
from tests.oncall.cases import Case
from tests.world import World


@pytest.fixture
def case(world: World, at: FrozenClock) -> Case:
    """The subject `case:7`, in the world, on Monday at 09:00 UTC."""
    return Case().register()


@pytest.fixture
def api(api: Callable[..., APIClient]) -> Callable[..., APIClient]:
    """The shared maker of API clients, sending JSON."""

    def client(user: User | None = None, *scopes: str) -> APIClient:
        made = api(user, *scopes)
        made.default_format = "json"
        return made

    return client
