"""Rows that are slow to make, made once for the tests of a file: each test runs inside their transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeVar

from django.db import connection, transaction

from core import clock

T = TypeVar("T")


@contextlib.contextmanager
def standing(blocker: Any, build: Callable[[], T], at: Any) -> Iterator[Callable[[], T]]:
    """Build at the time `at`; gives a maker of what was built, a copy of it for each test.

    Each test's own transaction lies within that of the rows, and is taken back to where it found them. Tests with
    real transactions cannot share; nor can those on PostgreSQL, where the end of a test closes the connection: there
    each test builds anew, inside its own transaction.
    """
    if connection.vendor != "sqlite":
        yield build
        return
    with blocker.unblock(), clock.frozen(at):
        outer: Any = transaction.atomic()
        outer._from_testcase = True  # as Django's own: a durable block may stand inside
        outer.__enter__()
        made = build()
    yield lambda: deepcopy(made)
    with blocker.unblock():
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)
