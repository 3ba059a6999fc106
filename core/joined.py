"""Rows of a second table read beside those of the first: one query where a prefetch would take two."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, Model

M = TypeVar("M", bound=Model)


def columns(model: type[Model], path: str, name: str) -> dict[str, F]:
    """Annotations that put every column of `model`, found along `path`, on each row, as `name` and the column's."""
    return {f"{name}_{each}": F(f"{path}__{each}") for each in _names(model)}


def taken(model: type[M], row: Model, name: str) -> M | None:
    """The object that these columns of a row make; None where an outer join found nothing."""
    found: dict[str, Any] = vars(row)
    names = _names(model)
    made = model.from_db(DEFAULT_DB_ALIAS, names, [found[f"{name}_{each}"] for each in names])
    return None if made.pk is None else made


def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 (Django's public name)
