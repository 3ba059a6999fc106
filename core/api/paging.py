"""Lists by key, never by number of the page: as fast at the end as at the beginning, with a signed cursor (A66)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Invalid

USUAL, MOST = 50, 200
NEWEST_FIRST: Mapping[str, Sequence[str]] = {"newest": ("-pk",)}


class KeysetPagination(BasePagination):
    """Pages after the last row's key.

    The view's `orderings` maps a name to model fields (`-` for descending); the first is the default, and
    each ends with a unique field. The fields may not be null.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """The rows of this page; raises Invalid on a bad size, ordering or cursor."""
        self.request = request
        self.size = _size(request.query_params.get("page_size"))
        self.name, self.ordering = _ordering(request, view)
        rows = queryset.order_by(*self.ordering)
        token = request.query_params.get("cursor")
        if token is not None:
            rows = rows.filter(_after(rows, self.ordering, self._values(token)))
        found = list(rows[: self.size + 1])
        self.more = len(found) > self.size
        self.last: Model | None = found[self.size - 1] if self.more else None
        return found[: self.size]

    def get_paginated_response(self, data: Any) -> Response:
        """`results` and the address of the next page, or null at the end."""
        return Response({"results": data, "next": self._next()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for OpenAPI."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": {"type": "string", "format": "uri", "nullable": True}},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The parameters for OpenAPI."""
        names = list(getattr(view, "orderings", None) or NEWEST_FIRST)
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
        return [
            _parameter("page_size", "Rows of a page.", size),
            _parameter("cursor", "The place to go on from, as `next` gave it.", {"type": "string"}),
            _parameter("ordering", "The order of the rows.", {"type": "string", "enum": names, "default": names[0]}),
        ]

    def _next(self) -> str | None:
        if self.last is None:
            return None
        values = [_plain(getattr(self.last, field.lstrip("-"))) for field in self.ordering]
        query = [(key, value) for key, value in _pairs(self.request) if key != "cursor"]
        query.append(("cursor", signing.dumps(values, salt=self._salt())))
        # From the configured address, never from the Host header (A33).
        return f"{settings.PORTAL_URL}{self.request.path}?{urlencode(query)}"

    def _values(self, token: str) -> list[Any]:
        try:
            values = signing.loads(token, salt=self._salt())
        except signing.BadSignature as error:
            raise _wrong("cursor", "Is not a cursor of this list.") from error
        return list(values)

    def _salt(self) -> str:
        return f"watchbill.cursor:{self.request.path}:{self.name}"


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _size(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise _wrong("page_size", f"Must be a whole number from 1 to {MOST}.")
    return int(text)


def _ordering(request: Request, view: APIView | None) -> tuple[str, Sequence[str]]:
    orderings: Mapping[str, Sequence[str]] = getattr(view, "orderings", None) or NEWEST_FIRST
    name = request.query_params.get("ordering", next(iter(orderings)))
    if name not in orderings:
        raise _wrong("ordering", f"Must be one of {', '.join(orderings)}.")
    return name, orderings[name]


def _after(rows: QuerySet[Any], ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Everything behind the given key: (a, b) > (x, y) spelt out, with a bound on the first field for the index."""
    names = [field.lstrip("-") for field in ordering]
    steps = ["lt" if field.startswith("-") else "gt" for field in ordering]
    keys = [_typed(rows, name, value) for name, value in zip(names, values, strict=True)]
    found = Q()
    for number in range(len(names)):
        same = Q(**dict(zip(names[:number], keys[:number], strict=True)))
        found |= same & Q(**{f"{names[number]}__{steps[number]}": keys[number]})
    return Q(**{f"{names[0]}__{steps[0]}e": keys[0]}) & found


def _typed(rows: QuerySet[Any], name: str, value: Any) -> Any:
    meta = rows.model._meta  # noqa: SLF001 (Django's public interface)
    field = meta.pk if name == "pk" else meta.get_field(name)
    try:
        return field.to_python(value)
    except ValidationError as error:
        raise _wrong("cursor", "Is not a cursor of this list.") from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime.datetime, datetime.date)) else value


def _pairs(request: Request) -> list[tuple[str, str]]:
    return [(key, value) for key, values in request.query_params.lists() for value in values]


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(f"{field}: {sentence}", fields={field: [sentence]})
