"""All stored secrets under the first key of FIELD_KEYS, so that an old key can go (A98).

Fields of the type EncryptedJSONField are found by themselves; a room says what other columns hold sealed texts. What
lies in sessions, cookies and forms for a quarter of an hour is not here: it ends with the old key or before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from core import secrets
from core.db import locked
from core.models import StoredSecret

BATCH = 200  # rows that are read at once, and at most changed in one transaction
Reseal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Place:
    """A column with sealed texts; `walk` gives its value with each of them passed through a function."""

    model: type[models.Model]
    column: str
    walk: Callable[[Any, Reseal], Any]
    raw: bool = False

    @property
    def name(self) -> str:
        """The table and the column."""
        return f"{self.model._meta.db_table}.{self.column}"  # noqa: SLF001 (documented by Django)

    def rows(self) -> models.QuerySet[Any]:
        """Every row, its value as it stands in the database under the name `held`."""
        value = Cast(self.column, models.TextField()) if self.raw else models.F(self.column)
        found: models.QuerySet[Any] = self.model._base_manager.annotate(held=value)  # noqa: SLF001 (documented)
        return found.order_by("pk")

    def store(self, pk: Any, value: Any) -> None:
        """Put a value into a row as it is."""
        put = models.Value(value, output_field=models.TextField()) if self.raw else value
        self.model._base_manager.filter(pk=pk).update(**{self.column: put})  # noqa: SLF001 (documented by Django)


@dataclass(slots=True)
class Done:
    """What came of one place: rows that were resealed, those that stood already, and keys of those that stay closed."""

    name: str
    resealed: int = 0
    stood: int = 0
    closed: list[str] = field(default_factory=list)


def _text(value: str, reseal: Reseal) -> str:
    return reseal(value) if value else value


_told: dict[tuple[type[models.Model], str], Place] = {}


def sealed_in(model: type[models.Model], column: str, walk: Callable[[Any, Reseal], Any] = _text) -> None:
    """Name a column with sealed texts; without `walk` its value is one, or empty."""
    _told[model, column] = Place(model, column, walk)


sealed_in(StoredSecret, "sealed")


def places() -> list[Place]:
    """Every column that holds something sealed, by name."""
    found = list(_told.values())
    for model in apps.get_models():
        for column in model._meta.concrete_fields:  # noqa: SLF001 (documented by Django)
            if isinstance(column, secrets.EncryptedJSONField):
                found.append(Place(model, column.name, _text, raw=True))
    return sorted(found, key=lambda place: place.name)


def reseal_all() -> Iterator[Done]:
    """Reseal place by place; may be broken off and repeated, and costs a look alone where nothing is left to do."""
    for place in places():
        yield _reseal(place)


def _reseal(place: Place) -> Done:
    done, last = Done(place.name), None
    while page := list(_after(place, last)[:BATCH]):
        last = page[-1][0]
        old = [pk for pk, value in page if _look(place, pk, value, done)]
        with transaction.atomic():
            for pk, value in locked(place.rows().filter(pk__in=old)).values_list("pk", "held") if old else ():
                _store(place, pk, value, done)
    return done


def _store(place: Place, pk: Any, value: Any, done: Done) -> None:
    try:
        made = place.walk(value, secrets.reseal)
    except ValueError:  # written since the look, by a process that has other keys
        done.closed.append(str(pk))
        return
    place.store(pk, made)
    done.resealed += 1


def _after(place: Place, last: Any) -> models.QuerySet[Any, tuple[Any, Any]]:
    rows = place.rows() if last is None else place.rows().filter(pk__gt=last)
    return rows.values_list("pk", "held")


def _look(place: Place, pk: Any, value: Any, done: Done) -> bool:
    """Whether a row has something that another key sealed; counts those that need nothing or cannot be opened."""
    seen: list[bool] = []

    def look(sealed: str) -> str:
        seen.append(secrets.reseal(sealed) != sealed)
        return sealed

    try:
        place.walk(value, look)
    except ValueError:
        done.closed.append(str(pk))
        return False
    done.stood += bool(seen) and not any(seen)
    return any(seen)
