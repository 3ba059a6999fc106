"""Shared fixtures: the movable clock, the world of named people, clients of the API and browsers."""

from __future__ import annotations

import gc
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client, TransactionTestCase
from rest_framework.test import APIClient

from accounts.models import User
from core import clock, figures, health
from core.logs import QueuedHandler
from integrations.queries import steps
from tests import canaries
from tests.again import again, forget
from tests.made_once import tables
from tests.world import World, build, enter, token

# The cheapest argon2 there is: the tests sign in hundreds of times.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
# Workers take whole files in this order: the longest begin first, so that no worker is left alone with one.
FIRST = (
    "test_tour.py",
    "test_kill_loop.py",
    "test_tour_states.py",
    "test_story_alertmanager.py",
)
# These mostly wait (for a limit of ten seconds, for a line to fall silent): beside them others can work.
WAITING = ("test_due_deliveries.py", "test_providers_http.py", "test_web_presence.py", "test_web_sockets.py")
FOLDERS = ("browser", "system", "flows")


def pytest_collection_finish() -> None:
    """What stands by now stays: collections need not walk through it, which saves a tenth of the suite's work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then those of processes and browsers, those that wait, and the sweeps."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    name, folder = item.path.name, item.path.parent.name
    if name in FIRST:
        return FIRST.index(name)
    if name in WAITING:
        return len(FIRST) + 1
    return len(FIRST) + (FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS))


def _shares_tables() -> bool:
    return connection.vendor == "sqlite" and "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Workers on SQLite begin with a copy of the tables, which are made once for all and for their portals."""
    if _shares_tables():
        shutil.copy(tables(tmp_path_factory) / "watchbill.sqlite3", connection.settings_dict["TEST"]["NAME"])


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Whether the database of the tests stands already."""
    return _shares_tables() or bool(request.config.getvalue("reuse_db"))


@pytest.fixture
def at() -> Iterator[clock.FrozenClock]:
    """A clock that stands at Monday 16 November 2026, 09:00 UTC, until it is moved."""
    with clock.frozen(MONDAY) as frozen:
        yield frozen


@pytest.fixture(autouse=True, scope="session")
def _audit_can_be_emptied() -> Iterator[None]:
    """Tests with real transactions end by emptying every table; lift the audit's triggers for that alone (A93)."""
    rules = import_module("core.migrations.0002_audit_append_only")
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def lifted(case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            for statement in rules.UNDO[connection.vendor]:
                cursor.execute(statement)
            empty(case)
            forget()
            for statement in rules.POSTGRESQL if connection.vendor == "postgresql" else rules.SQLITE:
                cursor.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lifted)
        yield


@pytest.fixture(autouse=True, scope="session")
def _quiet_log() -> None:
    """pytest shows the log of a failed test by itself; the portal's own writer would write between the dots."""
    logging.root.handlers = [kept for kept in logging.root.handlers if not isinstance(kept, QueuedHandler)]
    canaries.plant()


def pytest_runtest_teardown() -> None:
    """A95: no test of the whole run may leave a secret in the log."""
    said = canaries.said()
    assert not said, f"the log shows a secret:\n{said}"


@pytest.fixture(autouse=True)
def _banner_in_memory() -> None:
    """The banner is asked for each five seconds; a page whose queries are counted must not be the one that asks."""
    health._banner[:] = [(math.inf, None)]


@pytest.fixture(autouse=True)
def _figures_anew() -> None:
    """What a process has counted for somebody of another test, or knows of its portal, is nobody's of this one."""
    figures.forget("*")
    steps._under_way.clear()


@pytest.fixture
def world(request: pytest.FixtureRequest, db: None) -> World:
    """Ana, Bo, Cy, Di, Eve the outsider, Pat, Ada and Sam, with a team, a policy and a service."""
    if "at" in request.fixturenames:
        request.getfixturevalue("at")  # where the clock stands still they were made then, not today
    return again("world", build)


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """A maker of API clients: `api(world.bo)` carries a token of all scopes, `api(world.bo, "read")` a narrow one."""

    def client(user: User | None = None, *scopes: str) -> APIClient:
        made = APIClient()
        if user is not None:
            made.credentials(HTTP_AUTHORIZATION=f"Bearer {token(user, *scopes)}")
        return made

    return client


@pytest.fixture
def browser() -> Callable[..., Client]:
    """A maker of browsers: `browser(world.ana)` is signed in with a second factor; CSRF is enforced when asked for."""

    def client(user: User | None = None, *, csrf: bool = False) -> Client:
        made = Client(enforce_csrf_checks=csrf)
        if user is not None:
            enter(made, user)
        return made

    return client
