"""Columns and values of the administration as people read them: no names of columns, no words of the database.

A label is made from the field's name, a value from its kind; what a room knows better it says in its page's `labels`
and `tells`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

#: Fields whose values are words of ours: shown with spaces and a capital, `timed_out` as "Timed out".
WORDS = frozenset(
    (
        *(
            "action",
            "actor_kind",
            "declared_via",
            "end_reason",
            "invitation_state",
            "judged_severity",
            "kind",
            "outcome",
        ),
        *("purpose", "reason", "resolution_code", "severity", "state", "status", "team_role", "urgency", "visibility"),
        *("answered_via", "answer_reason", "paused_reason"),
    )
)
ENDINGS = {"_at": "", "_id": "", "_seconds": " (seconds)", "_minutes": " (minutes)"}
Cell = Callable[[Any], Any]


def label(name: str) -> str:
    """A field's name as the head of a column: `ack_timeout_minutes` is "Ack timeout (minutes)", `is_major` "Major"."""
    text = "When" if name == "at" else name.removeprefix("is_")
    for ending, instead in ENDINGS.items():
        if text.endswith(ending):
            text = text.removesuffix(ending) + instead
            break
    return text.replace("_", " ").capitalize()


def in_words(value: str) -> str:
    """A word of ours for people: `timed_out` is "Timed out"."""
    return value.replace("_", " ").capitalize() if value.isascii() and value.islower() else value


def cell(model: type[models.Model], name: str, labels: Mapping[str, str], tells: Mapping[str, Cell]) -> Cell | None:
    """What shows a field in words, for Django's lists and forms; None for what is no field of the model."""
    try:
        field = model._meta.get_field(name)  # noqa: SLF001 (Django's public name)
    except FieldDoesNotExist:
        return None
    if not isinstance(field, models.Field):
        return None
    told = tells.get(name) or _told(field)

    def shown(row: Any) -> Any:
        return at_home(told(row))

    shown.__name__ = name
    shown.short_description = labels.get(name) or label(name)  # type: ignore[attr-defined]
    shown.admin_order_field = name  # type: ignore[attr-defined]
    shown.boolean = isinstance(field, models.BooleanField)  # type: ignore[attr-defined]
    return shown


def _told(field: models.Field[Any, Any]) -> Cell:
    name = field.name
    if field.choices:
        return lambda row: getattr(row, f"get_{name}_display")()
    if isinstance(field, models.JSONField):
        return lambda row: in_line(getattr(row, name))
    if name in WORDS:
        return lambda row: in_words(str(getattr(row, name) or ""))
    return lambda row: getattr(row, name)


def at_home(value: Any) -> Any:
    """A time on the person's clock, as in lists: Django's pages would print it raw. Anything else as it is."""
    return formats.localize(localtime(value)) if isinstance(value, datetime) else value


def in_line(value: Any) -> str:
    """Something nested in one line of words."""
    if isinstance(value, dict):
        return "; ".join(f"{str(key).replace('_', ' ')}: {in_line(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(in_line, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def linked(text: Any, path: str) -> SafeString | str:
    """A text that leads to a page of the portal; without a path the text alone."""
    return format_html('<a class="wb-link" href="{}">{}</a>', path, text) if path else str(text)


def as_lines(texts: Iterable[Any]) -> SafeString:
    """Texts one below the other."""
    return format_html("<ol>{}</ol>", format_html_join("", "<li>{}</li>", ((text,) for text in texts)))


def swapped(names: Iterable[Any], cells: Callable[[str], Cell | None]) -> list[Any]:
    """The names, each with what shows it in words where there is such a thing."""
    return [(cells(name) or name) if isinstance(name, str) else name for name in names]
