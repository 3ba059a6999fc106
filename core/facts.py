"""Facts: "this happened", told to higher rooms after the commit, at least once, each reader by itself (house 4).

`record` writes the fact and one due row per reader in the caller's transaction. A fact says *look*, not *what*:
it carries ids and plain values, readers load the present state. Nothing on the way to a page is a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from django.db import transaction

from core import due
from core.models import DueRow
from core.models import Fact as FactRow

C = TypeVar("C", bound=type)
F = TypeVar("F")
PLAIN = (str, int, float, bool, type(None))
_kinds: dict[str, type] = {}
_names: dict[type, str] = {}
_readers: dict[str, dict[str, Callable[[Any], None]]] = {}


def fact(name: str) -> Callable[[C], C]:
    """Name a frozen dataclass of plain values; raises ValueError when the name is taken."""

    def register(cls: C) -> C:
        frozen = getattr(getattr(cls, "__dataclass_params__", None), "frozen", False)
        if not is_dataclass(cls) or not frozen:
            raise ValueError(f"fact {name} must be a frozen dataclass")
        if name in _kinds and _kinds[name].__qualname__ != cls.__qualname__:
            raise ValueError(f"fact {name} is already {_kinds[name].__qualname__}")
        _kinds[name] = cls
        _names[cls] = name
        return cls

    return register


def on(cls: type[F]) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Register a reader of a fact; it runs in a transaction of its own, again after a failure."""

    def register(reader: Callable[[F], None]) -> Callable[[F], None]:
        _readers.setdefault(_names[cls], {})[_label(reader)] = reader
        return reader

    return register


def _label(reader: Callable[[Any], None]) -> str:
    return f"{reader.__module__}.{reader.__qualname__}"


def readers() -> dict[str, list[str]]:
    """The whole map fact -> readers, for the command and the documentation."""
    return {name: sorted(_readers.get(name, {})) for name in sorted(_kinds)}


def name_of(happened: Any) -> str:
    """The name of a fact in hand, such as `incident.opened`; raises KeyError for anything else."""
    return named(type(happened))


def named(kind: type) -> str:
    """The name of a kind of fact; raises KeyError for a class that is none."""
    return _names[kind]


def record(happened: Any) -> None:
    """Store a fact and one due row per reader in the caller's transaction; raises TypeError for values not plain."""
    name = _names[type(happened)]
    payload = asdict(happened)
    for key, value in payload.items():
        items = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(item, PLAIN) for item in items):
            raise TypeError(f"fact {name}: {key} is not a plain value")
    with transaction.atomic(savepoint=False):
        row = FactRow.objects.create(kind=name, payload=payload)
        due.put_many(
            [
                DueRow(
                    key=f"fact:{row.pk}:{reader}"[:250],
                    kind="fact.read",
                    ref=f"{row.pk}:{reader}",
                    due=row.at,
                    priority=due.Priority.FACT,
                )
                for reader in _readers.get(name, {})
            ]
        )


@due.due("fact.read", effect="database")
def read_fact(item: due.Item) -> None:
    """Tell one reader of one fact; a reader that this release does not know is parked, not forgotten."""
    number, _, label = item.ref.partition(":")
    row = FactRow.objects.get(pk=int(number))
    reader = _readers.get(row.kind, {}).get(label)
    if reader is None:
        raise LookupError(f"no reader {label} of {row.kind}")
    reader(_kinds[row.kind](**row.payload))
