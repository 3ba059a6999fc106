"""The base of every API view: closed until it states who may, strict about parameters, versions and repeats."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import throttle
from core.api import idempotency, strictness
from core.api.errors import flat
from core.api.filters import Filter, condition
from core.api.paging import KeysetPagination
from core.api.permissions import Anyone, Deny, SignedIn
from core.errors import Invalid, Missing
from core.web.access import actor_of

__all__ = ["Anyone", "ApiView", "Deny", "ListView", "SignedIn", "actor_of"]

VERSIONED = {"PATCH", "PUT", "POST"}
_condition = re.compile(r'(?:W/)?"?([0-9]{1,10})"?')

# 200 requests a second for each person or token and process: no one client starves the others (A85).
pace = throttle.Pace(per_second=200, burst=2_000)


class ApiView(APIView):
    """One address of the API.

    A view states `permission_classes` (the default refuses everybody), the `parameters` that its query
    may hold, and calls commands and queries; an unknown parameter is 400 (A65).

    `repeatable` is False where `Idempotency-Key` is refused: the kept answer would hold a secret in clear text
    (A95, A98), or a refusal inside its transaction would undo a counted try (A37, A43).

    `versioned` is True where PATCH, PUT and POST take the version that the client has seen; `If-Match` is refused
    on every other change, which would not look at it (A105). `refusals` are the statuses, beyond those of every
    address, with which this one may refuse: 404 for what a body names, 502 for another system.
    """

    permission_classes = [Deny]
    metadata_class = None
    parameters: ClassVar[Sequence[str]] = ()
    repeatable: ClassVar[bool] = True
    versioned: ClassVar[bool] = False
    refusals: ClassVar[Collection[int]] = ()
    filters: ClassVar[Mapping[str, Filter]] = {}

    @property
    def actor(self) -> Any:
        """The `Actor` that asks."""
        return actor_of(self.request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Times are in UTC, in refusals too, although the session of a browser has its person's zone."""
        with timezone.override(UTC):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Sign-in, permission and pace; then the path, the query and a repeated request."""
        if not self.repeatable:
            idempotency.refuse(request)
        elif request.method not in SAFE_METHODS and idempotency.key_of(request):
            idempotency.keep_body(request)
        super().initial(request, *args, **kwargs)
        name = (request.method or "").lower()
        if name not in self.http_method_names or not hasattr(self, name):
            raise MethodNotAllowed(str(request.method))  # before anything else is looked at
        pace.step(f"{self.actor.key}:{request.META.get('REMOTE_ADDR', '')}")
        if any(isinstance(value, str) and _unstorable(value) for value in kwargs.values()):
            raise Missing("There is nothing here, or nothing that you may see.")
        self._check_query(request)
        if not (self.versioned and request.method in VERSIONED) and request.method not in SAFE_METHODS:
            _refuse_condition(request)
        if request.method not in SAFE_METHODS and idempotency.key_of(request):
            # APIView looks the handler up after this call, so the instance can carry a wrapped one.
            setattr(self, name, partial(self._once, getattr(self, name)))

    def parse(self, serializer: type[serializers.Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The body's values, checked; raises Invalid for wrong and for unknown fields (A59)."""
        bound = serializer(data=self.request.data, partial=partial, context={"view": self, "request": self.request})
        wrong = strictness.complaints(bound, self._fields_sent())
        if not bound.is_valid() or wrong:
            known = strictness.UNKNOWN not in {sentence for sentences in wrong.values() for sentence in sentences}
            fields = {**(flat(bound.errors) if bound.errors else {}), **wrong}
            raise Invalid("Some values cannot be used." if known else "Some fields are not known.", fields=fields)
        return dict(bound.validated_data)

    def _fields_sent(self) -> dict[str, Any]:
        """The body by name; of a form, in which everything may be repeated, the last of each."""
        if isinstance(self.request.data, QueryDict):
            return {name: self.request.data.get(name) for name in self.request.data}
        return {name: value for name, value in self.request.data.items() if not (self.versioned and name == "version")}

    def version(self) -> int | None:
        """The version that the client has seen, from `If-Match` or the body's `version`; None without one.

        Commands compare it (`core.db.check_version`) and raise Stale (S51, A105).
        """
        if not self.versioned:
            raise TypeError(f"{type(self).__name__} does not say that it takes versions.")
        seen = {found for found in (_of_header(self.request), _of_body(self.request)) if found is not None}
        if len(seen) > 1:
            raise Invalid("If-Match and version differ.", fields={"version": ["Differs from If-Match."]})
        return seen.pop() if seen else None

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that the query's parameters leave; each parameter is one of `filters` (A13)."""
        for name, wanted in self.filters.items():
            values = self.request.query_params.getlist(name)
            if values:
                rows = rows.filter(condition(name, wanted, values))
        return rows

    def _allowed(self) -> set[str]:
        return {*self.parameters, *self.filters}

    def _check_query(self, request: Request) -> None:
        allowed = self._allowed() if request.method in {"GET", "HEAD"} else set(self.parameters)
        for name, values in request.query_params.lists():
            if name not in allowed:
                shown = name.encode("ascii", "backslashreplace").decode()[:60]
                raise Invalid(f"The parameter {shown} is not known.", fields={shown: ["Is not a known parameter."]})
            if any(_unstorable(value) for value in values):
                raise Invalid(f"{name}: Holds a character that cannot be stored.", fields={name: ["Cannot be read."]})
            if len(values) > 1 and name not in self.filters:
                raise Invalid(f"{name}: Is given too often.", fields={name: ["Is given too often."]})

    def _once(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return idempotency.once(request, self.actor, kwargs, lambda: handler(request, *args, **kwargs))


class ListView(ApiView):
    """An address whose GET is a list: `filters`, `orderings` and pages by key; other methods as in ApiView."""

    pagination_class = KeysetPagination
    orderings: ClassVar[Mapping[str, Sequence[str]]] = {}

    def page(self, rows: QuerySet[Any], serializer: type[serializers.BaseSerializer[Any]]) -> Response:
        """One page of the rows, narrowed by the query's parameters."""
        pages = self.pagination_class()
        found = pages.paginate_queryset(self.filtered(rows), self.request, view=self)
        many = serializer(found, many=True, context={"view": self, "request": self.request})
        return pages.get_paginated_response(many.data)

    def _allowed(self) -> set[str]:
        return super()._allowed() | {"cursor", "page_size", "ordering"}


def _unstorable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _refuse_condition(request: Request) -> None:
    if request.headers.get("If-Match", "").strip() not in {"", "*"}:
        sentence = "If-Match cannot be used here: nothing of this address has a version."
        raise Invalid(sentence, fields={"If-Match": [sentence]})


def _of_header(request: Request) -> int | None:
    text = request.headers.get("If-Match", "").strip()
    if text in {"", "*"}:
        return None
    found = _condition.fullmatch(text)
    if found is None:
        raise Invalid("If-Match must hold a version.", fields={"If-Match": ["Must be a whole number in quotes."]})
    return int(found[1])


def _of_body(request: Request) -> int | None:
    if "version" not in request.data:
        return None
    found = request.data["version"]  # null too is refused: a client that lost the number must not write over others
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Invalid("version: Must be a whole number.", fields={"version": ["Must be a whole number."]})
    return found
