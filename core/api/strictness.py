"""JSON kinds as the description states them: a number is no text, "yes" is no truth value, no field is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers

Fields = dict[str, list[str]]
UNKNOWN = "Is not a known field."
# RFC 3339: a time without its zone would be another moment on each server.
_moment = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)")


def complaints(serializer: Any, data: Any, place: str = "") -> Fields:
    """Place -> sentences for everything in the body that is not of the kind its field has; empty when all is well."""
    return dict(_of_object(serializer, data, place))


def _of_object(serializer: Any, data: Mapping[str, Any], place: str) -> Iterator[tuple[str, list[str]]]:
    prefix = f"{place}." if place else ""
    for name, value in data.items():
        field = serializer.fields.get(name)
        if field is None:
            yield f"{prefix}{name}", [UNKNOWN]
        elif value is not None and not field.read_only:  # whether it may be null, the field itself says
            yield from _of_field(field, value, f"{prefix}{name}")


def _of_field(field: Any, value: Any, place: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(field, (serializers.ListSerializer, serializers.ListField)):
        yield from _of_list(field, value, place)
    elif isinstance(field, (serializers.BaseSerializer, serializers.DictField)):
        if not isinstance(value, dict):
            yield place, ["Must be an object."]
        elif isinstance(field, serializers.BaseSerializer):
            yield from _of_object(field, value, place)
        else:
            for key, each in value.items():
                if each is not None:
                    yield from _of_field(field.child, each, f"{place}.{key}")
    else:
        sentence = _of_value(field, value)
        if sentence:
            yield place, [sentence]


def _of_list(field: Any, value: Any, place: str) -> Iterator[tuple[str, list[str]]]:
    if not isinstance(value, list):
        yield place, ["Must be a list."]
        return
    for number, each in enumerate(value):
        if each is not None:
            yield from _of_field(field.child, each, f"{place}.{number}")


def _of_value(field: Any, value: Any) -> str:
    if isinstance(field, serializers.BooleanField):
        return "" if isinstance(value, bool) else "Must be true or false."
    if isinstance(field, serializers.IntegerField):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return "" if whole and not isinstance(value, bool) else "Must be a whole number."
    if isinstance(field, (serializers.FloatField, serializers.DecimalField)):
        return "" if isinstance(value, (int, float)) and not isinstance(value, bool) else "Must be a number."
    if isinstance(field, serializers.DateTimeField):
        fine = isinstance(value, str) and _moment.fullmatch(value)
        return "" if fine else "Must be a time with its zone, such as 2026-11-16T09:00:00Z."
    if isinstance(field, (serializers.CharField, serializers.ChoiceField)):
        if not isinstance(value, str):
            return "Must be a text."
        if not value and not getattr(field, "allow_blank", True):
            return "May not be blank."  # an empty part of a form too, which the field would take for none at all
        most = getattr(field, "max_length", None)
        return f"Must have {most} characters at most." if most is not None and len(value) > most else ""
    return ""
