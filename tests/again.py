"""What hundreds of tests begin with is worked out once by each process of the suite, and then written down again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import deepcopy
from typing import Any, TypeVar

from django.db import connection

from core import clock

T = TypeVar("T")
READS = {"SELECT", "SAVEPOINT", "RELEASE"}
Statements = list[tuple[str, Any, bool]]
_known: dict[Hashable, tuple[Statements, Any]] = {}


def again(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` makes: by its own hand the first time, by the statements that it sent then from there on.

    It must read the same rows each time, at a clock that stands still at the same time; what it does outside the
    database is not repeated. Only on SQLite, inside a test's transaction: there each test's rows get the same ids,
    unless the tables have counted on meanwhile, or have been emptied.
    """
    if connection.vendor != "sqlite" or not connection.in_atomic_block or not clock._frozen:
        return make()
    at = (key, clock.now(), _counted())
    if at in _known:
        sent, made = _known[at]
        with connection.cursor() as cursor:
            for sql, values, many in sent:
                (cursor.executemany if many else cursor.execute)(sql, values)
    else:
        sent = []
        with connection.execute_wrapper(_written_to(sent)):
            made = make()
        _known[at] = (sent, deepcopy(made))
    copied: T = deepcopy(made)
    return copied


def forget() -> None:
    """A test with real transactions has emptied the tables, and what the migrations wrote is gone as well."""
    _known.clear()


def _counted() -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        return tuple(cursor.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall())


def _written_to(sent: Statements) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any) -> Any:
        word = sql.split(maxsplit=1)[0].upper()
        assert word != "ROLLBACK", "what takes something back cannot be written again"
        if word not in READS:
            sent.append((sql, deepcopy(values), many))
        return execute(sql, values, many, context)

    return note
